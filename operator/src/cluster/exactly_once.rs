//! Exactly-once sources (KIP-618) come in two rolls: no worker may be `enabled` while another is still `disabled`, as the
//! leader may be that one, and would let tasks write that it has not fenced. So all become `preparing` first; on the way
//! back as well. What the pods are is written on them. Pure.

use std::collections::BTreeSet;
use std::fmt;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use sluice_crds::KafkaConnectStatus;

use super::worker_file::Settings;

/// The worker's setting.
const KEY: &str = "exactly.once.source.support";

/// Annotation of pods that are not `disabled`.
pub const ANNOTATION: &str = "sluice.dev/exactly-once-source";

/// How far a worker supports exactly-once sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    /// Not at all.
    #[default]
    Disabled,
    /// As a leader it does what is needed before others may write.
    Preparing,
    /// Its sources deliver exactly once.
    Enabled,
}

impl Support {
    const ALL: [Self; 3] = [Self::Disabled, Self::Preparing, Self::Enabled];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Preparing => "preparing",
            Self::Enabled => "enabled",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

impl fmt::Display for Support {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What the workers get now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// How far they go.
    pub support: Support,
    /// Whether that is not as far as was asked.
    pub is_halfway: bool,
}

/// Changes the settings of workers to what they may have now, as the pods are by the status. A value that is none is the
/// workers' to refuse.
pub fn settle(settings: &mut Settings, status: Option<&KafkaConnectStatus>) -> Stage {
    let asked = match settings.get(KEY).map(|text| Support::parse(text)) {
        Some(None) => return Stage::default(),
        Some(Some(asked)) => asked,
        None => Support::Disabled,
    };
    let stage = next(asked, &known(status));
    if stage.is_halfway {
        settings.insert(KEY.to_owned(), stage.support.to_string());
    }
    stage
}

fn next(asked: Support, workers: &BTreeSet<Support>) -> Stage {
    let opposite = match asked {
        Support::Disabled => Support::Enabled,
        Support::Enabled => Support::Disabled,
        Support::Preparing => return Stage { support: asked, is_halfway: false },
    };
    let is_halfway = workers.contains(&opposite);
    Stage { support: if is_halfway { Support::Preparing } else { asked }, is_halfway }
}

/// What the workers are, by the status.
fn known(status: Option<&KafkaConnectStatus>) -> BTreeSet<Support> {
    let Some(status) = status else { return BTreeSet::new() };
    // Of the same look at the pods: what the StatefulSet counts may be older, with a pod that has gone.
    if status.exactly_once_source.is_empty() && !status.members.is_empty() {
        return [Support::Disabled].into();
    }
    status.exactly_once_source.iter().filter_map(|text| Support::parse(text)).collect()
}

/// What pods are, for the status. That all are disabled needs no word.
pub fn told(pods: &[Pod]) -> Vec<String> {
    let of = |pod: &Pod| {
        let text = pod.annotations().get(ANNOTATION);
        text.and_then(|text| Support::parse(text)).unwrap_or_default()
    };
    let all: BTreeSet<Support> = pods.iter().map(of).collect();
    if all.iter().all(|it| *it == Support::Disabled) {
        return Vec::new();
    }
    all.iter().map(Support::to_string).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status(workers: usize, told: &[&str]) -> KafkaConnectStatus {
        let member = |number| json!({"name": format!("c-{number}"), "ready": true});
        let members: Vec<Value> = (0..workers).map(member).collect();
        // What the StatefulSet counts is another matter.
        let told = json!({"replicas": 1, "members": members, "exactlyOnceSource": told});
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn nobody_is_enabled_while_another_is_disabled() {
        for (asked, status, given) in [
            // A new cluster has nobody to wait for.
            (Some("enabled"), None, "enabled"),
            (Some("enabled"), Some(status(0, &[])), "enabled"),
            (Some("enabled"), Some(status(2, &[])), "preparing"),
            (Some("enabled"), Some(status(2, &["disabled", "preparing"])), "preparing"),
            (Some("enabled"), Some(status(2, &["preparing"])), "enabled"),
            (Some("enabled"), Some(status(2, &["preparing", "enabled"])), "enabled"),
            (Some("preparing"), Some(status(2, &["enabled"])), "preparing"),
            (Some("disabled"), Some(status(2, &["enabled"])), "preparing"),
            (Some("disabled"), Some(status(2, &["preparing"])), "disabled"),
            (None, Some(status(2, &["preparing", "enabled"])), "preparing"),
            (Some("perhaps"), Some(status(2, &[])), "perhaps"),
        ] {
            let asked = asked.map(|text| (KEY.to_owned(), text.to_owned()));
            let mut settings: Settings = asked.clone().into_iter().collect();
            let stage = settle(&mut settings, status.as_ref());
            assert_eq!(settings[KEY], given, "{asked:?} {status:?}");
            let is_halfway = asked.is_none_or(|(_, text)| text != given);
            assert_eq!(stage.is_halfway, is_halfway, "{status:?}");
        }
        let mut plain = Settings::new();
        assert_eq!(settle(&mut plain, Some(&status(2, &[]))), Stage::default());
        assert!(plain.is_empty());
    }

    #[test]
    fn pods_tell_what_they_are() {
        let pod = |annotations: Value| -> Pod {
            let metadata = json!({"name": "a", "annotations": annotations});
            serde_json::from_value(json!({"metadata": metadata})).unwrap()
        };
        let preparing = pod(json!({ANNOTATION: "preparing"}));
        assert!(told(&[pod(json!({}))]).is_empty());
        assert_eq!(told(&[preparing.clone(), pod(json!({}))]), ["disabled", "preparing"]);
        assert_eq!(told(&[preparing]), ["preparing"]);
    }
}
