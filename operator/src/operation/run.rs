//! Carries an operation out, as far as it comes.
//!
//! The workers are asked only after the positions before, those after, and the version of the KafkaConnector have been
//! written down. Should the operator end in between, the next one asks again, which leads to the same, as long as nobody
//! has touched the KafkaConnector: it has been stopped all the time. Else the connector may have run on from its new
//! positions; then nothing is asked again.

use k8s_openapi::jiff::Timestamp;
use kube::{Api, Resource, ResourceExt};
use sluice_crds::{KafkaConnector, KafkaConnectorOffsets, OffsetsOperation, OffsetsPhase};
use sluice_rest_model::{ConnectorKind, ConnectorStateInfo};

use super::backup::{Backups, Unkept, Unusable};
use super::plan::{self, Change, Found};
use super::positions::Positions;
use super::status::{self, Done, Verdict};
use super::{Error, ask, ready, resume};
use crate::connect_api::ConnectApi;
use crate::connector::place::Place;
use crate::connector::{offsets::KEY, reach};
use crate::context::Context;
use crate::names::is_object_name;
use crate::reason::Reason;

/// What a look leads to; none if there is nothing new to say.
type Outcome = Result<Option<Verdict>, Error>;

/// Carries an operation out. Returns it as it was when the outcome was decided.
pub async fn run(
    cached: &KafkaConnectorOffsets,
    ctx: &Context,
) -> (KafkaConnectorOffsets, Outcome) {
    // Waiting costs nobody anything.
    if status::phase(cached) != Some(OffsetsPhase::Running)
        && let Err(verdict) = may_begin(cached, ctx.connector(cached).as_ref(), ctx)
        && status::says(cached, &verdict)
    {
        return (cached.clone(), Ok(None));
    }
    // What was seen last may be older than what this operator has written.
    let mut operation = match present(cached, &cached.name_any(), ctx).await {
        Ok(Some(operation)) if !status::is_over(&operation) => operation,
        Ok(_) => return (cached.clone(), Ok(None)),
        Err(error) => return (cached.clone(), Err(error)),
    };
    let outcome = match status::phase(&operation) {
        Some(OffsetsPhase::Running) => resume::resume(&operation, ctx).await,
        _ => begin(&mut operation, ctx).await,
    };
    (operation, outcome.map(Some))
}

/// Where the connector is, or why an operation has to wait.
fn may_begin(
    operation: &KafkaConnectorOffsets,
    connector: Option<&KafkaConnector>,
    ctx: &Context,
) -> Result<Place, Verdict> {
    let place = ready::place(&operation.spec, connector)?;
    match ctx.operation_before(operation) {
        Some(other) if plan::is_change(&operation.spec) => {
            let message =
                format!("KafkaConnectorOffsets {other} of the same connector comes first");
            Err(Verdict::Waits(Reason::WaitingForTurn, message))
        }
        _ => Ok(place),
    }
}

/// A resource of the operation's namespace as it is now. What is no name leads nowhere.
pub(super) async fn present<K>(
    operation: &KafkaConnectorOffsets,
    name: &str,
    ctx: &Context,
) -> Result<Option<K>, Error>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    if !is_object_name(name) {
        return Ok(None);
    }
    let namespace = operation.namespace().unwrap_or_default();
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &namespace);
    let found = api.get_opt(name).await;
    found.map_err(|source| Error::kubernetes("read the resource", source))
}

