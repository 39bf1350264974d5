//! How many workers an eviction may take away at once.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use sluice_crds::EvictionPolicy;

use super::super::Cluster;
use crate::names;

pub(super) fn of(cluster: &Cluster) -> PodDisruptionBudget {
    let template = cluster.template.pod_disruption_budget.as_ref();
    let added = template.and_then(|template| template.metadata.as_ref());
    let away = template.and_then(|template| template.max_unavailable).unwrap_or(1);
    let unhealthy = template.and_then(|template| template.unhealthy_pod_eviction_policy);
    let unhealthy = match unhealthy.unwrap_or_default() {
        EvictionPolicy::AlwaysAllow => "AlwaysAllow",
        EvictionPolicy::IfHealthyBudget => "IfHealthyBudget",
    };
    PodDisruptionBudget {
        metadata: super::metadata(cluster, names::workers(&cluster.name), added),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(away)),
            unhealthy_pod_eviction_policy: Some(unhealthy.to_owned()),
            selector: Some(LabelSelector {
                match_labels: Some(super::selector(cluster)),
                ..LabelSelector::default()
            }),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}
