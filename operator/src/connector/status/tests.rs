//! Tables of what workers report and what becomes of it.

use serde_json::json;
use sluice_crds::TargetState;
use sluice_rest_model::{ConnectorKind, ConnectorState, State, TaskState};

use super::super::Current;
use super::super::desired::tests::connector;
use super::*;

fn status(instance: State, tasks: &[State]) -> ConnectorStateInfo {
    let trace = |state| (state == State::Failed).then(|| "boom hunter2\n\tat x".to_owned());
    ConnectorStateInfo {
        name: "orders".into(),
        connector: ConnectorState {
            state: instance,
            worker_id: "h:8083".into(),
            trace: trace(instance),
            version: None,
        },
        tasks: tasks
            .iter()
            .enumerate()
            .map(|(id, &state)| TaskState {
                id: id as i32,
                state,
                worker_id: "h:8083".into(),
                trace: trace(state),
                version: None,
            })
            .collect(),
        kind: ConnectorKind::Source,
    }
}

fn config() -> BTreeMap<String, String> {
    BTreeMap::from([("db.password".to_owned(), "hunter2".to_owned())])
}

fn converged(current: Current) -> Converged {
    let place =
        Place { namespace: "shop".into(), cluster: "my-connect".into(), name: "orders".into() };
    Converged::new(place, Some(current), false)
}

#[test]
fn ready_means_that_everything_does_what_was_asked() {
    use State::{Failed, Paused, Restarting, Running, Stopped, Unassigned};
    let table: [(TargetState, State, &[State], bool, &str); 15] = [
        (TargetState::Running, Running, &[Running, Running], true, "Running"),
        (TargetState::Running, Running, &[], false, "NoTasks"),
        (TargetState::Running, Running, &[Running, Unassigned], false, "Unassigned"),
        (TargetState::Running, Running, &[Running, Restarting], false, "Starting"),
        (TargetState::Running, Running, &[Running, Failed], false, "TaskFailed"),
        (TargetState::Running, Failed, &[], false, "ConnectorFailed"),
        (TargetState::Running, Unassigned, &[], false, "Unassigned"),
        (TargetState::Running, Paused, &[Paused], false, "Starting"),
        (TargetState::Paused, Paused, &[Paused], true, "Paused"),
        (TargetState::Paused, Paused, &[], true, "Paused"),
        (TargetState::Paused, Failed, &[], false, "ConnectorFailed"),
        (TargetState::Paused, Paused, &[Running], false, "Starting"),
        (TargetState::Stopped, Stopped, &[], true, "Stopped"),
        (TargetState::Stopped, Stopped, &[Running], false, "Starting"),
        (TargetState::Stopped, Running, &[Running], false, "Starting"),
    ];
    for (target, instance, tasks, holds, reason) in table {
        let (ready, others) = judge(target, Some(&status(instance, tasks)), &config());
        let case = format!("{target:?} {instance} {tasks:?}");
        assert_eq!(
            (ready.kind, ready.holds, ready.reason.as_str()),
            ("Ready", holds, reason),
            "{case}"
        );
        assert_eq!(ready.reason.needs_a_person(), reason.ends_with("Failed"), "{case}");
        assert_eq!(others.len(), 2, "{case}");
    }
}

#[test]
fn failures_are_told_by_task_in_one_line_and_without_secrets() {
    let one = judge(
        TargetState::Running,
        Some(&status(State::Running, &[State::Running, State::Failed])),
        &config(),
    );
    assert_eq!(one.0.message, "task 1 of 2 failed: boom [hidden]");
    let two = judge(
        TargetState::Running,
        Some(&status(State::Running, &[State::Failed, State::Failed])),
        &config(),
    );
    assert_eq!(two.0.message, "tasks 0, 1 of 2 failed; task 0: boom [hidden]");
}

#[test]
fn the_status_repeats_the_workers_report_with_short_traces() {
    let connector = connector(&json!({"class": "X", "config": {"db.password": "hunter2"}}));
    let current = converged(Current {
        config: config(),
        status: Some(status(State::Running, &[State::Running, State::Failed])),
    });
    let now = Timestamp::from_second(100).unwrap();
    let written = report(&connector, Ok(&current)).into_status(&connector, now);
    assert_eq!(written.tasks_running.as_deref(), Some("1/2"));
    assert_eq!(written.tasks_max, Some(2));
    assert_eq!(written.observed_generation, Some(3));
    let told = written.connector_status.clone().unwrap();
    assert_eq!(told.tasks[1].trace.as_deref(), Some("boom [hidden]"));
    // The same again changes nothing, whatever the time.
    let again = KafkaConnector { status: Some(written.clone()), ..connector.clone() };
    let later = Timestamp::from_second(200).unwrap();
    assert_eq!(report(&again, Ok(&current)).into_status(&again, later), written);
}

