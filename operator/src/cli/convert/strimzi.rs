//! Strimzi's KafkaConnect and KafkaConnector, `kafka.strimzi.io/v1` and `v1beta2`.
//!
//! Our fields have the names of Strimzi's v1, so a field that ours has too needs no row in the tables below.

use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector, spec_schema};

use super::conversion::{Conversion, Fate, Row};
use super::metadata::{self, Vocabulary};
use super::settings::{self, Setting};
use super::{Converted, converted};
use crate::pause;

/// API group of Strimzi's kinds.
pub(super) const GROUP: &str = "kafka.strimzi.io";

/// The version before the last one, which has defaults and fields of its own.
const OLD: &str = "kafka.strimzi.io/v1beta2";

const JVM: &str = "there is no Java virtual machine";
const BUILT_IN: &str = "plugins are built into the workers; an image with plugins of your own is explained in docs/plugins.md";
const NO_BUILD: &str = "nothing is built, so there is no such object";
const NO_INIT: &str = "there is no such container: the rack is read without one";

/// Fields of a KafkaConnect whose namesake here means something else, or that have none.
const CLUSTER: &[Row] = &[
    ("version", Fate::Nowhere("is a version of Kafka; workers have the version of their image")),
    (
        "image",
        Fate::Nowhere(
            "is an image with Java's Kafka Connect; set spec.image if you build one with sluice-worker",
        ),
    ),
    ("clientRackInitImage", Fate::Nowhere(NO_INIT)),
    ("jvmOptions", Fate::Nowhere(JVM)),
    ("jmxOptions", Fate::Nowhere("there is no JMX; metrics are on port 9404 for Prometheus")),
    ("build", Fate::Nowhere(BUILT_IN)),
    ("plugins", Fate::Nowhere(BUILT_IN)),
    (
        "metricsConfig",
        Fate::Nowhere(
            "metrics are always on, on port 9404, under the names of Kafka Connect's dashboards",
        ),
    ),
    ("template.buildPod", Fate::Nowhere(NO_BUILD)),
    ("template.buildContainer", Fate::Nowhere(NO_BUILD)),
    ("template.buildConfig", Fate::Nowhere(NO_BUILD)),
    ("template.buildServiceAccount", Fate::Nowhere(NO_BUILD)),
    ("template.initContainer", Fate::Nowhere(NO_INIT)),
    (
        "template.clusterRoleBinding",
        Fate::Nowhere("workers have no rights, so there is no such object"),
    ),
    ("template.jmxSecret", Fate::Nowhere("there is no JMX, so there is no such object")),
    ("template.podSet", Fate::To("template.statefulSet")),
    (
        "template.deployment.deploymentStrategy",
        Fate::Nowhere("workers are a StatefulSet, which rolls one pod at a time"),
    ),
    ("template.deployment", Fate::To("template.statefulSet")),
    ("template.pod.dnsPolicy", Fate::Else("template.podTemplate.spec.dnsPolicy")),
    ("template.pod.dnsConfig", Fate::Else("template.podTemplate.spec.dnsConfig")),
    ("template.pod.enableServiceLinks", Fate::Else("template.podTemplate.spec.enableServiceLinks")),
    ("template.pod.hostUsers", Fate::Else("template.podTemplate.spec.hostUsers")),
];

/// Settings of a worker that have fields here, with the values that v1beta2 gives them.
const NAMED: [(&str, &str, &str); 4] = [
    ("group.id", "groupId", "connect-cluster"),
    ("config.storage.topic", "configStorageTopic", "connect-cluster-configs"),
    ("status.storage.topic", "statusStorageTopic", "connect-cluster-status"),
    ("offset.storage.topic", "offsetStorageTopic", "connect-cluster-offsets"),
];

/// Replicas of a v1beta2 resource that does not say how many.
const OLD_REPLICAS: i64 = 3;

/// Where v1beta2 mounts the volumes of `externalConfiguration`.
const EXTERNAL: &str = "/opt/kafka/external-configuration";

const CLUSTER_WORDS: Vocabulary = Vocabulary {
    domain: "strimzi.io",
    labels: &[],
    annotations: &[
        (
            "strimzi.io/use-connector-resources",
            Err(
                "KafkaConnector resources always count, and connectors made over REST are left alone",
            ),
        ),
        ("strimzi.io/pause-reconciliation", Ok(pause::ANNOTATION)),
    ],
};

