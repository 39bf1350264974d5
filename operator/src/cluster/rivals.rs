//! Two clusters that share a group or an internal topic on one Kafka would mix their connectors. The younger one is
//! refused.

use std::collections::BTreeSet;

use kube::ResourceExt;
use sluice_crds::{KafkaConnect, KafkaConnectSpec};

use super::validate::Error;

/// Refuses a cluster that takes what an older one has.
pub(super) fn check<'a>(
    cluster: &KafkaConnect,
    others: impl IntoIterator<Item = &'a KafkaConnect>,
) -> Result<(), Error> {
    let own = brokers(cluster);
    let mut older: Vec<_> = others.into_iter().filter(|it| is_older(it, cluster)).collect();
    // The same one is named each time.
    older.sort_by_key(|it| age(it));
    for other in older {
        if own.is_disjoint(&brokers(other)) {
            continue;
        }
        if let Some((field, what)) = shared(&cluster.spec, &other.spec) {
            return Err(Error::Taken {
                field,
                what,
                namespace: other.namespace().unwrap_or_default(),
                name: other.name_any(),
            });
        }
    }
    Ok(())
}

/// Which field takes what the other cluster has.
fn shared(spec: &KafkaConnectSpec, other: &KafkaConnectSpec) -> Option<(&'static str, String)> {
    if spec.group_id == other.group_id {
        return Some(("spec.groupId", format!("group {}", spec.group_id)));
    }
    let taken = topics(other);
    let mut own = topics(spec).into_iter();
    let (field, topic) = own.find(|(_, topic)| taken.iter().any(|(_, other)| other == topic))?;
    Some((field, format!("topic {topic}")))
}

fn topics(spec: &KafkaConnectSpec) -> [(&'static str, &str); 3] {
    [
        ("spec.configStorageTopic", &spec.config_storage_topic),
        ("spec.offsetStorageTopic", &spec.offset_storage_topic),
        ("spec.statusStorageTopic", &spec.status_storage_topic),
    ]
}

/// What is being deleted gives its group and topics up.
fn is_older(other: &KafkaConnect, cluster: &KafkaConnect) -> bool {
    other.metadata.deletion_timestamp.is_none()
        && other.metadata.uid != cluster.metadata.uid
        && age(other) < age(cluster)
}

/// Sorts clusters by age; those of one second by name.
fn age(cluster: &KafkaConnect) -> (Option<i64>, Option<String>, String) {
    let created = cluster.metadata.creation_timestamp.as_ref().map(|it| it.0.as_second());
    (created, cluster.namespace(), cluster.name_any())
}

/// Brokers in one spelling. A name without a dot is a Service of the cluster's own namespace.
fn brokers(cluster: &KafkaConnect) -> BTreeSet<String> {
    let namespace = cluster.namespace().unwrap_or_default();
    let spelled = |broker: &str| {
        let broker = broker.trim().to_ascii_lowercase();
        let (host, port) = broker.rsplit_once(':').unwrap_or((&broker, ""));
        let host = host.trim_end_matches('.');
        let host = host.strip_suffix(".cluster.local").unwrap_or(host);
        let host = host.strip_suffix(".svc").unwrap_or(host);
        let is_service = !host.contains(['.', ':']);
        let within = if is_service { format!(".{namespace}") } else { String::new() };
        format!("{host}{within}:{port}")
    };
    cluster.spec.bootstrap_servers.split(',').map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cluster(name: &str, second: u8, spec: &Value) -> KafkaConnect {
        let mut object = json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnect",
            "metadata": {
                "name": name,
                "namespace": "shop",
                "uid": name,
                "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z"),
            },
            "spec": {
                "bootstrapServers": "kafka:9092",
                "groupId": name,
                "configStorageTopic": format!("{name}-configs"),
                "statusStorageTopic": format!("{name}-status"),
                "offsetStorageTopic": format!("{name}-offsets"),
            }
        });
        for (key, value) in spec.as_object().into_iter().flatten() {
            object["spec"][key] = value.clone();
        }
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn the_younger_of_two_with_one_group_or_topic_is_refused() {
        let young = cluster("young", 2, &json!({}));
        let told = |spec: Value, second: u8| {
            let other = cluster("old", second, &spec);
            check(&young, [&young, &other]).map_err(|error| error.to_string())
        };
        let group = json!({"groupId": "young"});
        let because =
            "KafkaConnect shop/old, which is older, has it on the same Kafka; choose another";
        assert_eq!(told(json!({}), 1), Ok(()));
        assert_eq!(told(group.clone(), 3), Ok(()));
        assert_eq!(
            told(group.clone(), 1),
            Err(format!("spec.groupId: group young is taken: {because}"))
        );
        // In one second the names decide.
        assert!(told(group, 2).is_err());
        let topic = json!({"offsetStorageTopic": "young-status"});
        assert_eq!(
            told(topic, 1),
            Err(format!("spec.statusStorageTopic: topic young-status is taken: {because}"))
        );
    }

    #[test]
    fn one_kafka_has_many_spellings() {
        let young = cluster("young", 2, &json!({"bootstrapServers": "a:1, Kafka.shop.svc:9092"}));
        for (servers, is_same) in [
            ("kafka:9092", true),
            ("kafka.shop:9092,b:1", true),
            ("kafka.shop.svc.cluster.local.:9092", true),
            ("kafka:9093", false),
            ("kafka.other.svc:9092", false),
            ("kafka.example.com:9092", false),
        ] {
            let other =
                cluster("old", 1, &json!({"groupId": "young", "bootstrapServers": servers}));
            assert_eq!(check(&young, [&other]).is_err(), is_same, "{servers}");
        }
    }

    #[test]
    fn a_cluster_that_goes_gives_up_what_it_has() {
        let mut old = cluster("old", 1, &json!({"groupId": "young"}));
        old.metadata.deletion_timestamp = old.metadata.creation_timestamp.clone();
        assert!(check(&cluster("young", 2, &json!({})), [&old]).is_ok());
    }
}
