//! What a connector shall be: the spec, checked. Pure.

use std::collections::BTreeMap;

use kube::ResourceExt;
use sluice_crds::{CLUSTER_LABEL, KafkaConnector, TargetState};

use crate::reason::Reason;
use crate::scalars::{self, Refused, refused};

/// Keys that have fields of their own.
const DECIDED_ELSEWHERE: [(&str, &str); 4] = [
    ("name", "the connector is named after the resource; remove the key"),
    ("connector.class", "set spec.class instead"),
    ("tasks.max", "set spec.tasksMax instead"),
    ("connector.plugin.version", "set spec.version instead"),
];

/// Why a spec cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key of `spec.config`.
    #[error(transparent)]
    Config(#[from] Refused),
    /// Nothing says which cluster.
    #[error("the label {CLUSTER_LABEL} is missing; set it to the name of a KafkaConnect")]
    NoCluster,
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Config(_) => Reason::InvalidSpec,
            Self::NoCluster => Reason::NoClusterLabel,
        }
    }
}

/// A connector that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Its name in Kafka Connect.
    pub name: String,
    /// The cluster that runs it.
    pub cluster: String,
    /// Its complete settings, as Kafka Connect keeps them.
    pub config: BTreeMap<String, String>,
    /// What it shall do.
    pub state: TargetState,
}

/// Checks a connector.
pub fn of(connector: &KafkaConnector) -> Result<Desired, Error> {
    let name = connector.name_any();
    let spec = &connector.spec;
    let mut config = scalars::to_text(&spec.config)?;
    for (key, remedy) in DECIDED_ELSEWHERE {
        if config.contains_key(key) {
            return Err(refused(key, &format!("is not taken from here: {remedy}")).into());
        }
    }
    let cluster = connector.labels().get(CLUSTER_LABEL).filter(|it| !it.is_empty());
    let cluster = cluster.ok_or(Error::NoCluster)?.clone();
    config.insert("name".to_owned(), name.clone());
    config.insert("connector.class".to_owned(), spec.class.clone());
    let most = spec.tasks_max.map(|most| ("tasks.max".to_owned(), most.to_string()));
    config.extend(most);
    let version = spec.version.clone().map(|it| ("connector.plugin.version".to_owned(), it));
    config.extend(version);
    Ok(Desired { name, cluster, config, state: spec.state.unwrap_or_default() })
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn connector(spec: &Value) -> KafkaConnector {
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnector",
            "metadata": {
                "name": "orders",
                "namespace": "shop",
                "generation": 3,
                "labels": {CLUSTER_LABEL: "my-connect"},
            },
            "spec": spec,
        }))
        .expect("a connector")
    }

    #[test]
    fn fields_become_connects_keys() {
        let spec = json!({"class": "X", "tasksMax": 2, "version": "1", "config": {"a": 1, "b": true}, "state": "paused"});
        let desired = of(&connector(&spec)).unwrap();
        let config: Vec<(&str, &str)> =
            desired.config.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            config,
            [
                ("a", "1"),
                ("b", "true"),
                ("connector.class", "X"),
                ("connector.plugin.version", "1"),
                ("name", "orders"),
                ("tasks.max", "2"),
            ]
        );
        assert_eq!(desired.state, TargetState::Paused);
        assert_eq!(desired.cluster, "my-connect");
    }

    #[test]
    fn keys_with_fields_of_their_own_are_refused_by_name() {
        for (key, remedy) in DECIDED_ELSEWHERE {
            let error = of(&connector(&json!({"class": "X", "config": {key: "x"}}))).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("spec.config[{key}]: is not taken from here: {remedy}")
            );
            assert_eq!(error.reason(), Reason::InvalidSpec);
        }
    }

    #[test]
    fn a_missing_label_is_said() {
        let mut connector = connector(&json!({"class": "X"}));
        connector.metadata.labels = None;
        assert_eq!(of(&connector), Err(Error::NoCluster));
    }
}
