//! How a connector stands to its topics: asked of the workers, at most so often, and told only when it says something new. A
//! figure that moves all the time must not keep the API server busy, nor whoever watches the resource.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use sluice_crds::{DeadLetters, KafkaConnector, Lag};
use sluice_rest_model::{ConnectorKind, ConnectorStateInfo, State};

use super::{Place, dead_letters, lag};
use crate::connect_api::ConnectApi;

/// Shortest time between two figures.
const PAUSE: Duration = Duration::from_mins(1);
/// The part that a figure has to move by.
const STEP: i64 = 10;

/// What a status says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How far a sink is behind.
    pub lag: Option<Lag>,
    /// What the connector has sorted out, if it has a topic for that.
    pub dead_letters: Option<DeadLetters>,
}

/// How a connector stands to its topics, as its status shall say; nothing on workers that do not tell.
pub async fn look(
    connector: &KafkaConnector,
    place: &Place,
    told: Option<&ConnectorStateInfo>,
    workers: &ConnectApi,
) -> Told {
    let Some(info) = told.filter(|_| !place.is_external()) else { return Told::default() };
    let is_sink = info.kind == ConnectorKind::Sink;
    if !is_sink && !dead_letters::has_topic(connector) {
        return Told::default();
    }
    let status = connector.status.as_ref();
    let known = Told {
        lag: lag::known(connector).filter(|_| is_sink),
        dead_letters: status.and_then(|status| status.dead_letters.clone()),
    };
    let now = Timestamp::now();
    let misses_topics = known.lag.as_ref().is_some_and(|lag| !lag.absent_topics.is_empty());
    let pause = if misses_topics { lag::LOOK_FOR_TOPICS } else { PAUSE };
    if !is_due(known.time(), pause, info, now) {
        return known;
    }
    match workers.reading(&place.name, None).await {
        Ok(Some(reading)) => Told {
            lag: is_sink.then(|| lag::told(known.lag.as_ref(), &reading, now)),
            dead_letters: dead_letters::told(known.dead_letters, &reading, now),
        },
        Ok(None) => Told::default(),
        // It is a courtesy, like the topics.
        Err(_) => known,
    }
}

impl Told {
    /// When it was told last.
    fn time(&self) -> Option<Timestamp> {
        let lag = self.lag.iter().map(|it| it.time.0);
        lag.chain(self.dead_letters.iter().map(|it| it.time.0)).max()
    }
}

/// Whether to ask. A connector on its way is looked at often, and soon will not be.
fn is_due(
    known: Option<Timestamp>,
    pause: Duration,
    told: &ConnectorStateInfo,
    now: Timestamp,
) -> bool {
    let moves = |state| matches!(state, State::Unassigned | State::Restarting);
    let has_work = !told.tasks.is_empty() || told.connector.state != State::Running;
    let is_settled = has_work && !told.tasks.iter().any(|task| moves(task.state));
    let is_old = |known: Timestamp| now.as_second() - known.as_second() >= pause.as_secs() as i64;
    is_settled && !moves(told.connector.state) && known.is_none_or(is_old)
}

/// Whether two figures say about the same. None and some never do.
pub(super) fn is_about(a: i64, b: i64) -> bool {
    a == b || (a != 0 && b != 0 && (a - b).abs().saturating_mul(STEP) < a.max(b))
}

/// A moment as a status tells it.
pub(super) fn second(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
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
        let earlier = at(100);
        for (known, info, now, due) in [
            (None, told("RUNNING", &["RUNNING"]), 0, true),
            (Some(earlier), told("RUNNING", &["RUNNING"]), 159, false),
            (Some(earlier), told("RUNNING", &["FAILED"]), 160, true),
            (None, told("STOPPED", &[]), 0, true),
            (None, told("RUNNING", &[]), 0, false),
            (None, told("RUNNING", &["RUNNING", "RESTARTING"]), 0, false),
            (None, told("UNASSIGNED", &["RUNNING"]), 0, false),
        ] {
            assert_eq!(is_due(known, PAUSE, &info, at(now)), due, "{known:?} {info:?} {now}");
        }
        let soon =
            is_due(Some(earlier), lag::LOOK_FOR_TOPICS, &told("RUNNING", &["RUNNING"]), at(110));
        assert!(soon, "a topic that is missed is looked for sooner");
    }
}
