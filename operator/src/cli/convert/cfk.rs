//! Connect and Connector of Confluent for Kubernetes, `platform.confluent.io/v1beta1`.
//!
//! Few fields have the names of ours, and some of the same name mean something else: what stands in no table is left out.

use serde_json::{Map, Value, json};
use sluice_crds::{CLUSTER_LABEL, KafkaConnect, KafkaConnector, spec_schema};

use super::conversion::{Conversion, Fate, Row};
use super::metadata::{self, Vocabulary};
use super::settings::{self, Setting};
use super::{Converted, converted};

/// API group of Confluent's kinds.
pub(super) const GROUP: &str = "platform.confluent.io";

const CREDENTIALS: &str = "Confluent's Secret holds a file; create one with the password alone under a key and set \
                           spec.authentication";
const REST_CREDENTIALS: &str = "Confluent's Secret holds a file; create one with the password alone under a key and \
                                set spec.connectRest.authentication";
const REST: &str = "secures the REST API in a way that Sluice does not know";
const JVM: &str = "there is no Java virtual machine";

/// Fields of a Connect.
const CLUSTER: &[Row] = &[
    ("replicas", Fate::To("replicas")),
    ("image.application", Fate::Nowhere("is an image with Java's Kafka Connect")),
    ("image.init", Fate::Nowhere("there is no such container")),
    ("image.pullPolicy", Fate::Nowhere("is an image with Java's Kafka Connect")),
    ("groupID", Fate::To("groupId")),
    ("internalTopicNames.configs", Fate::To("configStorageTopic")),
    ("internalTopicNames.offsets", Fate::To("offsetStorageTopic")),
    ("internalTopicNames.status", Fate::To("statusStorageTopic")),
    ("dependencies.kafka.bootstrapEndpoint", Fate::To("bootstrapServers")),
    ("dependencies.kafka.authentication", Fate::Nowhere(CREDENTIALS)),
    ("podTemplate.resources", Fate::To("resources")),
    ("podTemplate.labels", Fate::To("template.pod.metadata.labels")),
    ("podTemplate.annotations", Fate::To("template.pod.metadata.annotations")),
    ("podTemplate.affinity", Fate::To("template.pod.affinity")),
    ("podTemplate.tolerations", Fate::To("template.pod.tolerations")),
    ("podTemplate.topologySpreadConstraints", Fate::To("template.pod.topologySpreadConstraints")),
    ("podTemplate.priorityClassName", Fate::To("template.pod.priorityClassName")),
    (
        "podTemplate.terminationGracePeriodSeconds",
        Fate::To("template.pod.terminationGracePeriodSeconds"),
    ),
    ("podTemplate.podSecurityContext", Fate::To("template.pod.securityContext")),
    ("podTemplate.containerSecurityContext", Fate::To("template.connectContainer.securityContext")),
    ("podTemplate.envVars", Fate::To("template.connectContainer.env")),
    ("podTemplate.serviceAccountName", Fate::To("template.podTemplate.spec.serviceAccountName")),
    ("podTemplate.probe.liveness", Fate::To("livenessProbe")),
    ("podTemplate.probe.readiness", Fate::To("readinessProbe")),
    ("podTemplate.probe.startup", Fate::To("startupProbe")),
    ("mountedVolumes.volumes", Fate::To("template.pod.volumes")),
    ("mountedVolumes.volumeMounts", Fate::To("template.connectContainer.volumeMounts")),
    ("pdb.maxUnavailable", Fate::To("template.podDisruptionBudget.maxUnavailable")),
    ("pdb.enabled", Fate::Nowhere("there always is a PodDisruptionBudget")),
    ("build", Fate::Nowhere("plugins are built into the workers; see docs/plugins.md")),
    ("authentication", Fate::Nowhere(REST)),
    ("authorization", Fate::Nowhere(REST)),
    ("tls", Fate::Nowhere(REST)),
    (
        "externalAccess",
        Fate::Nowhere("write a Service or an Ingress for the Service NAME-connect-api"),
    ),
    ("metrics", Fate::Nowhere("metrics are on port 9404 for Prometheus")),
    ("configOverrides.jvm", Fate::Nowhere(JVM)),
    ("configOverrides.log4j", Fate::Nowhere("set levels as docs/logging.md says")),
    ("configOverrides.log4j2", Fate::Nowhere("set levels as docs/logging.md says")),
    ("license", Fate::Nowhere("there is no licence key")),
    ("telemetry", Fate::Nowhere("nothing is sent to anybody")),
    ("dependencies.licenseCluster", Fate::Nowhere("there is no licence key")),
    ("dependencies.interceptor", Fate::Nowhere("interceptors are Java classes")),
    ("dependencies.usmAgentClient", Fate::Nowhere("nothing is sent to anybody")),
    ("oneReplicaPerNode", Fate::Nowhere("set spec.template.pod.affinity")),
    ("k8sClusterDomain", Fate::Nowhere("workers find each other by names without the domain")),
];

