//! How far a sink is behind: asked of the workers, at most so often, and told only when it says something new. A figure that
//! moves all the time must not keep the API server busy, nor whoever watches the resource.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use sluice_crds::{KafkaConnector, Lag};
use sluice_rest_model::{ConnectorKind, ConnectorStateInfo, Reading, State};

use super::Place;
use super::requests::Warning;
use crate::connect_api::ConnectApi;
use crate::reason::Reason;

/// Shortest time between two figures in seconds.
const PAUSE: i64 = 60;
/// The same while a topic is missed: somebody may be about to create it.
pub const LOOK_FOR_TOPICS: Duration = Duration::from_secs(10);
/// The part that a figure has to move by.
const STEP: i64 = 10;
/// Most topics that are named as absent.
const MOST_ABSENT: usize = 20;

/// How far a connector is behind, as its status shall say; none of what is no sink, and of workers that do not tell.
pub async fn look(
    connector: &KafkaConnector,
    place: &Place,
    told: Option<&ConnectorStateInfo>,
    workers: &ConnectApi,
) -> Option<Lag> {
    let known = known(connector);
    let told = told.filter(|it| it.kind == ConnectorKind::Sink && !place.is_external())?;
    let now = Timestamp::now();
    if !is_due(known.as_ref(), told, now) {
        return known;
    }
    match workers.reading(&place.name, None).await {
        Ok(Some(reading)) => Some(renewed(known, &figures(&reading, now))),
        Ok(None) => None,
        // It is a courtesy, like the topics.
        Err(_) => known,
    }
}

/// What is known of the settings as they are: those of before may have had other topics.
fn known(connector: &KafkaConnector) -> Option<Lag> {
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

/// Whether to ask. A connector on its way is looked at often, and soon will not be.
fn is_due(known: Option<&Lag>, told: &ConnectorStateInfo, now: Timestamp) -> bool {
    let moves = |state| matches!(state, State::Unassigned | State::Restarting);
    let has_work = !told.tasks.is_empty() || told.connector.state != State::Running;
    let is_settled = has_work && !told.tasks.iter().any(|task| moves(task.state));
    let pause = |lag: &Lag| match lag.absent_topics.as_slice() {
        [] => PAUSE,
        _ => LOOK_FOR_TOPICS.as_secs() as i64,
    };
    let is_old = |lag: &Lag| now.as_second() - lag.time.0.as_second() >= pause(lag);
    is_settled && !moves(told.connector.state) && known.is_none_or(is_old)
}

fn figures(reading: &Reading, now: Timestamp) -> Lag {
    let records = reading.partitions.iter().map(|it| it.lag).sum();
    let oldest = reading.partitions.iter().filter_map(|it| it.waiting_since).min();
    let seconds = match oldest {
        Some(oldest) => Some(((now.as_millisecond() - oldest) / 1000).max(0)),
        None => (records == 0).then_some(0),
    };
    let time = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
    let absent_topics = reading.absent.iter().take(MOST_ABSENT).cloned().collect();
    Lag { records, seconds, time, absent_topics }
}

/// The later figures, unless they say about the same.
fn renewed(known: Option<Lag>, later: &Lag) -> Lag {
    match known {
        Some(known) if is_about(&known, later) => known,
        _ => later.clone(),
    }
}

fn is_about(one: &Lag, other: &Lag) -> bool {
    let close = |a: i64, b: i64| {
        a == b || (a != 0 && b != 0 && (a - b).abs().saturating_mul(STEP) < a.max(b))
    };
    let seconds = match (one.seconds, other.seconds) {
        (Some(a), Some(b)) => close(a, b),
        (a, b) => a == b,
    };
    close(one.records, other.records) && seconds && one.absent_topics == other.absent_topics
}

#[cfg(test)]
mod tests {
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
            figures(&Reading { partitions, absent: vec![] }, at(100))
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
        let reading = Reading { partitions: vec![], absent: many };
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

    #[test]
    fn it_is_asked_for_once_a_minute_and_not_while_work_moves() {
        let told = |connector: &str, tasks: &[&str]| -> ConnectorStateInfo {
            let state = |state: &str| json!({"state": state, "worker_id": "w"});
            let tasks = tasks.iter().enumerate().map(|(id, task)| {
                let mut task = state(task);
                task["id"] = id.into();
                task
            });
            let tasks: Vec<_> = tasks.collect();
            let info =
                json!({"name": "a", "connector": state(connector), "tasks": tasks, "type": "sink"});
            serde_json::from_value(info).unwrap()
        };
        let earlier = lag(1, None, 100);
        let missed = without(&["a"], lag(0, None, 100));
        for (known, info, now, due) in [
            (None, told("RUNNING", &["RUNNING"]), 0, true),
            (Some(&earlier), told("RUNNING", &["RUNNING"]), 159, false),
            (Some(&earlier), told("RUNNING", &["FAILED"]), 160, true),
            (Some(&missed), told("RUNNING", &["RUNNING"]), 109, false),
            (Some(&missed), told("RUNNING", &["RUNNING"]), 110, true),
            (None, told("STOPPED", &[]), 0, true),
            (None, told("RUNNING", &[]), 0, false),
            (None, told("RUNNING", &["RUNNING", "RESTARTING"]), 0, false),
            (None, told("UNASSIGNED", &["RUNNING"]), 0, false),
        ] {
            assert_eq!(is_due(known, &info, at(now)), due, "{known:?} {info:?} {now}");
        }
    }
}
