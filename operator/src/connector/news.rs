//! What a plan means to people: something new in the resource, or something that was changed behind its back. Pure.

use std::collections::BTreeMap;

use kube::runtime::events::EventType;
use sluice_crds::{KafkaConnector, condition};

use super::{Current, Step, place};
use crate::conditions;

/// Most keys that are named.
const MOST: usize = 20;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Whether somebody should look into it.
    pub is_warning: bool,
    /// What, as a word.
    pub reason: &'static str,
    /// What, for people. Names keys, never values: those may be secret.
    pub note: String,
}

impl News {
    /// The type of the event.
    pub fn kind(&self) -> EventType {
        if self.is_warning { EventType::Warning } else { EventType::Normal }
    }
}

/// What is to be told once the steps have been made. That a new resource's connector is there is told by its first
/// `Ready`.
pub fn of(connector: &KafkaConnector, current: Option<&Current>, steps: &[Step]) -> Vec<News> {
    let status = connector.status.as_ref();
    let generation = connector.metadata.generation;
    let is_applied = status.is_some_and(|status| status.applied_generation == generation);
    let ready = status.and_then(|status| conditions::find(&status.conditions, condition::READY));
    let was_ready =
        ready.is_some_and(|it| it.status == "True" && it.observed_generation == generation);
    let state = current.and_then(|current| current.status.as_ref());
    let state = state.map(|status| status.connector.state.to_string()).unwrap_or_default();
    let news = |is_warning, reason, note| Some(News { is_warning, reason, note });
    let tell = |step: &Step| match step {
        Step::Create(..) if is_applied => {
            news(true, "DriftCorrected", "the connector was gone, and was created again".to_owned())
        }
        Step::Create(..) if place::known(connector).is_none() => None,
        Step::Create(..) => news(false, "Created", "the connector was created".to_owned()),
        Step::PutConfig(config) => {
            let keys = difference(&current?.config, config);
            if is_applied {
                let note = format!("settings differed from the resource and were put back: {keys}");
                return news(true, "DriftCorrected", note);
            }
            news(false, "ConfigApplied", format!("settings were applied: {keys}"))
        }
        Step::Enter(_) if was_ready => {
            let note = format!("the connector was {state} and not as the resource says; put back");
            news(true, "DriftCorrected", note)
        }
        Step::Enter(_) | Step::Restart(_) | Step::RestartTask(_) => None,
    };
    steps.iter().filter_map(tell).collect()
}

/// Which keys differ, for people.
fn difference(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let added = after.keys().filter(|key| !before.contains_key(*key));
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    let changed =
        after.iter().filter(|(key, value)| before.get(*key).is_some_and(|it| it != *value));
    let parts = [
        ("changed", changed.map(|(key, _)| key.as_str()).collect::<Vec<_>>()),
        ("added", added.map(String::as_str).collect()),
        ("removed", removed.map(String::as_str).collect()),
    ];
    let text = |(word, keys): &(&str, Vec<&str>)| {
        let named = keys.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
        match keys.len().saturating_sub(MOST) {
            0 => format!("{word} {named}"),
            more => format!("{word} {named} and {more} more"),
        }
    };
    let parts = parts.iter().filter(|(_, keys)| !keys.is_empty());
    parts.map(text).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_rest_model::State;

    use super::super::desired;
    use super::super::desired::tests::connector;
    use super::super::plan::{plan, tests::current};
    use super::*;

    /// The reasons that are told of a connector whose status says what `status` does.
    fn told(status: &serde_json::Value, current: Option<&Current>) -> Vec<(&'static str, String)> {
        let mut connector = connector(&json!({"class": "X", "config": {"k": "new"}}));
        connector.status = serde_json::from_value(status.clone()).unwrap();
        let desired = desired::of(&connector).unwrap();
        let current = current.map(|it| {
            let mut config = desired.config.clone();
            config.extend(it.config.clone());
            Current { config, ..it.clone() }
        });
        let steps = plan(&desired, current.as_ref());
        let news = of(&connector, current.as_ref(), &steps);
        news.into_iter().map(|it| (it.reason, it.note)).collect()
    }

    #[test]
    fn a_change_of_the_resource_is_no_drift_and_values_are_never_told() {
        let ready = json!([{"type": "Ready", "status": "True", "reason": "Running", "message": "",
            "observedGeneration": 3, "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
        let applied = json!({"appliedGeneration": 3, "conditions": ready});
        let before = json!({"appliedGeneration": 2, "cluster": "a", "conditions": ready});
        let running = current("old", State::Running, &[State::Running]);
        let paused = current("new", State::Paused, &[State::Paused]);
        let reasons = |status, current| -> Vec<&'static str> {
            told(status, current).into_iter().map(|(reason, _)| reason).collect()
        };
        for (status, current, expected) in [
            (&applied, Some(&running), vec!["DriftCorrected"]),
            (&before, Some(&running), vec!["ConfigApplied"]),
            (&applied, None, vec!["DriftCorrected"]),
            (&before, None, vec!["Created"]),
            (&json!({}), None, vec![]),
            (&applied, Some(&paused), vec!["DriftCorrected"]),
            (&json!({"appliedGeneration": 3}), Some(&paused), vec![]),
        ] {
            assert_eq!(reasons(status, current), expected, "{status}");
        }
        let (_, note) = &told(&applied, Some(&running))[0];
        assert_eq!(note, "settings differed from the resource and were put back: changed k");
    }

    #[test]
    fn keys_are_told_by_what_became_of_them_and_in_bounded_number() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let before = map(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after = map(&[("a", "1"), ("b", "2"), ("d", "1")]);
        assert_eq!(difference(&before, &after), "changed b; added d; removed c");
        let many = (0..25).map(|key| (format!("k{key:02}"), String::new())).collect();
        let text = difference(&BTreeMap::new(), &many);
        assert!(text.starts_with("added k00, ") && text.ends_with(", k19 and 5 more"), "{text}");
    }
}
