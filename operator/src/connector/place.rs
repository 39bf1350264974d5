//! Where a connector is: its cluster, and its name there; whose it is when two resources ask for one place; and whether
//! the cluster lets it in. Pure.

use kube::{Resource, ResourceExt};
use serde_json::Value;
use sluice_crds::{CLUSTER_LABEL, ConnectRest, DeletionPolicy, KafkaConnect, KafkaConnector};

/// In `spec.allowedNamespaces`: every namespace.
pub const ANY: &str = "*";

/// A place for one connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Namespace of the cluster; that of the resource, if the operator does not run the cluster.
    pub namespace: String,
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

/// The namespace of the cluster that a resource asks for.
pub fn asked_namespace(connector: &KafkaConnector) -> String {
    let spec = &connector.spec;
    let named = spec.cluster_namespace.clone().filter(|_| spec.connect_rest.is_none());
    named.or_else(|| connector.namespace()).unwrap_or_default()
}

/// The place that a resource asks for.
pub fn asked(connector: &KafkaConnector) -> Option<Place> {
    let cluster = asked_cluster(connector)?.to_owned();
    Some(Place { namespace: asked_namespace(connector), cluster, name: asked_name(connector) })
}

/// The namespace of a resource that asks for a cluster of another one.
pub fn guest(connector: &KafkaConnector) -> Option<String> {
    connector.namespace().filter(|home| *home != asked_namespace(connector))
}

/// Whether a cluster runs connectors of a namespace. One whose spec cannot be read runs those of its own.
pub fn lets_in(cluster: Option<&KafkaConnect>, its_namespace: &str, namespace: &str) -> bool {
    let allowed = cluster.and_then(|it| it.spec.allowed_namespaces.as_ref());
    let named = |it: &String| it == namespace || it == ANY;
    its_namespace == namespace || allowed.is_some_and(|allowed| allowed.names.iter().any(named))
}

/// The name that a resource asks for.
pub fn asked_name(connector: &KafkaConnector) -> String {
    connector.spec.name.clone().unwrap_or_else(|| connector.name_any())
}

/// Where a connector is, as its status says.
pub fn known(connector: &KafkaConnector) -> Option<Place> {
    let status = connector.status.as_ref()?;
    let name = status.name.clone().unwrap_or_else(|| connector.name_any());
    let cluster = status.cluster.clone()?;
    let namespace = status.cluster_namespace.clone().or_else(|| connector.namespace());
    Some(Place { namespace: namespace.unwrap_or_default(), cluster, name })
}

/// Whether `other` has a better right to a place than `connector`: it is there already, or it is older.
pub fn has_better_right(other: &KafkaConnector, connector: &KafkaConnector, place: &Place) -> bool {
    let rank = |it: &KafkaConnector| {
        let since = it.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (known(it).as_ref() != Some(place), since, it.name_any(), it.namespace())
    };
    asked(other).as_ref() == Some(place)
        && !is_same(other, connector)
        && rank(other) < rank(connector)
}

/// Whether two objects are one.
pub fn is_same(one: &impl Resource, other: &impl Resource) -> bool {
    one.meta().name == other.meta().name && one.meta().namespace == other.meta().namespace
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
        let place = |cluster, of: &Value| {
            let namespace = text(&of["clusterNamespace"]).or_else(|| object.namespace());
            Place { namespace: namespace.unwrap_or_default(), cluster, name: name(&of["name"]) }
        };
        Self {
            known: text(&status["cluster"]).map(|it| place(it, status)),
            asked: text(&spec["cluster"]).or_else(label).map(|it| place(it, spec)),
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
        let place =
            Place { namespace: "shop".into(), cluster: "my-connect".into(), name: "x".into() };
        let nowhere = json!({});
        let there = json!({"cluster": "my-connect", "name": "x"});
        let elsewhere = json!({"cluster": "my-connect", "name": "y"});
        for (other, this, better) in [
            (("a", 1, &nowhere), ("b", 2, &nowhere), true),
            (("a", 2, &nowhere), ("b", 1, &nowhere), false),
            (("a", 1, &nowhere), ("b", 1, &nowhere), true),
            (("a", 2, &there), ("b", 1, &nowhere), true),
            (("a", 1, &elsewhere), ("b", 2, &there), false),
            (("a", 1, &there), ("a", 1, &there), false),
        ] {
            let [other, this] = [other, this].map(|(name, age, status)| named(name, age, status));
            assert_eq!(has_better_right(&other, &this, &place), better, "{other:?} {this:?}");
        }
        let other_place = Place { name: "y".into(), ..place };
        assert!(!has_better_right(&named("a", 1, &there), &named("b", 2, &nowhere), &other_place));
    }

    #[test]
    fn a_place_is_one_whoever_asks_for_it() {
        let at = |home: &str, spec: &Value| {
            let mut one = connector(spec);
            one.metadata.namespace = Some(home.to_owned());
            one
        };
        let guest = json!({"class": "X", "clusterNamespace": "shop"});
        let (host, guest) = (at("shop", &json!({"class": "X"})), at("team", &guest));
        assert_eq!(asked(&host), asked(&guest));
        assert_eq!((super::guest(&host), super::guest(&guest)), (None, Some("team".to_owned())));
        let place = asked(&host).unwrap();
        // Of two that are equally old one has the better right, and always the same.
        assert!(has_better_right(&host, &guest, &place));
        assert!(!has_better_right(&guest, &host, &place));
        let rest = json!({"class": "X", "clusterNamespace": "shop", "connectRest": {"endpoint": "http://a:1"}});
        assert_eq!(asked(&at("team", &rest)).unwrap().namespace, "team");
    }

    #[test]
    fn a_cluster_lets_in_whom_it_names_and_nobody_else() {
        let cluster = |allowed: Value| -> KafkaConnect {
            serde_json::from_value(json!({"metadata": {"name": "c"}, "spec": {
                "bootstrapServers": "k:9092", "groupId": "g", "configStorageTopic": "c",
                "statusStorageTopic": "s", "offsetStorageTopic": "o",
                "allowedNamespaces": allowed,
            }}))
            .unwrap()
        };
        for (allowed, team, other) in [
            (json!(null), false, false),
            (json!({}), false, false),
            (json!({"names": ["team"]}), true, false),
            (json!({"names": ["tea", "teams", "te*"]}), false, false),
            (json!({"names": ["*"]}), true, true),
        ] {
            let cluster = cluster(allowed.clone());
            let lets_in = |namespace| lets_in(Some(&cluster), "shop", namespace);
            assert_eq!([lets_in("team"), lets_in("other")], [team, other], "{allowed}");
            assert!(lets_in("shop"));
        }
        assert!(super::lets_in(None, "shop", "shop") && !super::lets_in(None, "shop", "team"));
    }

    #[test]
    fn what_leaves_is_read_also_from_a_spec_that_does_not_fit() {
        let object = connector(&json!({"class": "X"}));
        let place = |cluster: &str, name: &str| {
            let namespace = "shop".to_owned();
            Some(Place { namespace, cluster: cluster.to_owned(), name: name.to_owned() })
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
