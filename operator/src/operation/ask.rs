//! The one call that changes positions.

use k8s_openapi::jiff::Timestamp;
use sluice_crds::KafkaConnectorOffsets;

use super::Error;
use super::plan::Change;
use super::status::{Done, Verdict};
use crate::connect_api::{self, ConnectApi};
use crate::connector::Place;
use crate::reason::Reason;

/// How long a change is tried that the workers answer with an error of their own, in seconds.
const PATIENCE: i64 = 120;

/// Has the workers change positions.
pub(super) async fn ask(
    operation: &KafkaConnectorOffsets,
    change: &Change,
    workers: &ConnectApi,
    place: &Place,
) -> Result<Verdict, Error> {
    let asked = match change {
        Change::None => Ok("the positions are what they shall be".to_owned()),
        Change::Reset => workers.reset_offsets(&place.name).await,
        Change::Alter(offsets) => workers.alter_offsets(&place.name, offsets).await,
    };
    let error = match asked {
        Ok(message) => {
            let (backup, positions) = (None, None);
            return Ok(Verdict::Done(Done { message, has_changed: true, backup, positions }));
        }
        Err(error) => error,
    };
    let connect_api::Error::Refused { status, message } = &error else { return Err(error.into()) };
    let began = operation.status.as_ref().and_then(|it| it.start_time.as_ref());
    let tried = began.map_or(0, |it| Timestamp::now().as_second() - it.0.as_second());
    // What is wrong with the request stays wrong. A fault of a worker may pass; so may a class that refuses.
    if matches!(status, 400 | 404 | 422) || (*status == 500 && tried > PATIENCE) {
        let message = format!("the workers refuse it: {message}");
        return Ok(Verdict::Failed(Reason::OperationFailed, message));
    }
    Err(error.into())
}
