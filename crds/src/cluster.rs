//! `KafkaConnect`: a cluster of workers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema;

pub(crate) mod allowed_namespaces;
pub(crate) mod authentication;
pub(crate) mod logging;
pub(crate) mod network_policy;
pub(crate) mod oauth;
pub(crate) mod rack;
pub(crate) mod rest;
pub(crate) mod rollout;
pub(crate) mod status;
pub(crate) mod template;
pub(crate) mod tracing;
pub(crate) mod unmanaged;

use allowed_namespaces::AllowedNamespaces;
use authentication::{Authentication, Tls};
use logging::Logging;
use network_policy::NetworkPolicyPeers;
use rack::Rack;
use rest::Rest;
use rollout::Rollout;
use status::KafkaConnectStatus;
use template::Template;
use tracing::Tracing;
use unmanaged::UnmanagedConnectors;

/// A cluster of Kafka Connect workers that share one group and three internal topics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "sluice.dev",
    version = "v1alpha1",
    kind = "KafkaConnect",
    plural = "kafkaconnects",
    shortname = "slc",
    category = "sluice",
    namespaced,
    cel,
    derive = "PartialEq",
    status = "KafkaConnectStatus",
    doc = "A cluster of Kafka Connect workers.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(
        name = "Workers",
        type_ = "string",
        json_path = ".status.workers",
        description = "Ready workers of desired ones"
    ),
    printcolumn(
        name = "Connectors",
        type_ = "string",
        json_path = ".status.connectors",
        description = "Running connectors of all"
    ),
    printcolumn(
        name = "Tasks",
        type_ = "string",
        json_path = ".status.tasks",
        description = "Running tasks of all"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "Whether every worker is ready and the group answers"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "Why it is or is not ready"
    ),
    printcolumn(
        name = "Warning",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Warning')].reason",
        description = "What is missing or has no effect"
    ),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Group", type_ = "string", json_path = ".spec.groupId", priority = 1),
    printcolumn(
        name = "State",
        type_ = "string",
        json_path = ".status.groupState",
        description = "Whether the group has settled",
        priority = 1
    ),
    printcolumn(name = "Leader", type_ = "string", json_path = ".status.leader", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "self.configStorageTopic != self.offsetStorageTopic && self.configStorageTopic != self.statusStorageTopic && self.offsetStorageTopic != self.statusStorageTopic",
        "configStorageTopic, offsetStorageTopic and statusStorageTopic must be three different topics"
    ),
    validation = (
        "!has(self.authentication) || self.authentication.type != 'tls' || has(self.tls)",
        "authentication of type tls needs spec.tls (it may be empty: then the system's certificate authorities are trusted)"
    )
)]
pub struct KafkaConnectSpec {
    /// Number of workers. 0 suspends the cluster: no worker runs, and the configuration stays.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,
    /// Version of the workers, out of those for which the operator was given an image. With image it has no effect.
    #[schemars(length(min = 1, max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Image of the workers. Default: the one for version, or the one that the operator was installed with.
    #[schemars(length(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Kafka brokers to start from: host:port, several separated by commas.
    #[schemars(
        length(min = 1, max = 4096),
        regex(pattern = r"^\s*[^\s,]+:[0-9]{1,5}(\s*,\s*[^\s,]+:[0-9]{1,5})*\s*$")
    )]
    pub bootstrap_servers: String,
    /// Name of the group that the workers form (group.id). Two clusters on one Kafka must not share it.
    #[schemars(length(min = 1, max = 249))]
    pub group_id: String,
    /// Topic with the connector configurations (config.storage.topic).
    #[schemars(length(min = 1, max = 249), regex(pattern = r"^[a-zA-Z0-9._-]+$"))]
    pub config_storage_topic: String,
    /// Topic with the connector and task states (status.storage.topic).
    #[schemars(length(min = 1, max = 249), regex(pattern = r"^[a-zA-Z0-9._-]+$"))]
    pub status_storage_topic: String,
    /// Topic with the source positions (offset.storage.topic).
    #[schemars(length(min = 1, max = 249), regex(pattern = r"^[a-zA-Z0-9._-]+$"))]
    pub offset_storage_topic: String,
    /// Further worker settings, as in a worker file of Kafka Connect. Values are strings, numbers or booleans.
    /// Keys that the other fields of this resource decide are refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub config: BTreeMap<String, Value>,
    /// Encrypts the connections to Kafka.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How the workers show Kafka who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// CPU and memory of one worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Times of the check that restarts a worker whose process hangs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<Probe>,
    /// Times of the check that a worker has joined its group and answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<Probe>,
    /// What the workers log. Takes effect without a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<Logging>,
    /// Where a worker is (client.rack), so that its consumers read from brokers nearby.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rack: Option<Rack>,
    /// The workers' own REST API: encryption, and who may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
    /// Who may reach the workers over the network, beside the workers of this cluster and the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_policy: Option<NetworkPolicyPeers>,
    /// Traces of the records that go through the workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracing: Option<Tracing>,
    /// Changes to the objects that the operator makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// How a change reaches the workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Connectors of other namespaces that may run here. Default: none. A connector runs in the same processes as all
    /// others of the cluster: whoever is let in is trusted with what the workers can reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
    /// What becomes of connectors that no KafkaConnector asks for, such as those made over REST: Ignore (the default)
    /// leaves them alone, Adopt makes a KafkaConnector for each, Delete deletes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmanaged_connectors: Option<UnmanagedConnectors>,
    /// Accepted from other operators' manifests: workers serve metrics on port 9404 in any case, under the names of
    /// Kafka Connect's dashboards, and the rules given here have no effect.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub metrics_config: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: native workers have no JVM.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub jvm_options: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: native workers have no JMX.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub jmx_options: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: no image has to be built, as connectors are part of
    /// the worker's.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub build: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: native workers load no Java plugins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::free_list")]
    pub plugins: Vec<Value>,
    /// Accepted from other operators' manifests and without effect: the rack is found without a container for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_rack_init_image: Option<String>,
}

const fn one() -> i32 {
    1
}

/// Times of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Seconds after the start before the first check.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_delay_seconds: Option<i32>,
    /// Seconds that one check may take.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// Seconds between checks.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i32>,
    /// Good checks in a row after which a worker counts as good again.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_threshold: Option<i32>,
    /// Bad checks in a row after which a worker counts as bad.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i32>,
}

#[cfg(test)]
mod rules;
