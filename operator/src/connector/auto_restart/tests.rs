//! A connector's life in seconds, and what is restarted when.

use serde_json::json;
use sluice_rest_model::{ConnectorKind, ConnectorState, TaskState};

use super::*;

fn spec(fields: &serde_json::Value) -> AutoRestart {
    serde_json::from_value(fields.clone()).unwrap()
}

fn status(connector: State, tasks: &[State]) -> ConnectorStateInfo {
    let worker_id = || "h:8083".to_owned();
    let task = |(id, &state): (usize, &State)| TaskState {
        id: id as i32,
        state,
        worker_id: worker_id(),
        trace: None,
        version: None,
    };
    ConnectorStateInfo {
        name: "orders".into(),
        connector: ConnectorState {
            state: connector,
            worker_id: worker_id(),
            trace: None,
            version: None,
        },
        tasks: tasks.iter().enumerate().map(task).collect(),
        kind: ConnectorKind::Source,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Looks at the given seconds, and tells at which of them something was restarted.
fn restarts(spec: &AutoRestart, looks: impl Iterator<Item = (i64, State)>) -> Vec<i64> {
    let mut known = None;
    let mut seconds = Vec::new();
    for (second, task) in looks {
        let status = status(State::Running, &[task]);
        let decision = decide(spec, known.as_ref(), &status, at(second), || 0.0);
        if !decision.due.is_empty() {
            assert_eq!(decision.due, [Step::RestartTask(0)]);
            seconds.push(second);
        }
        known = decision.state;
    }
    seconds
}

#[test]
fn pauses_double_up_to_a_limit_and_end_with_the_budget() {
    let failing = || (0..2000).map(|second| (second, State::Failed));
    for (fields, expected) in [
        (json!({"maxBackoffSeconds": 60}), vec![10, 31, 72, 133, 194]),
        (json!({"maxRestarts": 3}), vec![10, 31, 72]),
        (json!({"maxRestarts": 0}), vec![]),
        (json!({"backoffSeconds": 1, "maxBackoffSeconds": 1, "maxRestarts": 2}), vec![1, 3]),
        (json!({"enabled": false}), vec![]),
    ] {
        let seconds = restarts(&spec(&fields), failing());
        assert_eq!(seconds.iter().take(5).copied().collect::<Vec<_>>(), expected, "{fields}");
    }
}

#[test]
fn what_ran_well_for_a_while_starts_to_count_anew() {
    let rules = spec(&json!({"maxRestarts": 1, "maxBackoffSeconds": 60}));
    let life = |well: i64| {
        let until = 10 + well;
        (0..200).map(move |second| match second {
            11.. if second <= until => (second, State::Running),
            _ => (second, State::Failed),
        })
    };
    assert_eq!(restarts(&rules, life(59)), [10]);
    assert_eq!(restarts(&rules, life(60)), [10, 81]);
}

#[test]
fn each_part_has_an_account_of_its_own() {
    let rules = spec(&json!({"maxRestarts": 2}));
    let known = AutoRestartStatus {
        instances: vec![
            InstanceRestarts {
                task: None,
                count: 0,
                last_restart_timestamp: None,
                next_restart_timestamp: Some(Time(at(100))),
            },
            InstanceRestarts {
                task: Some(1),
                count: 2,
                last_restart_timestamp: Some(Time(at(90))),
                next_restart_timestamp: None,
            },
        ],
        ..AutoRestartStatus::default()
    };
    let status = status(State::Failed, &[State::Failed, State::Failed, State::Running]);
    let decision = decide(&rules, Some(&known), &status, at(100), || 0.0);
    let connector = RestartScope { include_tasks: false, only_failed: true };
    assert_eq!(decision.due, [Step::Restart(connector)]);
    assert!(decision.is_used_up);
    let state = decision.state.unwrap();
    assert_eq!((state.count, state.connector_name.as_str()), (3, "orders"));
    assert_eq!(state.last_restart_timestamp, Some(Time(at(100))));
    assert_eq!(state.next_restart_timestamp, Some(Time(at(110))));
    let counts: Vec<_> = state.instances.iter().map(|it| (it.task, it.count)).collect();
    assert_eq!(counts, [(None, 1), (Some(0), 0), (Some(1), 2)]);
}

#[test]
fn the_account_is_bounded_and_gone_when_all_is_well() {
    let rules = spec(&json!({}));
    let many = decide(&rules, None, &status(State::Running, &[State::Failed; 500]), at(0), || 1.0);
    let state = many.state.unwrap();
    assert_eq!(state.instances.len(), MOST);
    assert_eq!(state.next_restart_timestamp, Some(Time(at(13))));
    let well = status(State::Running, &[State::Running; 3]);
    assert_eq!(decide(&rules, Some(&state), &well, at(5), || 0.0), Decision::default());
}
