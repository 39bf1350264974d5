//! The StatefulSet of the workers.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::super::{Cluster, overlay};
use super::pod;
use crate::names;

/// Workers are peers, so they start together. Pods of an older revision are the operator's to replace: see
/// [`roll`](super::super::roll).
pub(super) fn of(cluster: &Cluster) -> StatefulSet {
    let template = cluster.template.stateful_set.as_ref().or(cluster.template.pod_set.as_ref());
    let added = template.and_then(|template| template.metadata.as_ref());
    let pods = overlay::apply(pod::template(cluster), &cluster.template.pod_template);
    StatefulSet {
        metadata: super::metadata(cluster, names::workers(&cluster.name), added),
        spec: Some(StatefulSetSpec {
            replicas: Some(cluster.spec.replicas),
            service_name: Some(names::workers(&cluster.name)),
            pod_management_policy: Some("Parallel".to_owned()),
            selector: LabelSelector {
                match_labels: Some(super::selector(cluster)),
                ..LabelSelector::default()
            },
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("OnDelete".to_owned()),
                rolling_update: None,
            }),
            template: pods,
            volume_claim_templates: Some(cluster.parts.claims.clone()).filter(|it| !it.is_empty()),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}
