//! Where a worker is.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a worker finds its rack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "(has(self.type) && self.type == 'environment-variable') || has(self.topologyKey)",
        "a rack of type topology-label needs topologyKey"
    ),
    validation = (
        "!has(self.type) || self.type != 'environment-variable' || has(self.envVarName)",
        "a rack of type environment-variable needs envVarName"
    )
)]
pub struct Rack {
    /// topology-label (the default): a label of the node, as Kubernetes repeats it on the pod; environment-variable: a
    /// variable of the worker's container.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<RackType>,
    /// Type topology-label: topology.kubernetes.io/zone or topology.kubernetes.io/region, which Kubernetes puts on pods.
    #[schemars(length(min = 1, max = 317))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
    /// Type environment-variable: a variable of template.connectContainer.
    #[schemars(length(min = 1, max = 253))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_var_name: Option<String>,
}

/// topology-label (the default): a label of the node; environment-variable: a variable of the worker's container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RackType {
    /// A label of the node.
    #[default]
    TopologyLabel,
    /// A variable of the container.
    EnvironmentVariable,
}
