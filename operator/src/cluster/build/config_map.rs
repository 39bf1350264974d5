//! The ConfigMap with the worker file and what lies beside it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::super::worker_file::rest;
use super::super::{Cluster, logging};
use crate::{names, properties};

/// Name of the worker file.
pub(super) const FILE: &str = "worker.properties";

/// Name of the file with the levels of loggers, which workers read again when it changes.
pub const LOGGERS: &str = "loggers.properties";

pub(super) fn of(cluster: &Cluster) -> ConfigMap {
    let mut files = read_at_start(cluster);
    files.insert(LOGGERS.to_owned(), logging::file(&cluster.levels));
    ConfigMap {
        metadata: super::metadata(cluster, names::config_map(&cluster.name), None),
        data: Some(files),
        ..ConfigMap::default()
    }
}

/// The files that workers read once.
pub(super) fn read_at_start(cluster: &Cluster) -> BTreeMap<String, String> {
    let text = properties::render(&cluster.worker_file.settings);
    let jaas = cluster.worker_file.rest_jaas.clone();
    let jaas = jaas.map(|jaas| (rest::JAAS_FILE.to_owned(), jaas));
    [(FILE.to_owned(), text)].into_iter().chain(jaas).collect()
}
