//! The ConfigMap with the worker file.

use k8s_openapi::api::core::v1::ConfigMap;

use super::super::Cluster;
use crate::{names, properties};

/// Name of the worker file.
pub(super) const FILE: &str = "worker.properties";

pub(super) fn of(cluster: &Cluster) -> ConfigMap {
    let text = properties::render(&cluster.worker_file.settings);
    ConfigMap {
        metadata: super::metadata(cluster, names::config_map(&cluster.name), None),
        data: Some([(FILE.to_owned(), text)].into()),
        ..ConfigMap::default()
    }
}
