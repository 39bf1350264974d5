//! How far a sink is behind, as its status shall say it.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use sluice_crds::{KafkaConnector, Lag};
use sluice_rest_model::Reading;

use super::reading::{is_about, second};
use super::requests::Warning;
use crate::reason::Reason;

/// How soon to look again while a topic is missed: somebody may be about to create it.
pub const LOOK_FOR_TOPICS: Duration = Duration::from_secs(10);
/// Most topics that are named as absent.
const MOST_ABSENT: usize = 20;

/// What is known of the settings as they are: those of before may have had other topics.
pub(super) fn known(connector: &KafkaConnector) -> Option<Lag> {
    let status = connector.status.as_ref()?;
    let is_of_now = status.applied_generation == connector.metadata.generation;
    status.lag.clone().filter(|_| is_of_now)
}

/// What to say of a sink that is to read topics that do not exist: its tasks run all the same.
pub fn warning(lag: Option<&Lag>) -> Option<Warning> {
    let absent = &lag?.absent_topics;
    let topics = match absent.as_slice() {
        [] => return None,
        [one] => format!("there is no topic {one}; create it"),
        all => format!("there are no topics {}; create them", all.join(", ")),
    };
    let message = format!("{topics}, or correct spec.config[topics]");
    Some(Warning { reason: Reason::TopicNotFound, message })
}

/// What the workers tell, unless it is about what is known.
pub(super) fn told(known: Option<&Lag>, reading: &Reading, now: Timestamp) -> Lag {
    renewed(known.cloned(), &figures(reading, now))
}

fn figures(reading: &Reading, now: Timestamp) -> Lag {
    let records = reading.partitions.iter().map(|it| it.lag).sum();
    let oldest = reading.partitions.iter().filter_map(|it| it.waiting_since).min();
    let seconds = match oldest {
        Some(oldest) => Some(((now.as_millisecond() - oldest) / 1000).max(0)),
        None => (records == 0).then_some(0),
    };
    let absent_topics = reading.absent.iter().take(MOST_ABSENT).cloned().collect();
    Lag { records, seconds, time: second(now), absent_topics }
}

/// The later figures, unless they say about the same.
fn renewed(known: Option<Lag>, later: &Lag) -> Lag {
    match known {
        Some(known) if says_about(&known, later) => known,
        _ => later.clone(),
    }
}

fn says_about(one: &Lag, other: &Lag) -> bool {
    let seconds = match (one.seconds, other.seconds) {
        (Some(a), Some(b)) => is_about(a, b),
        (a, b) => a == b,
    };
    is_about(one.records, other.records) && seconds && one.absent_topics == other.absent_topics
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;
    use sluice_rest_model::ReadPartition;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn lag(records: i64, seconds: Option<i64>, time: i64) -> Lag {
        Lag { records, seconds, time: Time(at(time)), absent_topics: Vec::new() }
    }

    fn without(topics: &[&str], lag: Lag) -> Lag {
        Lag { absent_topics: topics.iter().map(|it| (*it).to_owned()).collect(), ..lag }
    }

    #[test]
    fn records_are_added_up_and_the_oldest_counts() {
        let partition = |lag, waiting_since| ReadPartition {
            topic: "t".to_owned(),
            partition: 0,
            position: None,
            beginning: 0,
            end: lag,
            lag,
            waiting_since,
            at: None,
        };
        let told = |partitions: Vec<ReadPartition>| {
            figures(&Reading { partitions, ..Reading::default() }, at(100))
        };
        for (partitions, expected) in [
            (vec![partition(0, None)], lag(0, Some(0), 100)),
            (vec![], lag(0, Some(0), 100)),
            (vec![partition(3, Some(40_000)), partition(4, Some(90_000))], lag(7, Some(60), 100)),
            // A clock that is ahead.
            (vec![partition(3, Some(140_000))], lag(3, Some(0), 100)),
            (vec![partition(3, None)], lag(3, None, 100)),
        ] {
            assert_eq!(told(partitions), expected);
        }
    }

    #[test]
    fn absent_topics_are_named_with_what_to_do_and_in_bounded_number() {
        let many: Vec<String> = (0..30).map(|it| format!("t{it}")).collect();
        let reading = Reading { absent: many, ..Reading::default() };
        assert_eq!(figures(&reading, at(0)).absent_topics.len(), MOST_ABSENT);
        let told = |topics: &[&str]| {
            warning(Some(&without(topics, lag(0, None, 0)))).map(|warning| warning.message)
        };
        assert_eq!(told(&[]), None);
        assert_eq!(
            told(&["a"]).as_deref(),
            Some("there is no topic a; create it, or correct spec.config[topics]")
        );
        assert_eq!(
            told(&["a", "b"]).as_deref(),
            Some("there are no topics a, b; create them, or correct spec.config[topics]")
        );
    }

    #[test]
    fn figures_of_other_settings_are_forgotten() {
        let connector = |generation: i64| -> KafkaConnector {
            let lag = json!({"records": 3, "time": "2026-01-01T00:00:00Z"});
            serde_json::from_value(json!({
                "metadata": {"name": "a", "generation": generation},
                "spec": {"class": "X"},
                "status": {"appliedGeneration": 1, "lag": lag},
            }))
            .unwrap()
        };
        assert_eq!(known(&connector(1)).map(|lag| lag.records), Some(3));
        assert_eq!(known(&connector(2)), None);
    }

    #[test]
    fn figures_that_say_about_the_same_are_not_told_again() {
        for (known, later, is_told) in [
            (lag(100, Some(10), 0), lag(109, Some(10), 60), false),
            (lag(100, Some(10), 0), lag(112, Some(10), 60), true),
            (lag(100, Some(100), 0), lag(100, Some(112), 60), true),
            (lag(1, Some(1), 0), lag(0, Some(0), 60), true),
            (lag(0, Some(0), 0), lag(1, Some(1), 60), true),
            (lag(0, Some(0), 0), lag(0, Some(0), 60), false),
            (lag(5, None, 0), lag(5, None, 60), false),
            (lag(5, None, 0), lag(5, Some(1), 60), true),
            (without(&["a"], lag(0, None, 0)), lag(0, None, 60), true),
            (without(&["a"], lag(0, None, 0)), without(&["a"], lag(0, None, 60)), false),
        ] {
            let told = renewed(Some(known.clone()), &later);
            assert_eq!(
                told,
                if is_told { later.clone() } else { known.clone() },
                "{known:?} {later:?}"
            );
        }
        assert_eq!(renewed(None, &lag(1, None, 60)), lag(1, None, 60));
    }
}
