//! Reads and changes offsets of connectors beside the loop.

use std::{sync::Arc, time::Duration};

use sluice_config::Properties;
use sluice_engine::{Engine, JsonOffset, OffsetsChange, OffsetsRefusal};
use sluice_providers::Providers;
use sluice_rest_model::{
    ConnectorOffset, ConnectorOffsets, DeadLetterTopic, ReadPartition, Reading,
};

use super::{jobs::Done, now_millis};
use crate::{
    event::{Event, OffsetsAction, RequestId},
    request::{Answer, Error},
    stage::Stage,
};

/// What the action needs to know of the connector and of the worker.
pub(super) struct Offsets {
    pub(super) engine: Arc<Engine>,
    pub(super) providers: Arc<Providers>,
    pub(super) connector: String,
    pub(super) config: Properties,
    /// How long a connector may look at a change.
    pub(super) limit: Duration,
}

pub(super) async fn act(on: Offsets, request: RequestId, action: OffsetsAction) -> Done {
    let began = now_millis();
    let answer = on.answer(action).await.map_err(|refusal| match refusal {
        OffsetsRefusal::BadRequest(text) => Error::BadRequest(text),
        OffsetsRefusal::Failed(text) => Error::Internal(on.providers.hidden().mask(&text)),
        OffsetsRefusal::Hangs => {
            let doing = format!("asking connector {} to look at its new offsets", on.connector);
            Stage::new(doing, began).timed_out()
        }
    });
    Done::Event(Event::Offsets(request, answer))
}

impl Offsets {
    async fn answer(&self, action: OffsetsAction) -> Result<Answer, OffsetsRefusal> {
        let settings = self.providers.resolve(&self.config);
        let settings =
            settings.map_err(|error| OffsetsRefusal::Failed(error.to_string()))?.settings;
        match action {
            OffsetsAction::Read => {
                let offsets = self.engine.offsets(&self.connector, &settings).await?;
                let offsets = offsets.into_iter().map(shown).collect();
                Ok(Answer::Offsets(ConnectorOffsets { offsets: Some(offsets) }))
            }
            OffsetsAction::Reading(time) => {
                let read = self.engine.reading(&self.connector, &settings, time).await?;
                let partitions = read.partitions.into_iter().map(told).collect();
                let dead_letters = read
                    .dead_letters
                    .map(|it| DeadLetterTopic { topic: it.topic, records: it.records });
                Ok(Answer::Reading(Reading { partitions, absent: read.absent, dead_letters }))
            }
            OffsetsAction::Change(change) => {
                let verb = if change == OffsetsChange::Reset { "reset" } else { "altered" };
                let engine = &self.engine;
                let changed =
                    engine.change_offsets(&self.connector, &settings, change, self.limit).await?;
                Ok(Answer::Message(done(verb, changed)))
            }
        }
    }
}

fn shown((partition, offset): JsonOffset) -> ConnectorOffset {
    ConnectorOffset { partition, offset }
}

fn told(read: sluice_engine::ReadPartition) -> ReadPartition {
    let sluice_engine::ReadPartition { of, position, beginning, end, lag, waiting_since, at } =
        read;
    let (topic, partition) = (of.topic.to_string(), of.partition);
    ReadPartition { topic, partition, position, beginning, end, lag, waiting_since, at }
}

/// What the client is told (`Worker.completeModifyOffsetsCallback`).
fn done(verb: &str, is_complete: bool) -> String {
    if is_complete {
        return format!("The offsets for this connector have been {verb} successfully");
    }
    format!(
        "The Connect framework-managed offsets for this connector have been {verb} successfully. However, if this \
         connector manages offsets externally, they will need to be manually {verb} in the system that the connector uses."
    )
}
