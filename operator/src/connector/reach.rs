//! The REST API of the place where a connector is, or shall be.

use std::sync::Arc;

use kube::core::DeserializeGuard;
use kube::{Resource, ResourceExt};
use sluice_crds::{ConnectRest, KafkaConnect};

use super::{Error, Place, place};
use crate::connect_api::ConnectApi;
use crate::context::Context;

/// The cluster of a place, if it runs connectors of `home`. One that cannot be read is there all the same for its own
/// namespace: its workers may well run.
pub(crate) fn cluster(
    place: &Place,
    home: &str,
    ctx: &Context,
) -> Option<Arc<DeserializeGuard<KafkaConnect>>> {
    let found = ctx.cluster(&place.namespace, &place.cluster)?;
    place::lets_in(found.0.as_ref().ok(), &place.namespace, home).then_some(found)
}

/// The workers of the place that a resource of `home` asks for.
pub async fn asked(
    rest: Option<&ConnectRest>,
    place: &Place,
    home: &str,
    ctx: &Context,
) -> Result<ConnectApi, Error> {
    if place.is_external() {
        return external(place, rest, home, ctx).await;
    }
    let Place { namespace, cluster: name, .. } = place.clone();
    let Some(found) = cluster(place, home, ctx) else {
        return Err(if namespace == home {
            Error::NoCluster { cluster: name }
        } else {
            Error::NotLetIn { namespace, cluster: name }
        });
    };
    if found.0.as_ref().is_ok_and(|found| found.spec.replicas == 0) {
        return Err(Error::NoWorkers { cluster: name });
    }
    ctx.workers(&namespace, &name).ok_or(Error::NoAccess { cluster: name })
}

/// The workers of a place that a connector of `home` leaves; none if they are gone, or go, or no longer let it in.
pub async fn former(
    place: &Place,
    rest: Option<&ConnectRest>,
    home: &str,
    ctx: &Context,
) -> Result<Option<ConnectApi>, Error> {
    if place.is_external() {
        return external(place, rest, home, ctx).await.map(Some);
    }
    let Some(found) = staying(place, home, ctx) else { return Ok(None) };
    let cluster = found.name_any();
    ctx.workers(&place.namespace, &cluster).ok_or(Error::NoAccess { cluster }).map(Some)
}

/// The cluster of a place, if it runs connectors of `home` and is not about to go.
pub(crate) fn staying(
    place: &Place,
    home: &str,
    ctx: &Context,
) -> Option<Arc<DeserializeGuard<KafkaConnect>>> {
    cluster(place, home, ctx).filter(|found| found.meta().deletion_timestamp.is_none())
}

/// What a resource says about another address says nothing about this one.
async fn external(
    place: &Place,
    rest: Option<&ConnectRest>,
    home: &str,
    ctx: &Context,
) -> Result<ConnectApi, Error> {
    let endpoint = &place.cluster;
    let rest = match rest.filter(|rest| rest.endpoint == *endpoint) {
        Some(rest) => rest.clone(),
        None => match ctx.external.latest(endpoint, home) {
            Some(api) => return Ok(api),
            None => ConnectRest { endpoint: endpoint.clone(), tls: None, authentication: None },
        },
    };
    let allowed = &ctx.settings.connect_rest;
    Ok(ctx.external.get(&rest, home, &ctx.client, allowed).await?)
}
