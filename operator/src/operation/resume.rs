//! Goes on with a change that an operator began and did not end.

use kube::ResourceExt;
use sluice_crds::{ConnectorVersion, KafkaConnector, KafkaConnectorOffsets};
use sluice_rest_model::ConnectorKind;

use super::backup::Backups;
use super::positions::Positions;
use super::status::{Done, Verdict};
use super::{Error, ask, plan, ready, run};
use crate::connector::{place, reach};
use crate::context::Context;
use crate::reason::Reason;

/// Goes on with a change that began.
pub(super) async fn resume(
    operation: &KafkaConnectorOffsets,
    ctx: &Context,
) -> Result<Verdict, Error> {
    let connector: Option<KafkaConnector> =
        run::present(operation, &operation.spec.connector, ctx).await?;
    let began_with = operation.status.as_ref().and_then(|it| it.began_with.clone());
    let backups = Backups::new(operation, &ctx.client);
    let Ok((before, after)) = backups.read_own().await? else {
        let message = "the operator ended meanwhile, and the backup is gone or was changed; look at the positions, and \
                       make another operation";
        return Ok(Verdict::Failed(Reason::OperationInterrupted, message.to_owned()));
    };
    let Some((connector, place)) =
        connector.and_then(|it| place::known(&it).map(|place| (it, place)))
    else {
        return Ok(interrupted());
    };
    let home = operation.namespace().unwrap_or_default();
    let rest = connector.spec.connect_rest.as_ref();
    let workers = reach::asked(rest, &place, &home, ctx).await?;
    let is_same = began_with == Some(version(&connector));
    let kind = match workers.status(&place.name).await? {
        Some(told) if is_same && ready::is_held_up(&operation.spec, &told) => {
            let message = "the workers say that the connector is not stopped".to_owned();
            return Ok(Verdict::Waits(Reason::WaitingForStopped, message));
        }
        told => told.map_or(ConnectorKind::Unknown, |told| told.kind),
    };
    let read = |offsets| Positions::of(offsets, kind).map_err(|_| ());
    let (Ok(before), Ok(after)) = (read(before), read(after)) else { return Ok(interrupted()) };
    if is_same {
        return ask::ask(operation, &plan::change(&before, &after), &workers, &place).await;
    }
    match read(workers.offsets(&place.name).await?) {
        Ok(present) if present == after => {
            let message = "the positions are what they shall be".to_owned();
            let (backup, positions) = (None, None);
            Ok(Verdict::Done(Done { message, has_changed: true, backup, positions }))
        }
        _ => Ok(interrupted()),
    }
}

/// Which version of a connector this is.
pub(super) fn version(connector: &KafkaConnector) -> ConnectorVersion {
    ConnectorVersion {
        uid: connector.uid().unwrap_or_default(),
        generation: connector.metadata.generation.unwrap_or_default(),
    }
}

fn interrupted() -> Verdict {
    let message = "the operator ended while the workers were asked, and the KafkaConnector was changed before another \
                   looked: the change may have been made or not, and is not tried again. The positions before are in \
                   the ConfigMap of status.backup; compare, and make another operation";
    Verdict::Failed(Reason::OperationInterrupted, message.to_owned())
}
