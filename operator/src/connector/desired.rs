//! What a connector shall be: the spec, checked. Pure.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use serde_json::Value;
use sluice_crds::{CLUSTER_LABEL, KafkaConnector, TargetState};

use super::place::{self, Place};
use super::references::{self, Reference};
use crate::reason::Reason;
use crate::scalars::{self, Refused, refused};

/// Keys that have fields of their own.
const DECIDED_ELSEWHERE: [(&str, &str); 4] = [
    ("name", "set spec.name, or let the connector be named after the resource"),
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
    #[error(
        "nothing says which cluster; set spec.cluster or the label {CLUSTER_LABEL} to a KafkaConnect"
    )]
    NoCluster,
    /// Field and label name two clusters.
    #[error(
        "spec.cluster: is {field}, but the label {CLUSTER_LABEL} says {label}; remove one of the two"
    )]
    TwoClusters {
        /// The field.
        field: String,
        /// The label.
        label: String,
    },
    /// Workers that the operator does not run have no folder of secrets.
    #[error(
        "spec.config: {0} cannot be given to a cluster of spec.connectRest; use a config provider of its workers"
    )]
    NotCarried(Reference),
    /// Kafka Connect takes no such name.
    #[error("spec.name: must have no control characters, and no blanks at its ends")]
    Name,
}

impl Error {
    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Config(_) | Self::TwoClusters { .. } | Self::NotCarried(_) | Self::Name => {
                Reason::InvalidSpec
            }
            Self::NoCluster => Reason::NoClusterLabel,
        }
    }
}

/// A connector that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Where it shall be.
    pub place: Place,
    /// Its complete settings, as Kafka Connect keeps them.
    pub config: BTreeMap<String, String>,
    /// Values that stand elsewhere; the settings have placeholders for them.
    pub references: BTreeSet<Reference>,
    /// What it shall do.
    pub state: TargetState,
}

/// Checks a connector.
pub fn of(connector: &KafkaConnector) -> Result<Desired, Error> {
    let spec = &connector.spec;
    let name = place::asked_name(connector);
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(Error::Name);
    }
    let (mut config, mut references) = settings(&spec.config)?;
    if let Some(home) = place::guest(connector) {
        (config, references) = of_guest(config, references, &home)?;
    }
    for key in config.keys() {
        if let Some(remedy) = decided_elsewhere(key) {
            return Err(refused(key, &format!("is not taken from here: {remedy}")).into());
        }
    }
    let place = place(connector)?;
    if let (Some(_), Some(first)) = (&spec.connect_rest, references.first()) {
        return Err(Error::NotCarried(first.clone()));
    }
    config.insert("name".to_owned(), name.clone());
    config.insert("connector.class".to_owned(), spec.class.clone());
    let most = spec.tasks_max.map(|most| ("tasks.max".to_owned(), most.to_string()));
    config.extend(most);
    let version = spec.version.clone().map(|it| ("connector.plugin.version".to_owned(), it));
    config.extend(version);
    Ok(Desired { place, config, references, state: spec.state.unwrap_or_default() })
}

/// What to do in place of a key that `spec.config` cannot have.
pub fn decided_elsewhere(key: &str) -> Option<&'static str> {
    DECIDED_ELSEWHERE.iter().find(|(decided, _)| *decided == key).map(|(_, remedy)| *remedy)
}

/// Settings as text, and what they refer to.
pub fn settings(
    config: &BTreeMap<String, Value>,
) -> Result<(BTreeMap<String, String>, BTreeSet<Reference>), Refused> {
    let mut references = BTreeSet::new();
    let mut scalars = BTreeMap::new();
    for (key, value) in config {
        let value = match references::of(value) {
            Some(Ok(reference)) => Value::String(reference.placeholder()),
            Some(Err(problem)) => return Err(refused(key, problem)),
            None => match value.as_str().and_then(references::refuse) {
                Some(problem) => return Err(refused(key, problem)),
                None => value.clone(),
            },
        };
        references.extend(value.as_str().map(references::in_text).unwrap_or_default());
        scalars.insert(key.clone(), value);
    }
    Ok((scalars::to_text(&scalars)?, references))
}

/// The same for a cluster of another namespace than `home`, the connector's.
fn of_guest(
    config: BTreeMap<String, String>,
    references: BTreeSet<Reference>,
    home: &str,
) -> Result<(BTreeMap<String, String>, BTreeSet<Reference>), Refused> {
    let text = |(key, value): (String, String)| match references::of_guest(&value, home) {
        Ok(value) => Ok((key, value)),
        Err(problem) => Err(refused(&key, problem)),
    };
    let guest = |it: Reference| Reference { guest: Some(home.to_owned()), ..it };
    let config = config.into_iter().map(text).collect::<Result<_, _>>()?;
    Ok((config, references.into_iter().map(guest).collect()))
}

