//! Who may reach the workers.

use k8s_openapi::api::networking::v1::NetworkPolicyPeer;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Who may reach the workers, beside the workers of this cluster and the operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicyPeers {
    /// Who may use the REST API (port 8083). Nobody else unless given; an ipBlock of 0.0.0.0/0 lets all in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub rest_peers: Vec<NetworkPolicyPeer>,
    /// Who may read the metrics (port 9404), beside the operator. Everybody unless given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub metrics_peers: Vec<NetworkPolicyPeer>,
}