async fn begin(operation: &mut KafkaConnectorOffsets, ctx: &Context) -> Result<Verdict, Error> {
    let connector: Option<KafkaConnector> =
        present(operation, &operation.spec.connector, ctx).await?;
    let (connector, place) = match may_begin(operation, connector.as_ref(), ctx) {
        Err(verdict) => return Ok(verdict),
        Ok(place) => (connector.expect("a connector has a place"), place),
    };
    let home = operation.namespace().unwrap_or_default();
    let rest = connector.spec.connect_rest.as_ref();
    let workers = reach::asked(rest, &place, &home, ctx).await?;
    let told = match held_up(operation, &workers, &place).await? {
        Err(verdict) => return Ok(verdict),
        Ok(told) => told,
    };
    let before = Positions::of(workers.offsets(&place.name).await?, told.kind);
    let before = match before {
        Ok(before) => before,
        Err(error) => {
            let message = format!("the positions that the workers tell are of no use: {error}");
            return Ok(Verdict::Failed(Reason::OperationFailed, message));
        }
    };
    let backups = Backups::new(operation, &ctx.client);
    let found = match find(operation, &told, &workers, &backups).await? {
        Err(verdict) => return Ok(verdict),
        Ok(found) => found,
    };
    let after = match plan::target(&operation.spec, told.kind, &before, found) {
        Err(error) => return Ok(Verdict::Failed(error.reason, error.message)),
        Ok(after) => after,
    };
    let change = plan::change(&before, &after);
    let done = |message: &str, backup| {
        let positions = Some((before.clone(), after.clone()));
        let message = message.to_owned();
        Ok(Verdict::Done(Done { message, has_changed: false, backup, positions }))
    };
    if operation.spec.dry_run == Some(true) {
        return done("nothing was changed: status.after has what the positions would be", None);
    }
    if change == Change::None && plan::is_change(&operation.spec) {
        return done("the positions are so already", None);
    }
    let backup = match backups.write(&before, &after).await? {
        Ok(backup) => backup,
        Err(error) => return Ok(unkept(&backups.name(), error)),
    };
    if !plan::is_change(&operation.spec) {
        let message = format!("the positions are in the ConfigMap {backup}");
        return done(&message, Some(backup));
    }
    let version = resume::version(&connector);
    let begun = status::begun(operation, version, &backup, (&before, &after), Timestamp::now());
    ctx.operation_reports.write(operation, begun.clone()).await?;
    operation.status = Some(begun);
    ask::ask(operation, &change, &workers, &place).await
}

/// What the workers tell of a connector, or why the operation has to wait for them.
async fn held_up(
    operation: &KafkaConnectorOffsets,
    workers: &ConnectApi,
    place: &Place,
) -> Result<Result<ConnectorStateInfo, Verdict>, Error> {
    let Some(told) = workers.status(&place.name).await? else {
        let message = "the workers do not know the connector yet".to_owned();
        return Ok(Err(Verdict::Waits(Reason::Starting, message)));
    };
    if ready::is_held_up(&operation.spec, &told) {
        let message = "the workers have yet to stop the connector".to_owned();
        return Ok(Err(Verdict::Waits(Reason::WaitingForStopped, message)));
    }
    Ok(Ok(told))
}

/// What the operation needs to know beside the positions.
async fn find(
    operation: &KafkaConnectorOffsets,
    told: &ConnectorStateInfo,
    workers: &ConnectApi,
    backups: &Backups<'_>,
) -> Result<Result<Found, Verdict>, Error> {
    let spec = &operation.spec;
    if let Some(source) = spec.restore_from.as_ref() {
        let kept = backups.read(&source.name).await?;
        return Ok(kept.map(Found::Kept).map_err(|error| unusable(&source.name, error)));
    }
    if !plan::is_seek(spec.operation) {
        return Ok(Ok(Found::Nothing));
    }
    if told.kind != ConnectorKind::Sink {
        let message = "only sinks read topics; the positions of a source are its own: use Alter";
        return Ok(Err(Verdict::Failed(Reason::NotSupported, message.to_owned())));
    }
    let time = spec.seek_to_time.as_ref().map(|it| it.time.0.as_millisecond());
    let time = time.filter(|_| spec.operation == OffsetsOperation::SeekToTime);
    let Some(reading) = workers.reading(&told.name, time).await? else {
        return Ok(Err(Verdict::Failed(Reason::NotSupported, ready::not_supported())));
    };
    Ok(Ok(Found::Reading(reading.partitions)))
}

fn unkept(name: &str, error: Unkept) -> Verdict {
    let message = match error {
        Unkept::Foreign => format!(
            "the ConfigMap {name} is there and not this operation's; give the operation another name"
        ),
        Unkept::TooMany => "the positions are too many to be kept in a ConfigMap, and none is changed; use the REST \
                            API of the workers"
            .to_owned(),
    };
    Verdict::Failed(Reason::OperationFailed, message)
}

/// What was named may be put right.
fn unusable(name: &str, error: Unusable) -> Verdict {
    let (reason, what) = match error {
        Unusable::Missing => (Reason::ConfigMapNotFound, "is not there; create it".to_owned()),
        Unusable::NoKey(key) => (Reason::ConfigMapKeyNotFound, format!("has no key {key}; add it")),
        Unusable::Unreadable(cause) => {
            let cause = format!("cannot be used: {KEY}: {cause}; write it in the form of listing");
            (Reason::InvalidSpec, cause)
        }
    };
    Verdict::Waits(reason, format!("spec.restoreFrom: ConfigMap {name} {what}"))
}