#[test]
fn what_could_not_be_asked_stays_as_it_was() {
    let mut connector = connector(&json!({"class": "X"}));
    let current = converged(Current {
        config: config(),
        status: Some(status(State::Running, &[State::Running])),
    });
    let now = Timestamp::from_second(100).unwrap();
    connector.status = Some(report(&connector, Ok(&current)).into_status(&connector, now));
    let error = Error::NoCluster { cluster: "my-connect".into() };
    let written = report(&connector, Err(&error)).into_status(&connector, now);
    assert_eq!(written.connector_status, connector.status.unwrap().connector_status);
    assert_eq!(conditions::find(&written.conditions, "Ready").unwrap().reason, "ClusterNotFound");
    assert!(conditions::find(&written.conditions, "Reconciling").is_some());
}

#[test]
fn what_was_changed_just_now_is_not_ready_yet() {
    let connector = connector(&json!({"class": "X"}));
    let running = converged(Current {
        config: config(),
        status: Some(status(State::Running, &[State::Running])),
    });
    let changed = Converged { changed: true, ..running };
    let written = report(&connector, Ok(&changed));
    assert!(written.on_its_way());
    assert_eq!((written.facts[0].holds, written.facts[0].reason), (false, Reason::Starting));
}

/// The conditions of a connector whose only task failed, with restarts of what fails.
fn failed_with_restarts(spec: &serde_json::Value, second: i64) -> KafkaConnectorStatus {
    let connector = connector(&json!({"class": "X", "autoRestart": spec}));
    let mut failed = converged(Current {
        config: config(),
        status: Some(status(State::Running, &[State::Failed])),
    });
    let now = Timestamp::from_second(second).unwrap();
    failed.restarts = super::super::converge::restarts(&connector, &failed, now);
    report(&connector, Ok(&failed)).into_status(&connector, now)
}

#[test]
fn a_failure_waits_for_its_restart_and_needs_a_person_once_all_are_used_up() {
    let ready = |status: &KafkaConnectorStatus, kind| {
        let condition = conditions::find(&status.conditions, kind)?;
        Some((condition.reason.clone(), condition.message.clone()))
    };
    let waiting = failed_with_restarts(&json!({"maxBackoffSeconds": 10}), 0);
    let (reason, message) = ready(&waiting, condition::RECONCILING).unwrap();
    assert_eq!(reason, "RestartPending");
    assert!(
        message.starts_with("task 0 of 1 failed: boom [hidden]; restart at 1970-01-01T00:00:1"),
        "{message}"
    );
    assert_eq!(ready(&waiting, condition::STALLED), None);
    assert_eq!(ready(&waiting, condition::TASKS_RUNNING).unwrap().0, "TaskFailed");
    assert!(waiting.auto_restart.unwrap().next_restart_timestamp.is_some());

    let used_up = failed_with_restarts(&json!({"maxRestarts": 0}), 0);
    let (reason, message) = ready(&used_up, condition::STALLED).unwrap();
    assert_eq!(reason, "TaskFailed");
    assert_eq!(message, "task 0 of 1 failed: boom [hidden]; all restarts are used up");
}

#[test]
fn what_was_not_done_is_a_warning_beside_ready() {
    let connector = connector(&json!({"class": "X"}));
    let mut running = converged(Current {
        config: config(),
        status: Some(status(State::Running, &[State::Running])),
    });
    let warning = |reason, message: &str| Warning { reason, message: message.to_owned() };
    running.warnings =
        vec![warning(Reason::OffsetsRefused, "a"), warning(Reason::UnknownAnnotationValue, "b")];
    let now = Timestamp::from_second(0).unwrap();
    let written = report(&connector, Ok(&running)).into_status(&connector, now);
    let found = conditions::find(&written.conditions, condition::WARNING).unwrap();
    assert_eq!((found.reason.as_str(), found.message.as_str()), ("OffsetsRefused", "a; b"));
    assert_eq!(conditions::find(&written.conditions, "Ready").unwrap().status, "True");
}

#[test]
fn only_a_new_connector_that_starts_says_nothing_yet() {
    use State::{Failed, Running, Unassigned};
    let at = |second| Timestamp::from_second(second).unwrap();
    let waits = |seen: i64, second: i64, state: State, tasks: &[State]| {
        let mut connector = connector(&json!({"class": "X"}));
        connector.metadata.creation_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(1000)));
        connector.status = serde_json::from_value(json!({"observedGeneration": seen})).unwrap();
        let current = Current { config: config(), status: Some(status(state, tasks)) };
        report(&connector, Ok(&converged(current))).can_wait(&connector, at(second))
    };
    for (seen, second, state, tasks, expected) in [
        (-1, 1000, Unassigned, &[][..], true),
        (-1, 1009, Running, &[], true),
        (-1, 1009, Running, &[Running], false),
        (-1, 1009, Running, &[Failed], false),
        (-1, 1010, Unassigned, &[], false),
        // By a clock that is slow.
        (-1, 999, Unassigned, &[], false),
        (1, 1000, Unassigned, &[], false),
    ] {
        assert_eq!(waits(seen, second, state, tasks), expected, "{seen} {second} {state}");
    }
}
