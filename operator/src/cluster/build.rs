//! Step 3: the objects of a cluster. Pure, and cannot fail.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sluice_crds::TemplateMetadata;

use super::Cluster;
use crate::names;

mod config_map;
mod container;
mod disruption_budget;
mod network_policy;
mod pod;
mod service;
mod service_account;
mod stateful_set;

pub use config_map::LOGGERS;

/// Every object of a cluster, in the order in which they are applied.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Identity of the pods, without any right.
    pub service_account: ServiceAccount,
    /// The worker file and what lies beside it.
    pub config_map: ConfigMap,
    /// Gives each worker its name.
    pub headless_service: Service,
    /// The REST API of any worker.
    pub api_service: Service,
    /// Limits what an eviction may take away.
    pub disruption_budget: PodDisruptionBudget,
    /// Limits who reaches the workers.
    pub network_policy: NetworkPolicy,
    /// The workers; last, because its pods need all of the above.
    pub stateful_set: StatefulSet,
}

/// Builds all objects.
pub fn resources(cluster: &Cluster) -> Resources {
    Resources {
        service_account: service_account::of(cluster),
        headless_service: service::headless(cluster),
        api_service: service::api(cluster),
        disruption_budget: disruption_budget::of(cluster),
        network_policy: network_policy::of(cluster),
        stateful_set: stateful_set::of(cluster),
        config_map: config_map::of(cluster),
    }
}

/// Metadata of an object: what the user adds, then what the operator needs.
fn metadata(cluster: &Cluster, name: String, added: Option<&TemplateMetadata>) -> ObjectMeta {
    let mut labels = added.map(|it| it.labels.clone()).unwrap_or_default();
    labels.extend(names::labels(&cluster.name));
    let annotations = added.map(|it| it.annotations.clone()).filter(|it| !it.is_empty());
    ObjectMeta {
        name: Some(name),
        namespace: Some(cluster.namespace.clone()),
        labels: Some(labels),
        annotations,
        owner_references: Some(vec![cluster.owner.clone()]),
        ..ObjectMeta::default()
    }
}

fn selector(cluster: &Cluster) -> BTreeMap<String, String> {
    names::selector(&cluster.name)
}

#[cfg(test)]
mod tests;
