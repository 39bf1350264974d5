//! The headers of a dead letter: where the record came from and what went wrong (KIP-298).

use std::sync::Arc;

use bytes::Bytes;

use super::Original;
use crate::{offsets::json, stage::Step, task::TaskId, trace::Failure};

/// Names and values, in Java's order.
pub(super) type Headers = Vec<(Arc<str>, Option<Bytes>)>;

/// What Java adds to a dead letter of a sink. Those of a source, which Java does not have, say its position instead of
/// an offset in Kafka.
pub(super) fn context(
    id: &TaskId,
    step: &Step,
    failure: &Failure,
    original: Original<'_>,
) -> Headers {
    let text = |it: &str| Some(Bytes::copy_from_slice(it.as_bytes()));
    let place: Vec<(&str, Option<Bytes>)> = match original {
        Original::Consumed(message) => vec![
            ("topic", text(&message.topic)),
            ("partition", text(&message.partition.to_string())),
            ("offset", text(&message.offset.to_string())),
        ],
        Original::Polled(record) => vec![
            ("topic", text(&record.topic)),
            ("source.partition", text(&json::object(&record.source_partition.0))),
            ("source.offset", text(&json::object(&record.source_offset.0))),
        ],
    };
    let what = [
        ("connector.name", text(&id.connector)),
        ("task.id", text(&id.task.to_string())),
        ("stage", text(step.stage.name())),
        ("class.name", text(&step.class)),
        ("exception.class.name", text(failure.class())),
        ("exception.message", failure.message().and_then(text)),
        ("exception.stacktrace", text(&format!("{failure}\n"))),
    ];
    let named = |(name, value): (&str, _)| (Arc::from(format!("__connect.errors.{name}")), value);
    place.into_iter().chain(what).map(named).collect()
}
