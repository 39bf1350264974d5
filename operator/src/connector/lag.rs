//! How far a sink is behind: asked of the workers, at most so often, and told only when it says something new. A figure that
//! moves all the time must not keep the API server busy, nor whoever watches the resource.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use sluice_crds::{KafkaConnector, Lag};
use sluice_rest_model::{ConnectorKind, ConnectorStateInfo, Reading, State};

use super::Place;
use crate::connect_api::ConnectApi;

/// Shortest time between two figures in seconds.
const PAUSE: i64 = 60;
/// The part that a figure has to move by.
const STEP: i64 = 10;

/// How far a connector is behind, as its status shall say; none of what is no sink, and of workers that do not tell.
pub async fn look(
    connector: &KafkaConnector,
    place: &Place,
    told: Option<&ConnectorStateInfo>,
    workers: &ConnectApi,
) -> Option<Lag> {
    let known = connector.status.as_ref().and_then(|status| status.lag.clone());
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

/// Whether to ask. A connector on its way is looked at often, and soon will not be.
fn is_due(known: Option<&Lag>, told: &ConnectorStateInfo, now: Timestamp) -> bool {
    let moves = |state| matches!(state, State::Unassigned | State::Restarting);
    let has_work = !told.tasks.is_empty() || told.connector.state != State::Running;
    let is_settled = has_work && !told.tasks.iter().any(|task| moves(task.state));
    let is_old = |lag: &Lag| now.as_second() - lag.time.0.as_second() >= PAUSE;
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
    Lag { records, seconds, time }
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
    close(one.records, other.records) && seconds
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
        Lag { records, seconds, time: Time(at(time)) }
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
        let told = |partitions: Vec<ReadPartition>| figures(&Reading { partitions }, at(100));
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
        for (known, info, now, due) in [
            (None, told("RUNNING", &["RUNNING"]), 0, true),
            (Some(&earlier), told("RUNNING", &["RUNNING"]), 159, false),
            (Some(&earlier), told("RUNNING", &["FAILED"]), 160, true),
            (None, told("STOPPED", &[]), 0, true),
            (None, told("RUNNING", &[]), 0, false),
            (None, told("RUNNING", &["RUNNING", "RESTARTING"]), 0, false),
            (None, told("UNASSIGNED", &["RUNNING"]), 0, false),
        ] {
            assert_eq!(is_due(known, &info, at(now)), due, "{known:?} {info:?} {now}");
        }
    }
}
