//! The identity of the worker pods. Nothing grants it anything, and no token is mounted.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::super::Cluster;
use crate::names;

pub(super) fn of(cluster: &Cluster) -> ServiceAccount {
    let template = cluster.template.service_account.as_ref();
    let added = template.and_then(|template| template.metadata.as_ref());
    ServiceAccount {
        metadata: super::metadata(cluster, names::workers(&cluster.name), added),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
