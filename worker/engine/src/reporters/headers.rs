//! The headers of a dead letter: where the record came from and what went wrong (KIP-298).

use std::sync::Arc;

use bytes::Bytes;

use super::Original;
use crate::{offsets::json, stage::Step, task::TaskId, trace::Failure};

/// Names and values, in Java's order.
pub(super) type Headers = Vec<(Arc<str>, Option<Bytes>)>;

/// What Java adds to a dead letter of a sink. Those of a source, which Java does not have, say its position instead of
/// an offset in Kafka. What others wrote, the error and the source's position, goes through `mask`.
pub(super) fn context(
    id: &TaskId,
    step: &Step,
    failure: &Failure,
    original: Original<'_>,
    mask: &dyn Fn(&str) -> String,
) -> Headers {
    let text = |it: &str| Some(Bytes::copy_from_slice(it.as_bytes()));
    let told = |it: &str| text(&mask(it));
    let place: Vec<(&str, Option<Bytes>)> = match original {
        Original::Consumed(message) => vec![
            ("topic", text(&message.topic)),
            ("partition", text(&message.partition.to_string())),
            ("offset", text(&message.offset.to_string())),
        ],
        Original::Polled(record) => vec![
            ("topic", text(&record.topic)),
            ("source.partition", told(&json::object(&record.source_partition.0))),
            ("source.offset", told(&json::object(&record.source_offset.0))),
        ],
    };
    let what = [
        ("connector.name", text(&id.connector)),
        ("task.id", text(&id.task.to_string())),
        ("stage", text(step.stage.name())),
        ("class.name", text(&step.class)),
        ("exception.class.name", text(failure.class())),
        ("exception.message", failure.message().and_then(told)),
        ("exception.stacktrace", told(&format!("{failure}\n"))),
    ];
    let named = |(name, value): (&str, _)| (Arc::from(format!("__connect.errors.{name}")), value);
    place.into_iter().chain(what).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clients::{Message, TimestampType},
        stage::Stage,
    };

    fn of(failure: &Failure) -> Vec<(String, Option<String>)> {
        let message = Message {
            topic: "source-topic".into(),
            partition: 7,
            offset: 10,
            timestamp: -1,
            timestamp_type: TimestampType::NoTimestampType,
            key: None,
            value: None,
            headers: Vec::new(),
        };
        let step = Step::new(Stage::Transformation, "org.example.Rename");
        let original = Original::Consumed(&message);
        let mask = |it: &str| it.replace("hush", "[hidden]");
        let headers = context(&TaskId::new("job", 3), &step, failure, original, &mask);
        let text = |it: Bytes| String::from_utf8(it.to_vec()).expect("text");
        let short = |it: &str| it.strip_prefix("__connect.errors.").expect("its prefix").to_owned();
        headers.into_iter().map(|(name, value)| (short(&name), value.map(text))).collect()
    }

    #[test]
    fn headers_are_java_s_and_a_missing_message_is_null() {
        const CLASS: &str = "org.apache.kafka.connect.errors.ConnectException";
        for (failed, message, trace) in [
            ("Test", Some("Test"), format!("{CLASS}: Test\n")),
            ("a hush b", Some("a [hidden] b"), format!("{CLASS}: a [hidden] b\n")),
            ("", None, format!("{CLASS}\n")),
        ] {
            let expected = [
                ("topic", Some("source-topic")),
                ("partition", Some("7")),
                ("offset", Some("10")),
                ("connector.name", Some("job")),
                ("task.id", Some("3")),
                ("stage", Some("TRANSFORMATION")),
                ("class.name", Some("org.example.Rename")),
                ("exception.class.name", Some(CLASS)),
                ("exception.message", message),
                ("exception.stacktrace", Some(&*trace)),
            ];
            let found = of(&Failure::new(failed));
            let expected = expected.map(|(name, it)| (name.to_owned(), it.map(str::to_owned)));
            assert_eq!(found, expected);
        }
    }
}
