//! Who reaches the workers: each other, the operator, and whom the spec names.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::Cluster;
use crate::names;

/// Label of a namespace with its name.
const NAMESPACE: &str = "kubernetes.io/metadata.name";

pub(super) fn of(cluster: &Cluster) -> NetworkPolicy {
    let given = cluster.spec.network_policy.clone().unwrap_or_default();
    let mut rest = vec![workers(cluster), operator(cluster)];
    rest.extend(given.rest_peers);
    // No peers at all means everybody. The operator asks there who leads the group.
    let metrics = (!given.metrics_peers.is_empty())
        .then(|| [vec![operator(cluster)], given.metrics_peers].concat());
    NetworkPolicy {
        metadata: super::metadata(cluster, names::workers(&cluster.name), None),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels(super::selector(cluster))),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![
                rule(names::REST_PORT, Some(rest)),
                rule(names::METRICS_PORT, metrics),
            ]),
            ..NetworkPolicySpec::default()
        }),
    }
}

fn workers(cluster: &Cluster) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(labels(super::selector(cluster))),
        ..NetworkPolicyPeer::default()
    }
}

/// All of its namespace: labels of its pods are a matter of how it was installed.
fn operator(cluster: &Cluster) -> NetworkPolicyPeer {
    let name = (NAMESPACE.to_owned(), cluster.operator_namespace.clone());
    NetworkPolicyPeer {
        namespace_selector: Some(labels([name].into())),
        ..NetworkPolicyPeer::default()
    }
}

fn labels(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

fn rule(port: i32, from: Option<Vec<NetworkPolicyPeer>>) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule {
        from,
        ports: Some(vec![NetworkPolicyPort {
            port: Some(IntOrString::Int(port)),
            protocol: Some("TCP".to_owned()),
            ..NetworkPolicyPort::default()
        }]),
    }
}