/// Fields that are settings here.
const SETTINGS: &[(&str, &[&str])] = &[
    ("keyConverterType", &["key.converter"]),
    ("valueConverterType", &["value.converter"]),
    ("enableSchemas", &["key.converter.schemas.enable", "value.converter.schemas.enable"]),
    ("connectorOverridePolicy", &["connector.client.config.override.policy"]),
    (
        "internalTopicReplicationFactor",
        &[
            "config.storage.replication.factor",
            "offset.storage.replication.factor",
            "status.storage.replication.factor",
        ],
    ),
];

/// Fields of a Connector.
const CONNECTOR: &[Row] = &[
    ("class", Fate::To("class")),
    ("taskMax", Fate::To("tasksMax")),
    ("restartPolicy.maxRetry", Fate::To("autoRestart.maxRestarts")),
    ("connectRest.endpoint", Fate::To("connectRest.endpoint")),
    ("connectRest.authentication", Fate::Nowhere(REST_CREDENTIALS)),
    ("connectRest.tls", Fate::Nowhere("set spec.connectRest.tls to the certificates to trust")),
    ("connectRest.kafkaClusterID", Fate::Nowhere("the workers are asked for it")),
];

const WORDS: Vocabulary = Vocabulary { domain: "confluent.io", labels: &[], annotations: &[] };

/// Where Confluent mounts the Secrets of `mountedSecrets`.
const SECRETS: &str = "/mnt/secrets";

/// Restarts after which a Connector is given up that does not say how many.
const RESTARTS: i64 = 10;

/// A resource of Confluent's as ours; none if the kind is another one.
pub(super) fn convert(source: &Value) -> Option<Converted> {
    match source["kind"].as_str()? {
        "Connect" => Some(cluster(source)),
        "Connector" => Some(connector(source)),
        _ => None,
    }
}

fn cluster(source: &Value) -> Converted {
    let mut conversion = Conversion::new(source.clone(), spec_schema::<KafkaConnect>());
    let metadata = metadata::convert(&mut conversion, &WORDS);
    secure(&mut conversion);
    conversion.follow(CLUSTER);
    for (field, keys) in SETTINGS {
        let from = format!("spec.{field}");
        let Some(value) = conversion.take(&from) else { continue };
        for key in *keys {
            conversion.put_entry(&from, "config", key, value.clone());
        }
    }
    let overrides = server_overrides(&mut conversion);
    settings::put_into_cluster(&mut conversion, overrides);
    mount_secrets(&mut conversion);
    pull_secrets(&mut conversion);
    name_group(&mut conversion, &metadata);
    conversion.leave_rest();
    converted("KafkaConnect", &metadata, conversion)
}

/// How the workers reach Kafka.
fn secure(conversion: &mut Conversion) {
    const TLS: &str = "spec.dependencies.kafka.tls";
    const TYPE: &str = "spec.dependencies.kafka.authentication.type";
    let secret = conversion.look(TLS)["secretRef"].clone();
    let is_mutual = conversion.look(TYPE) == "mtls";
    let from = format!("{TLS}.enabled");
    if conversion.look(&from) == true {
        conversion.take(&from);
        conversion.put(&from, "tls", json!({}));
    }
    if !secret.is_string() {
        return;
    }
    let from = format!("{TLS}.secretRef");
    let trusted = json!([{"secretName": secret, "certificate": "cacerts.pem"}]);
    conversion.take(&from);
    conversion.ledger.moved(&from, "spec.tls.trustedCertificates[0].secretName", &secret);
    conversion.write(
        "tls",
        json!({"trustedCertificates": trusted}),
        "the keys of Confluent's Secrets",
    );
    if is_mutual {
        conversion.take(TYPE);
        conversion.ledger.moved(TYPE, "spec.authentication.type", &json!("tls"));
        let keys =
            json!({"secretName": secret, "certificate": "fullchain.pem", "key": "privkey.pem"});
        let client = json!({"type": "tls", "certificateAndKey": keys});
        conversion.write("authentication", client, "the keys of Confluent's Secrets");
    }
}

/// `configOverrides.server` is a list of `key=value`.
fn server_overrides(conversion: &mut Conversion) -> Vec<Setting> {
    const SERVER: &str = "spec.configOverrides.server";
    let Some(lines) = conversion.take(SERVER) else { return Vec::new() };
    let mut settings = Vec::new();
    for (index, line) in lines.as_array().into_iter().flatten().enumerate() {
        let from = format!("{SERVER}[{index}]");
        match line.as_str().and_then(|line| line.split_once('=')) {
            Some((key, value)) => {
                let (key, value) = (key.trim().to_owned(), json!(value.trim()));
                settings.push(Setting { from, key, value });
            }
            None => conversion.ledger.leave(&from, "is no key=value"),
        }
    }
    settings
}

