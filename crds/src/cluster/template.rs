//! Changes that users make to the objects of a cluster: `spec.template`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, CSIVolumeSource, ConfigMapVolumeSource, EmptyDirVolumeSource, EnvFromSource, EnvVar,
    HostAlias, ImageVolumeSource, LocalObjectReference, PersistentVolumeClaimVolumeSource,
    PodDNSConfig, PodSecurityContext, SecretVolumeSource, SecurityContext, Toleration,
    TopologySpreadConstraint, VolumeMount,
};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema;

/// Changes to the objects that the operator makes for a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// The worker pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodTemplate>,
    /// The worker's container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_container: Option<ConnectContainerTemplate>,
    /// The StatefulSet of the workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stateful_set: Option<ObjectTemplate>,
    /// The same under the name that it has in Strimzi; statefulSet counts first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_set: Option<ObjectTemplate>,
    /// The Service of the REST API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_service: Option<ServiceTemplate>,
    /// The Service that gives each worker its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headless_service: Option<ServiceTemplate>,
    /// The ServiceAccount of the workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ObjectTemplate>,
    /// The limit on workers that an eviction may take away at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_disruption_budget: Option<BudgetTemplate>,
    /// Anything else of the pods: a PodTemplateSpec that is laid over the one the operator makes. Objects are merged,
    /// lists of named things (containers, volumes, env) by name, other lists are replaced.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub pod_template: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: no container looks for the rack.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub init_container: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: workers have no rights.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub cluster_role_binding: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: nothing is built.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub build_pod: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: nothing is built.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub build_container: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: nothing is built.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub build_config: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: nothing is built.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub build_service_account: Map<String, Value>,
    /// Accepted from other operators' manifests and without effect: native workers have no JMX.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub jmx_secret: Map<String, Value>,
}

/// Labels and annotations to add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateMetadata {
    /// Labels to add. Those that the operator sets stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations to add. Those that the operator sets stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Changes to an object of which only the metadata can be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectTemplate {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
}

/// Changes to a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceTemplate {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
    /// Whether the Service has addresses of one family or two: SingleStack, PreferDualStack or RequireDualStack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_family_policy: Option<IpFamilyPolicy>,
    /// Families of its addresses, IPv4 and IPv6, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub ip_families: Vec<IpFamily>,
}

/// Whether a Service has addresses of one family or two: SingleStack, PreferDualStack or RequireDualStack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IpFamilyPolicy {
    /// One.
    SingleStack,
    /// Two if the cluster has them.
    PreferDualStack,
    /// Two.
    RequireDualStack,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IpFamily {
    /// Version 4.
    IPv4,
    /// Version 6.
    IPv6,
}

/// Changes to the PodDisruptionBudget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetTemplate {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
    /// Workers that may be away at once. Default 1.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<i32>,
    /// Whether workers that are not ready may be evicted beyond that: AlwaysAllow (the default) or IfHealthyBudget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_pod_eviction_policy: Option<EvictionPolicy>,
}

/// Whether workers that are not ready may be evicted beyond the budget: AlwaysAllow (the default) or IfHealthyBudget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EvictionPolicy {
    /// At any time, so that a worker that never becomes ready does not keep a node from being emptied.
    #[default]
    AlwaysAllow,
    /// Only while enough others are ready.
    IfHealthyBudget,
}

/// Changes to the worker pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    /// Labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
    /// Secrets for pulling the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Security settings of the pod, in place of the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<PodSecurityContext>,
    /// Seconds that a worker has for stopping its tasks, committing and leaving the group. Default 30.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<i64>,
    /// Rules for the choice of nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Taints that the pods bear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// How pods spread over nodes and zones. Default: evenly over both where possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// Name of the priority class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    /// Name of the scheduler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_name: Option<String>,
    /// Further lines of the hosts file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_aliases: Vec<HostAlias>,
    /// How names are resolved: ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_policy: Option<DnsPolicy>,
    /// Name servers and search paths, on top of what dnsPolicy gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<PodDNSConfig>,
    /// Whether the addresses of all Services of the namespace become environment variables. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_service_links: Option<bool>,
    /// Whether the pods share the user namespace of their node. Default: that of Kubernetes, true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_users: Option<bool>,
    /// Largest size of the folder /tmp, such as 1Gi. Default: 64Mi.
    #[schemars(length(max = 32), regex(pattern = r"^([0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmp_dir_size_limit: Option<String>,
    /// Volumes that the container can mount, for instance the folders that file connectors read and write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub volumes: Vec<Volume>,
    /// Refused: all pods of a StatefulSet are alike. A claim for each worker comes from volumeClaimTemplates, files for
    /// each worker from a volume whose mount has subPathExpr $(POD_NAME).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::free_list")]
    pub templated_volumes: Vec<Value>,
    /// A claim for each worker: PersistentVolumeClaims whose metadata.name volumeMounts refer to. They can only be given when the
    /// cluster is made, and stay when it goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::free_list")]
    pub volume_claim_templates: Vec<Value>,
    /// Containers that run before the worker, or beside it with restartPolicy Always, as in a pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::free_list")]
    pub init_containers: Vec<Value>,
    /// Containers that run beside the worker, as in a pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::free_list")]
    pub sidecars: Vec<Value>,
}

/// How names are resolved: ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DnsPolicy {
    /// In the Kubernetes cluster first.
    ClusterFirst,
    /// The same for pods in the network of their node.
    ClusterFirstWithHostNet,
    /// As on the node.
    Default,
    /// As dnsConfig says alone.
    None,
}

/// A volume, with exactly one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "[has(self.secret), has(self.configMap), has(self.emptyDir), has(self.persistentVolumeClaim), has(self.csi), has(self.image), has(self.ephemeral), has(self.projected)].filter(it, it).size() == 1",
    "give exactly one of secret, configMap, emptyDir, persistentVolumeClaim, csi, image, ephemeral and projected"
))]
pub struct Volume {
    /// Name that volumeMounts refer to.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Keys of a Secret as files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretVolumeSource>,
    /// Keys of a ConfigMap as files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapVolumeSource>,
    /// An empty folder that lives as long as the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_dir: Option<EmptyDirVolumeSource>,
    /// A claimed volume, shared by all workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim: Option<PersistentVolumeClaimVolumeSource>,
    /// A volume of a storage driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csi: Option<CSIVolumeSource>,
    /// The content of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageVolumeSource>,
    /// A claim that comes and goes with each pod, as in a pod: volumeClaimTemplate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::free_map")]
    pub ephemeral: Option<Map<String, Value>>,
    /// Several Secrets, ConfigMaps and fields of the pod in one folder, as in a pod: sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::free_map")]
    pub projected: Option<Map<String, Value>>,
}

/// Changes to the worker's container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectContainerTemplate {
    /// Further environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Secrets and ConfigMaps whose keys become environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub env_from: Vec<EnvFromSource>,
    /// Where the pod's volumes appear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Security settings of the container, in place of the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<SecurityContext>,
    /// What happens after the start and before the end of the container, as in a pod: postStart and preStop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::free_map")]
    pub lifecycle: Option<Map<String, Value>>,
    /// A check that goes before the others, as in a pod. Without an action of its own it asks whether the worker serves its metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::free_map")]
    pub startup_probe: Option<Map<String, Value>>,
}