fn place(connector: &KafkaConnector) -> Result<Place, Error> {
    let missing = || match (&connector.spec.cluster, connector.labels().get(CLUSTER_LABEL)) {
        (Some(field), Some(label)) => {
            Error::TwoClusters { field: field.clone(), label: label.clone() }
        }
        _ => Error::NoCluster,
    };
    place::asked(connector).ok_or_else(missing)
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
        assert_eq!(desired.place.cluster, "my-connect");
    }

    #[test]
    fn references_become_placeholders_in_the_settings() {
        let config = json!({
            "password": {"secretKeyRef": {"name": "db", "key": "p"}},
            "url": "jdbc:${secrets:db:host}",
        });
        let desired = of(&connector(&json!({"class": "X", "config": config}))).unwrap();
        assert_eq!(desired.config["password"], "${secrets:db:p}");
        let names: Vec<String> = desired.references.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["Secret/db/host", "Secret/db/p"]);
        let bad = json!({"password": {"secretKeyRef": {"name": "db"}}});
        let error = of(&connector(&json!({"class": "X", "config": bad}))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "spec.config[password]: needs name and key, and nothing else"
        );
    }

    #[test]
    fn a_connector_of_another_namespace_has_values_of_its_own_alone() {
        let of = |config: Value| {
            let spec = json!({"class": "X", "clusterNamespace": "central", "config": config});
            of(&connector(&spec))
        };
        let key = json!({"secretKeyRef": {"name": "db", "key": "p"}});
        let desired = of(json!({"p": key, "u": "${secrets:db:user}"})).unwrap();
        assert_eq!(desired.place.namespace, "central");
        assert_eq!(desired.config["p"], "${secrets:Namespace-shop.db:p}");
        assert_eq!(desired.config["u"], "${secrets:Namespace-shop.db:user}");
        assert!(desired.references.iter().all(|it| it.guest.as_deref() == Some("shop")));
        for bad in ["${env:PASSWORD}", "${secrets:Namespace-team.db:p}"] {
            assert_eq!(of(json!({"a": bad})).unwrap_err().reason(), Reason::InvalidSpec, "{bad}");
        }
    }

    #[test]
    fn a_cluster_of_an_address_gets_no_values_of_secrets() {
        let rest = json!({"endpoint": "http://old:8083"});
        let of =
            |config| of(&connector(&json!({"class": "X", "connectRest": rest, "config": config})));
        assert_eq!(of(json!({})).unwrap().place.cluster, "http://old:8083");
        let config = json!({"p": {"secretKeyRef": {"name": "db", "key": "p"}}});
        let error = of(config).unwrap_err().to_string();
        assert!(error.starts_with("spec.config: Secret/db/p cannot be given"), "{error}");
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
    fn the_cluster_is_named_by_field_or_by_label_and_both_must_agree() {
        let two = || Error::TwoClusters { field: "a".into(), label: "b".into() };
        for (field, label, expected) in [
            (None, Some("b"), Ok("b")),
            (Some("a"), None, Ok("a")),
            (Some("a"), Some(""), Ok("a")),
            (Some("a"), Some("a"), Ok("a")),
            (Some("a"), Some("b"), Err(two())),
            (None, Some(""), Err(Error::NoCluster)),
            (None, None, Err(Error::NoCluster)),
        ] {
            let mut connector = connector(&json!({"class": "X", "cluster": field}));
            let label = label.map(|it| (CLUSTER_LABEL.to_owned(), it.to_owned()));
            connector.metadata.labels = Some(label.into_iter().collect());
            assert_eq!(of(&connector).map(|it| it.place.cluster), expected.map(str::to_owned));
        }
    }

    #[test]
    fn a_name_of_its_own_is_the_name_in_kafka_connect() {
        let desired = of(&connector(&json!({"class": "X", "name": "Orders of 2026"}))).unwrap();
        assert_eq!(
            (desired.place.name.as_str(), desired.config["name"].as_str()),
            ("Orders of 2026", "Orders of 2026")
        );
        for bad in [" a", "a ", "a\nb"] {
            assert_eq!(of(&connector(&json!({"class": "X", "name": bad}))), Err(Error::Name));
        }
    }
}