const CONNECTOR_WORDS: Vocabulary = Vocabulary {
    domain: "strimzi.io",
    labels: &[("strimzi.io/cluster", Ok(sluice_crds::CLUSTER_LABEL))],
    annotations: &[
        ("strimzi.io/pause-reconciliation", Ok(pause::ANNOTATION)),
        ("strimzi.io/restart", Ok("sluice.dev/restart")),
        ("strimzi.io/restart-task", Ok("sluice.dev/restart-task")),
        ("strimzi.io/connector-offsets", Ok("sluice.dev/connector-offsets")),
    ],
};

/// A resource of Strimzi's as ours; none if the kind is another one.
pub(super) fn convert(source: &Value) -> Option<Converted> {
    let is_old = source["apiVersion"] == OLD;
    match source["kind"].as_str()? {
        "KafkaConnect" => Some(cluster(source, is_old)),
        "KafkaConnector" => Some(connector(source)),
        _ => None,
    }
}

fn cluster(source: &Value, is_old: bool) -> Converted {
    let mut conversion = Conversion::new(source.clone(), spec_schema::<KafkaConnect>());
    let metadata = metadata::convert(&mut conversion, &CLUSTER_WORDS);
    conversion.follow(CLUSTER);
    let settings = settings::take(&mut conversion, "spec.config");
    let settings = if is_old { name_topics(&mut conversion, settings) } else { settings };
    settings::put_into_cluster(&mut conversion, settings);
    if is_old && conversion.look("spec.replicas").is_null() {
        conversion.write("replicas", json!(OLD_REPLICAS), "it is Strimzi's default");
    }
    mount_external(&mut conversion);
    converted("KafkaConnect", &metadata, conversion)
}

/// In v1beta2 group and topics are settings, and have defaults.
fn name_topics(conversion: &mut Conversion, settings: Vec<Setting>) -> Vec<Setting> {
    let mut rest = Vec::new();
    for setting in settings {
        let field = NAMED.iter().find(|(key, ..)| *key == setting.key).map(|(_, field, _)| field);
        match field.filter(|field| conversion.look(&format!("spec.{field}")).is_null()) {
            Some(field) => conversion.put(&setting.from, field, setting.value),
            None => rest.push(setting),
        }
    }
    for (_, field, default) in NAMED {
        let is_given = !conversion.look(&format!("spec.{field}")).is_null();
        if !is_given && conversion.made(field).is_null() {
            let why = "it is Strimzi's default, which other clusters may have too";
            conversion.write(field, json!(default), why);
        }
    }
    rest
}

/// Values of Secrets and ConfigMaps as v1beta2 gives them to the workers.
fn mount_external(conversion: &mut Conversion) {
    const ENV: &str = "spec.externalConfiguration.env";
    const VOLUMES: &str = "spec.externalConfiguration.volumes";
    if let Some(env) = conversion.take(ENV) {
        conversion.put(ENV, "template.connectContainer.env", env);
    }
    if let Some(volumes) = conversion.take(VOLUMES) {
        let names = volumes.as_array().into_iter().flatten().filter_map(|it| it["name"].as_str());
        let mount = |name: &str| json!({"name": name, "mountPath": format!("{EXTERNAL}/{name}"), "readOnly": true});
        let mounts: Vec<Value> = names.map(mount).collect();
        conversion.put(VOLUMES, "template.pod.volumes", volumes);
        let why = "where Strimzi mounts these volumes";
        conversion.add("template.connectContainer.volumeMounts", mounts, why);
    }
}

fn connector(source: &Value) -> Converted {
    const PAUSE: &str = "spec.pause";
    let mut conversion = Conversion::new(source.clone(), spec_schema::<KafkaConnector>());
    let metadata = metadata::convert(&mut conversion, &CONNECTOR_WORDS);
    let settings = settings::take(&mut conversion, "spec.config");
    settings::put_into_connector(&mut conversion, settings);
    if let Some(pause) = conversion.take(PAUSE) {
        if conversion.look("spec.state").is_null() {
            let state = if pause == true { "paused" } else { "running" };
            conversion.put(PAUSE, "state", json!(state));
        } else {
            conversion.ledger.leave(PAUSE, "spec.state says it");
        }
    }
    converted("KafkaConnector", &metadata, conversion)
}
