//! Where a connector is: its cluster, and its name there; and whose it is when two resources ask for one place. Pure.

use kube::{Resource, ResourceExt};
use serde_json::Value;
use sluice_crds::{CLUSTER_LABEL, ConnectRest, DeletionPolicy, KafkaConnector};

/// A place for one connector, within a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cluster, or the address of one that the operator does not run.
    pub cluster: String,
    /// The name in Kafka Connect.
    pub name: String,
}

impl Place {
    /// Whether the operator does not run the cluster: no name of a resource has a colon.
    pub fn is_external(&self) -> bool {
        self.cluster.contains(':')
    }
}

/// The cluster that a resource asks for, or the address of one that the operator does not run. Where field and label
/// disagree there is none.
pub fn asked_cluster(connector: &KafkaConnector) -> Option<&str> {
    if let Some(rest) = &connector.spec.connect_rest {
        return Some(&rest.endpoint);
    }
    let field = connector.spec.cluster.as_deref();
    let label = connector.labels().get(CLUSTER_LABEL).map(String::as_str);
    let label = label.filter(|it| !it.is_empty());
    match (field, label) {
        (Some(field), Some(label)) if field != label => None,
        (field, label) => field.or(label),
    }
}

/// The name that a resource asks for.
pub fn asked_name(connector: &KafkaConnector) -> String {
    connector.spec.name.clone().unwrap_or_else(|| connector.name_any())
}

/// Where a connector is, as its status says.
pub fn known(connector: &KafkaConnector) -> Option<Place> {
    let status = connector.status.as_ref()?;
    let name = status.name.clone().unwrap_or_else(|| connector.name_any());
    Some(Place { cluster: status.cluster.clone()?, name })
}

/// Whether `other` has a better right to a place than `connector`: it is there already, or it is older.
pub fn has_better_right(other: &KafkaConnector, connector: &KafkaConnector, place: &Place) -> bool {
    let claims =
        asked_cluster(other) == Some(place.cluster.as_str()) && asked_name(other) == place.name;
    let rank = |it: &KafkaConnector| {
        let since = it.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (known(it).as_ref() != Some(place), since, it.name_any())
    };
    claims && other.name_any() != connector.name_any() && rank(other) < rank(connector)
}

/// What a resource leaves behind when it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Where the connector is, as the status says.
    pub known: Option<Place>,
    /// Where it may be, as the spec says: the status may not have been written after it was created.
    pub asked: Option<Place>,
    /// What becomes of it.
    pub policy: DeletionPolicy,
    /// How to reach a cluster that the operator does not run.
    pub connect_rest: Option<ConnectRest>,
    /// Whether the workers may have been given values for it: the status may not have been written since.
    pub has_references: bool,
}

impl Leaving {
    /// Reads an object whose spec may not fit its type: that is no reason to leave its connector behind.
    pub fn of(object: &impl Resource, content: &Value) -> Self {
        let (spec, status) = (&content["spec"], &content["status"]);
        let text = |value: &Value| value.as_str().filter(|it| !it.is_empty()).map(str::to_owned);
        let name = |value: &Value| text(value).unwrap_or_else(|| object.name_any());
        let label = || object.labels().get(CLUSTER_LABEL).filter(|it| !it.is_empty()).cloned();
        let place = |cluster, name| Place { cluster, name };
        Self {
            known: text(&status["cluster"]).map(|it| place(it, name(&status["name"]))),
            asked: text(&spec["cluster"]).or_else(label).map(|it| place(it, name(&spec["name"]))),
            policy: serde_json::from_value(spec["deletionPolicy"].clone()).unwrap_or_default(),
            connect_rest: serde_json::from_value(spec["connectRest"].clone()).unwrap_or_default(),
            has_references: status["references"].as_array().is_some_and(|it| !it.is_empty())
                || spec["config"].as_object().is_some_and(|it| it.values().any(Value::is_object)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::desired::tests::connector;
    use super::*;

    fn named(name: &str, second: i64, status: &Value) -> KafkaConnector {
        let mut value =
            serde_json::to_value(connector(&json!({"class": "X", "name": "x"}))).unwrap();
        value["metadata"]["name"] = json!(name);
        value["metadata"]["creationTimestamp"] = json!(format!("2026-01-01T00:00:{second:02}Z"));
        value["status"] = status.clone();
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_place_belongs_to_who_is_there_and_else_to_the_older() {
        let place = Place { cluster: "my-connect".into(), name: "x".into() };
        let nowhere = json!({});
        let there = json!({"cluster": "my-connect", "name": "x"});
        let elsewhere = json!({"cluster": "my-connect", "name": "y"});
        for (other, this, better) in [
            (named("a", 1, &nowhere), named("b", 2, &nowhere), true),
            (named("a", 2, &nowhere), named("b", 1, &nowhere), false),
            (named("a", 1, &nowhere), named("b", 1, &nowhere), true),
            (named("a", 2, &there), named("b", 1, &nowhere), true),
            (named("a", 1, &elsewhere), named("b", 2, &there), false),
            (named("a", 1, &there), named("a", 1, &there), false),
        ] {
            assert_eq!(has_better_right(&other, &this, &place), better, "{other:?} {this:?}");
        }
        let other_place = Place { name: "y".into(), ..place };
        assert!(!has_better_right(&named("a", 1, &there), &named("b", 2, &nowhere), &other_place));
    }

    #[test]
    fn what_leaves_is_read_also_from_a_spec_that_does_not_fit() {
        let object = connector(&json!({"class": "X"}));
        let place = |cluster: &str, name: &str| {
            Some(Place { cluster: cluster.to_owned(), name: name.to_owned() })
        };
        for (content, known, asked, policy, has_references) in [
            (json!({}), None, place("my-connect", "orders"), DeletionPolicy::Delete, false),
            (
                json!({"spec": {"class": 5, "cluster": "b", "name": "x", "deletionPolicy": "Stop"},
                    "status": {"cluster": "a", "name": "y", "references": ["Secret/a/b"]}}),
                place("a", "y"),
                place("b", "x"),
                DeletionPolicy::Stop,
                true,
            ),
            (
                json!({"spec": {"config": {"p": {"secretKeyRef": {"name": "a", "key": "b"}}, "q": 1}}}),
                None,
                place("my-connect", "orders"),
                DeletionPolicy::Delete,
                true,
            ),
            (
                json!({"spec": {"deletionPolicy": ["Stop"]}, "status": {"cluster": "a"}}),
                place("a", "orders"),
                place("my-connect", "orders"),
                DeletionPolicy::Delete,
                false,
            ),
        ] {
            let expected = Leaving { known, asked, policy, connect_rest: None, has_references };
            assert_eq!(Leaving::of(&object, &content), expected);
        }
    }
}
