//! Names and labels of what belongs to a cluster.

use std::collections::BTreeMap;

use sluice_crds::CLUSTER_LABEL;

/// Port of the REST API.
pub const REST_PORT: i32 = 8083;
/// Port of the metrics.
pub const METRICS_PORT: i32 = 9404;

/// Annotation in which kubectl keeps what was applied: the object once more, as text.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The worker's container in its pod.
pub const CONTAINER: &str = "connect";

/// Longest name of a cluster: a pod's label holds the StatefulSet's name, a dash and a hash of ten characters, and a
/// label has room for 63.
pub const MAX_CLUSTER_NAME: usize = 63 - 11 - "-connect".len();

/// Name of the StatefulSet, the headless Service, the ServiceAccount and the PodDisruptionBudget.
pub fn workers(cluster: &str) -> String {
    format!("{cluster}-connect")
}

/// Name of the Service of the REST API.
pub fn api_service(cluster: &str) -> String {
    format!("{cluster}-connect-api")
}

/// Name of the ConfigMap with the worker file.
pub fn config_map(cluster: &str) -> String {
    format!("{cluster}-connect-config")
}

/// Name of the Secret with the values that connectors take from Secrets and ConfigMaps.
pub fn connector_secrets(cluster: &str) -> String {
    format!("{cluster}-connect-secrets")
}

/// Name of the Secret by which workers know who may do what.
pub fn rest_secret(cluster: &str) -> String {
    format!("{cluster}{REST_SECRET}")
}

/// The cluster whose Secret of that kind has a name.
pub fn cluster_of_rest_secret(name: &str) -> Option<&str> {
    name.strip_suffix(REST_SECRET)
}

const REST_SECRET: &str = "-connect-rest";

/// Labels that select the worker pods of a cluster. They can never change.
pub fn selector(cluster: &str) -> BTreeMap<String, String> {
    [("app.kubernetes.io/name", "kafka-connect"), ("app.kubernetes.io/instance", cluster)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// The same as one text, as autoscalers want it.
pub fn selector_text(cluster: &str) -> String {
    let labels = selector(cluster);
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// Labels of every object of a cluster.
pub fn labels(cluster: &str) -> BTreeMap<String, String> {
    let mut labels = selector(cluster);
    let further = [
        ("app.kubernetes.io/component", "worker"),
        ("app.kubernetes.io/part-of", "sluice"),
        ("app.kubernetes.io/managed-by", "sluice-operator"),
        (CLUSTER_LABEL, cluster),
    ];
    labels.extend(further.map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels
}

/// Selects everything that the operator made.
pub const MANAGED: &str = "app.kubernetes.io/managed-by=sluice-operator";

/// Whether a text can be the name of an object. Anything else would be a part of the path of a request, such as one that
/// leads to another namespace.
pub fn is_object_name(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let label = |label: &str| {
        let inner = label.trim_start_matches('-').trim_end_matches('-');
        !label.is_empty() && inner.len() == label.len() && label.chars().all(plain)
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Why a text cannot be a cluster's name, if it cannot.
pub fn refuse_cluster_name(name: &str) -> Option<String> {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    if name.len() > MAX_CLUSTER_NAME {
        Some(format!("has {} characters; {MAX_CLUSTER_NAME} are the most", name.len()))
    } else if !name.starts_with(|it: char| it.is_ascii_lowercase()) || !name.chars().all(plain) {
        Some("must start with a letter and hold only small letters, digits and dashes".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_lead_nowhere_else() {
        for good in ["a", "0.b-c", &"a".repeat(253)] {
            assert!(is_object_name(good), "{good}");
        }
        for bad in [
            "", ".", "..", "a/b", "../a", "a..b", "a%2fb", "a?b", "a#", "A", "-a", "a-.b", "a\n",
            "é",
        ] {
            assert!(!is_object_name(bad), "{bad}");
        }
        assert!(!is_object_name(&"a".repeat(254)));
    }

    #[test]
    fn names_that_services_and_pods_cannot_bear_are_refused() {
        for good in ["a", "my-connect", &"a".repeat(MAX_CLUSTER_NAME)] {
            assert_eq!(refuse_cluster_name(good), None);
        }
        for bad in ["1a", "a.b", "", &"a".repeat(MAX_CLUSTER_NAME + 1)] {
            assert!(refuse_cluster_name(bad).is_some(), "{bad}");
        }
    }
}
