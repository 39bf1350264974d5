//! The records that a connector has sorted out, as its status shall say it.

use k8s_openapi::jiff::Timestamp;
use sluice_crds::{DeadLetters, KafkaConnector};
use sluice_rest_model::Reading;

use super::reading::{is_about, second};

const TOPIC: &str = "errors.deadletterqueue.topic.name";

/// Whether the connector is to have a topic for them.
pub(super) fn has_topic(connector: &KafkaConnector) -> bool {
    connector.spec.config.contains_key(TOPIC)
}

/// What the workers tell, unless it is about what is known.
pub(super) fn told(
    known: Option<DeadLetters>,
    reading: &Reading,
    now: Timestamp,
) -> Option<DeadLetters> {
    let later = reading.dead_letters.as_ref()?;
    let says_so = |it: &DeadLetters| it.topic == later.topic && is_about(it.records, later.records);
    known.filter(says_so).or_else(|| {
        let (topic, records) = (later.topic.clone(), later.records);
        Some(DeadLetters { topic, records, time: second(now) })
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use sluice_rest_model::DeadLetterTopic;

    use super::*;

    #[test]
    fn a_number_that_has_moved_is_told_and_so_is_another_topic() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let letters = |topic: &str, records, time| DeadLetters {
            topic: topic.to_owned(),
            records,
            time: Time(at(time)),
        };
        for (known, topic, records, time) in [
            (None, "dlq", 0, 60),
            (Some(letters("dlq", 0, 0)), "dlq", 0, 0),
            (Some(letters("dlq", 0, 0)), "dlq", 1, 60),
            (Some(letters("dlq", 100, 0)), "dlq", 112, 60),
            (Some(letters("other", 0, 0)), "dlq", 0, 60),
        ] {
            let dead_letters = Some(DeadLetterTopic { topic: topic.to_owned(), records });
            let reading = Reading { dead_letters, ..Reading::default() };
            let told = told(known.clone(), &reading, at(60));
            assert_eq!(told, Some(letters(topic, records, time)), "{known:?}");
        }
        let gone = told(Some(letters("dlq", 9, 0)), &Reading::default(), at(60));
        assert_eq!(gone, None, "the connector has no such topic any more");
    }
}