fn mount_secrets(conversion: &mut Conversion) {
    const MOUNTED: &str = "spec.mountedSecrets";
    let Some(secrets) = conversion.take(MOUNTED) else { return };
    let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
    for (index, secret) in secrets.as_array().into_iter().flatten().enumerate() {
        let from = format!("{MOUNTED}[{index}]");
        let Some(name) = secret["secretRef"].as_str() else {
            conversion.ledger.leave(&from, "means nothing without secretRef");
            continue;
        };
        conversion.ledger.used(&from, "spec.template.pod.volumes", secret);
        let mut source = Map::from_iter([("secretName".to_owned(), json!(name))]);
        let items = secret.get("keyItems").cloned();
        source.extend(items.map(|items| ("items".to_owned(), items)));
        volumes.push(json!({"name": name, "secret": source}));
        mounts.push(
            json!({"name": name, "mountPath": format!("{SECRETS}/{name}"), "readOnly": true}),
        );
    }
    let why = "a Secret that Confluent mounts";
    conversion.add("template.pod.volumes", volumes, why);
    conversion.add("template.connectContainer.volumeMounts", mounts, why);
}

fn pull_secrets(conversion: &mut Conversion) {
    const PULL: &str = "spec.image.pullSecretRef";
    let Some(names) = conversion.take(PULL) else { return };
    conversion.ledger.moved(PULL, "spec.template.pod.imagePullSecrets", &names);
    let names = names.as_array().cloned().unwrap_or_default();
    let references = names.iter().map(|name| json!({"name": name})).collect();
    conversion.add("template.pod.imagePullSecrets", references, "a Secret for pulling images");
}

/// Group and topics have Confluent's defaults if they have no names.
fn name_group(conversion: &mut Conversion, metadata: &Value) {
    let [namespace, name] = [&metadata["namespace"], &metadata["name"]].map(Value::as_str);
    let (Some(namespace), Some(name)) = (namespace, name) else { return };
    let group = format!("{namespace}.{name}");
    for (field, suffix) in [
        ("groupId", ""),
        ("configStorageTopic", "-configs"),
        ("offsetStorageTopic", "-offsets"),
        ("statusStorageTopic", "-status"),
    ] {
        if conversion.made(field).is_null() {
            conversion.write(field, json!(format!("{group}{suffix}")), "it is Confluent's default");
        }
    }
}

fn connector(source: &Value) -> Converted {
    const TYPE: &str = "spec.restartPolicy.type";
    let mut conversion = Conversion::new(source.clone(), spec_schema::<KafkaConnector>());
    let mut metadata = metadata::convert(&mut conversion, &WORDS);
    let has_policy = !conversion.look("spec.restartPolicy").is_null();
    conversion.follow(CONNECTOR);
    if let Some(policy) = conversion.take(TYPE) {
        conversion.put(TYPE, "autoRestart.enabled", json!(policy != "Never"));
    } else if !has_policy && conversion.has_field("autoRestart") {
        let usual = json!({"enabled": true, "maxRestarts": RESTARTS});
        conversion.write("autoRestart", usual, "it is Confluent's default");
    }
    let settings = settings::take(&mut conversion, "spec.configs");
    settings::put_into_connector(&mut conversion, settings);
    name_cluster(&mut conversion, &mut metadata);
    name(&mut conversion, &metadata);
    conversion.leave_rest();
    converted("KafkaConnector", &metadata, conversion)
}

fn name_cluster(conversion: &mut Conversion, metadata: &mut Value) {
    const NAME: &str = "spec.connectClusterRef.name";
    const NAMESPACE: &str = "spec.connectClusterRef.namespace";
    if let Some(name) = conversion.take(NAME) {
        conversion.ledger.moved(NAME, &format!("metadata.labels[{CLUSTER_LABEL}]"), &name);
        metadata["labels"][CLUSTER_LABEL] = name;
    }
    if let Some(namespace) = conversion.take(NAMESPACE) {
        if namespace == metadata["namespace"] {
            let why = "connector and cluster are in one namespace anyway";
            conversion.ledger.leave(NAMESPACE, why);
        } else if !conversion.made("connectRest").is_null() {
            conversion.ledger.leave(NAMESPACE, "the connector is where spec.connectRest says");
        } else {
            conversion.put(NAMESPACE, "clusterNamespace", namespace);
        }
    }
}

/// The name that the connector has in Kafka Connect.
fn name(conversion: &mut Conversion, metadata: &Value) {
    const NAME: &str = "spec.name";
    let Some(name) = conversion.take(NAME) else { return };
    if conversion.has_field("name") {
        conversion.put(NAME, "name", name);
    } else if name == metadata["name"] {
        conversion.ledger.leave(NAME, "the connector is named after the resource anyway");
    } else {
        conversion.ledger.leave(NAME, "the connector is named after the resource: rename that");
    }
}
