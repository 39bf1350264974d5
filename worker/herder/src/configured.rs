//! What a leader hands out: a view of configuration and statuses that stays current while a round of joining is on its
//! way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sluice_config::placeholder;
use sluice_group::{Configured, Leader, assign::Unit};

use crate::{
    peers::Peers,
    settings::Settings,
    state::Plugins,
    store::{
        config::ClusterConfig,
        status::{Statuses, Subject, worker_id},
    },
};

/// The configured work, shared between the loop that reads the internal topics and the round that assigns.
#[derive(Clone)]
pub(crate) struct ConfiguredWork {
    view: Arc<Mutex<View>>,
    plugins: Arc<dyn Plugins>,
    /// How statuses name this worker.
    worker_id: String,
}

#[derive(Default)]
struct View {
    configured: Configured,
    /// The class of each connector, as its configuration names it.
    classes: BTreeMap<String, String>,
    /// What does not run, with the worker that it ran on last.
    ended: BTreeMap<Unit, String>,
    peers: Peers,
}

impl ConfiguredWork {
    /// Nothing yet; this worker has what `plugins` know.
    pub(crate) fn new(settings: &Settings, plugins: &Arc<dyn Plugins>) -> Self {
        let (plugins, worker_id) = (Arc::clone(plugins), settings.worker_id.clone());
        Self { view: Arc::default(), plugins, worker_id }
    }

    pub(crate) fn update(&self, config: &ClusterConfig) {
        let tasks = |name: &str| config.task_ids(name).into_iter().map(|id| id.task).collect();
        let connectors = config.connectors().map(|name| (name.to_owned(), tasks(name))).collect();
        let class = |name: &str| config.config(name)?.get("connector.class").cloned();
        let classes =
            config.connectors().filter_map(|name| Some((name.to_owned(), class(name)?))).collect();
        let mut view = self.view();
        view.configured = Configured { offset: config.offset(), connectors };
        view.classes = classes;
    }

    pub(crate) fn update_ended(&self, statuses: &Statuses) {
        let unit = |subject: &Subject| match subject {
            Subject::Connector(name) => Unit::Connector(name.clone()),
            Subject::Task(id) => Unit::Task(id.connector.clone(), id.task),
        };
        let ended = statuses.ended().map(|(subject, worker)| (unit(subject), worker.to_owned()));
        self.view().ended = ended.collect();
    }

    /// Takes the members of a round; returns those to be asked what they have.
    pub(crate) fn update_members(&self, urls: &BTreeSet<&str>) -> Vec<String> {
        self.view().peers.retain(urls);
        let others = urls.iter().filter(|it| worker_id(it) != self.worker_id);
        others.map(|it| (*it).to_owned()).collect()
    }

    /// Takes the connectors that a member has. Whether the work has to be assigned anew.
    pub(crate) fn learn(&self, url: &str, classes: &[String]) -> bool {
        let mut view = self.view();
        let View { peers, classes: wanted, .. } = &mut *view;
        peers.learn(url, classes, wanted.values().map(String::as_str))
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leader for ConfiguredWork {
    fn configured(&mut self, max_offset: i64) -> Option<Configured> {
        let view = self.view();
        (view.configured.offset >= max_offset).then(|| view.configured.clone())
    }

    fn can_run(&self, member_url: &str, connector: &str) -> bool {
        let view = self.view();
        let Some(class) = view.classes.get(connector) else { return true };
        if worker_id(member_url) == self.worker_id {
            return placeholder::has_any(class) || self.plugins.class(class.trim()).is_some();
        }
        view.peers.has(member_url, class)
    }

    fn had_stopped(&self, member_url: &str, unit: &Unit) -> bool {
        self.view().ended.get(unit).is_some_and(|worker| worker == worker_id(member_url))
    }
}

#[cfg(test)]
mod tests {
    use sluice_config::Properties;

    use super::*;
    use crate::{
        state::tests::{AnySink, settings},
        store::config::encode,
    };

    #[test]
    fn a_connector_is_for_workers_that_have_its_class() {
        let plugins: Arc<dyn Plugins> = Arc::new(AnySink);
        let work = ConfiguredWork::new(&settings("me:8083".into()), &plugins);
        let mut config = ClusterConfig::default();
        for (offset, (name, class)) in
            (0..).zip([("missing", "Missing"), ("file", "File"), ("named", "${env:CLASS}")])
        {
            let class = ("connector.class".to_owned(), class.to_owned());
            let records = encode::connector(name, &Properties::from([class]), None);
            for (key, value) in records {
                config.apply(offset, key.as_bytes(), value.as_deref().map(str::as_bytes));
            }
        }
        work.update(&config);
        let (me, other) = ("http://me:8083/", "http://other:8083/");
        assert_eq!(work.update_members(&BTreeSet::from([me, other])), [other]);
        assert!(work.learn(other, &["com.example.MissingConnector".to_owned()]));
        for (url, connector, expected) in [
            (me, "missing", false),
            (me, "file", true),
            (me, "named", true),
            (other, "missing", true),
            (other, "file", false),
            (other, "named", true),
            ("http://silent:8083/", "file", true),
            (me, "no connector", true),
        ] {
            assert_eq!(work.can_run(url, connector), expected, "{connector} at {url}");
        }
    }
}
