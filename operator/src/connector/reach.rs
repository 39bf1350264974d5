//! The REST API of the place where a connector is, or shall be.

use kube::Resource;
use sluice_crds::{ConnectRest, KafkaConnector};

use super::{Error, Place};
use crate::connect_api::ConnectApi;
use crate::context::Context;

/// The workers of the place that a resource asks for. A cluster that cannot be read is there all the same: its workers
/// may well run.
pub async fn asked(
    connector: &KafkaConnector,
    place: &Place,
    namespace: &str,
    ctx: &Context,
) -> Result<ConnectApi, Error> {
    if place.is_external() {
        return external(place, connector.spec.connect_rest.as_ref(), namespace, ctx).await;
    }
    let cluster = place.cluster.clone();
    let Some(found) = ctx.cluster(namespace, &cluster) else {
        return Err(Error::NoCluster { cluster });
    };
    if found.0.as_ref().is_ok_and(|found| found.spec.replicas == 0) {
        return Err(Error::NoWorkers { cluster });
    }
    ctx.workers(namespace, &cluster).ok_or(Error::NoAccess { cluster })
}

/// The workers of a place that a connector leaves; none if they are gone, or go.
pub async fn former(
    place: &Place,
    rest: Option<&ConnectRest>,
    namespace: &str,
    ctx: &Context,
) -> Result<Option<ConnectApi>, Error> {
    if place.is_external() {
        return external(place, rest, namespace, ctx).await.map(Some);
    }
    let found = ctx.cluster(namespace, &place.cluster);
    let stays = found.is_some_and(|found| found.meta().deletion_timestamp.is_none());
    if !stays {
        return Ok(None);
    }
    let cluster = place.cluster.clone();
    ctx.workers(namespace, &cluster).ok_or(Error::NoAccess { cluster }).map(Some)
}

/// What a resource says about another address says nothing about this one.
async fn external(
    place: &Place,
    rest: Option<&ConnectRest>,
    namespace: &str,
    ctx: &Context,
) -> Result<ConnectApi, Error> {
    let endpoint = &place.cluster;
    let rest = match rest.filter(|rest| rest.endpoint == *endpoint) {
        Some(rest) => rest.clone(),
        None => match ctx.external.latest(endpoint, namespace) {
            Some(api) => return Ok(api),
            None => ConnectRest { endpoint: endpoint.clone(), tls: None, authentication: None },
        },
    };
    let allowed = &ctx.settings.connect_rest;
    Ok(ctx.external.get(&rest, namespace, &ctx.client, allowed).await?)
}
