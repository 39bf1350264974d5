//! Values that running tasks use and that may change in place: who uses which, and whose have changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sluice_config::{Properties, placeholder::Variable};
use sluice_engine::TaskId;
use sluice_providers::Providers;

use super::Loop;
use crate::event::Event;

/// Pause between two looks at the values: they stand in files of the same machine.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// When it is time to look again.
pub(super) fn ticks() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

/// The values that tasks were started with; none for one that was not there.
#[derive(Default)]
pub(super) struct InUse {
    by_task: BTreeMap<TaskId, BTreeMap<Variable, Option<String>>>,
}

impl InUse {
    pub(super) fn is_empty(&self) -> bool {
        self.by_task.is_empty()
    }

    /// Notes the values that settings name, before a task starts with them: read too early, they are looked at again.
    pub(super) fn remember(
        &mut self,
        id: &TaskId,
        providers: &Providers,
        settings: [&Properties; 2],
    ) {
        let used: BTreeSet<Variable> =
            settings.into_iter().flat_map(|it| providers.watched(it)).collect();
        let value = |it: Variable| (it.clone(), providers.now(&it));
        let values: BTreeMap<Variable, Option<String>> = used.into_iter().map(value).collect();
        if !values.is_empty() {
            self.by_task.insert(id.clone(), values);
        }
    }

    /// Forgets tasks that stop.
    pub(super) fn forget(&mut self, ids: &[TaskId]) {
        self.by_task.retain(|id, _| !ids.contains(id));
    }

    /// The tasks whose values are no longer those that they were started with: another one, or one that was missing.
    /// A value that is gone counts as it was.
    fn changed(&self, providers: &Providers) -> Vec<TaskId> {
        let used: BTreeSet<&Variable> = self.by_task.values().flat_map(BTreeMap::keys).collect();
        let now: BTreeMap<&Variable, String> =
            used.into_iter().filter_map(|it| Some((it, providers.now(it)?))).collect();
        let is_other = |(variable, value): (&Variable, &Option<String>)| {
            now.get(variable).is_some_and(|it| value.as_ref() != Some(it))
        };
        let changed = self.by_task.iter().filter(|(_, values)| values.iter().any(is_other));
        changed.map(|(id, _)| id.clone()).collect()
    }
}

impl Loop {
    /// Has the tasks restarted whose values have changed.
    pub(super) fn look_again(&mut self) {
        let ids = self.in_use.changed(&self.providers);
        if !ids.is_empty() {
            for id in &ids {
                tracing::info!(
                    connector = id.connector,
                    task = id.task,
                    "a secret of the task has changed"
                );
            }
            self.step(Event::ValuesChanged(ids));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sluice_providers::{Configured, Hidden};

    use super::*;

    fn text(pairs: &[(&str, &str)]) -> Properties {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_tasks_that_use_a_changed_value_are_told() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["db_user", "db_password"] {
            fs::write(folder.path().join(file), "first").unwrap();
        }
        let worker = text(&[("sluice.secrets.path", &folder.path().display().to_string())]);
        let environment = BTreeMap::new();
        let configured =
            Configured { worker: &worker, environment: &environment, hidden: Hidden::default() };
        let providers = configured.providers().unwrap();
        let mut in_use = InUse::default();
        let id = |connector: &str| TaskId { connector: connector.to_owned(), task: 0 };
        let none = Properties::new();
        for (connector, value) in
            [("a", "${secrets:db:user}"), ("b", "x${secrets:db:password}"), ("c", "plain")]
        {
            in_use.remember(&id(connector), &providers, [&text(&[("k", value)]), &none]);
        }
        assert_eq!(in_use.changed(&providers), []);
        fs::write(folder.path().join("db_password"), "second").unwrap();
        assert_eq!(in_use.changed(&providers), [id("b")]);
        fs::remove_file(folder.path().join("db_user")).unwrap();
        assert_eq!(in_use.changed(&providers), [id("b")]);
        in_use.forget(&[id("b")]);
        assert_eq!(in_use.changed(&providers), []);
        in_use.remember(&id("d"), &providers, [&text(&[("k", "${secrets:new:key}")]), &none]);
        assert_eq!(in_use.changed(&providers), []);
        fs::write(folder.path().join("new_key"), "it has come").unwrap();
        assert_eq!(in_use.changed(&providers), [id("d")]);
        in_use.forget(&[id("d")]);
        in_use.forget(&[id("a")]);
        assert!(in_use.is_empty());
    }
}
