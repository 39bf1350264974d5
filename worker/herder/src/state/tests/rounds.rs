//! What a round of the group, and what it waits for, does to the work here.

use super::*;
use crate::store::status::{Status, Subject};

#[test]
fn a_created_connector_gets_its_tasks_in_two_rounds() {
    let mut worker = Worker::leading();
    let request = Request::Create {
        name: "a".into(),
        config: patch(&[("name", "a"), ("connector.class", "Sink")]),
        initial: None,
    };
    let id = worker.ask(request);
    worker.perform_writes();
    assert!(
        matches!(worker.answer(id), Ok(Answer::Connector(info, true)) if info.tasks.is_empty())
    );
    worker.join(true, &["a"], &[]);
    let attempt = worker.split_attempt();
    worker.step(Event::Split { connector: "a".into(), attempt, result: Ok(vec![sink("a")]) });
    worker.perform_writes();
    worker.join(true, &[], &[("a", 0)]);
    assert_eq!(worker.started_tasks(), [0]);
}

#[test]
fn revoked_tasks_are_stopped_before_the_worker_joins_again() {
    let mut worker = running();
    worker.step(Event::Membership(GroupChange::Rebalance));
    let mut joined = worker.joined(true, &[], &[]);
    joined.assignment.revoked_tasks = vec![("a".into(), 1)];
    worker.take();
    worker.step(Event::Joined(joined));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    assert!(!worker.is_joining());
    worker.finish_stops();
    assert!(worker.is_joining());
    assert!(worker.started_tasks().is_empty(), "task 0 was never touched");
}

#[test]
fn a_lost_membership_stops_everything_before_the_next_round() {
    for change in [GroupChange::CoordinatorLost, GroupChange::Fenced] {
        let mut worker = running();
        worker.step(Event::Membership(change));
        assert_eq!(worker.stopping_tasks().len(), 2);
        assert!(!worker.is_joining());
        worker.finish_stops();
        let joins: Vec<_> =
            worker.take().into_iter().filter(|it| matches!(it, Effect::Join(_))).collect();
        assert!(matches!(&joins[..], [Effect::Join(local)] if local.assignment.is_none()));
    }
}

#[test]
fn under_the_oldest_protocol_everything_stops_before_a_round() {
    let mut worker = Worker::started();
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_cooperative = false;
    worker.take();
    worker.step(Event::Joined(joined));
    worker.store(encode::connector("a", &sink("a"), None));
    worker.store(encode::tasks("a", &[sink("a")]));
    let mut joined = worker.joined(true, &["a"], &[("a", 0)]);
    joined.is_cooperative = false;
    worker.take();
    worker.step(Event::Joined(joined.clone()));
    worker.step(Event::Joined(joined));
    assert_eq!(worker.started_tasks(), [0]);
    worker.take();
    worker.step(Event::Membership(GroupChange::Rebalance));
    assert_eq!(worker.stopping_tasks(), [task("a", 0)]);
    assert!(!worker.is_joining());
    worker.finish_stops();
    assert!(worker.is_joining());
}

#[test]
fn an_assignment_on_configuration_not_read_yet_waits_for_it() {
    let mut worker = Worker::started();
    let mut joined = worker.joined(false, &["a"], &[]);
    joined.assignment.config_offset = 1;
    worker.take();
    worker.step(Event::Joined(joined));
    assert!(worker.effects.iter().any(|it| matches!(it, Effect::ReadConfig)));
    assert!(!worker.effects.iter().any(|it| matches!(it, Effect::Split { .. })));
    worker.store(encode::connector("a", &sink("a"), None));
    worker.step(Event::ConfigRead(true));
    // The connector is new to this worker: it asks for another round, and starts what it holds after it.
    worker.join(false, &[], &[]);
    worker.split_attempt();
}

#[test]
fn the_end_stops_every_task_before_the_group_is_left() {
    let mut worker = running();
    worker.step(Event::Stop);
    assert_eq!(worker.stopping_tasks().len(), 2);
    assert!(!worker.effects.iter().any(|it| matches!(it, Effect::Leave | Effect::Exit)));
    worker.finish_stops();
    let ends: Vec<_> =
        worker.take().into_iter().filter(|it| matches!(it, Effect::Leave | Effect::Exit)).collect();
    assert!(matches!(ends[..], [Effect::Leave, Effect::Exit]));
}

#[test]
fn a_leader_that_waits_for_a_lost_worker_joins_again_once_it_hears_that_it_had_stopped() {
    for (is_leader, delay, state, joins) in [
        (true, 300, RunState::Unassigned, true),
        (true, 300, RunState::Failed, true),
        (true, 300, RunState::Running, false),
        (true, 0, RunState::Unassigned, false),
        (false, 300, RunState::Unassigned, false),
    ] {
        let mut worker = Worker::started();
        let mut joined = worker.joined(is_leader, &[], &[]);
        joined.assignment.delay = Duration::from_secs(delay);
        worker.take();
        worker.step(Event::Joined(joined));
        let worker_id = "other:8083".into();
        let status = Status { state, trace: None, worker_id, generation: 1, version: None };
        worker.step(Event::StatusRecords(vec![StoredRecord {
            offset: 0,
            key: Subject::Task(task("a", 0)).key().into_bytes(),
            value: Some(status.encode().into_bytes()),
        }]));
        let at = format!("leads: {is_leader}, {delay} s, {state}");
        assert_eq!(worker.is_joining(), joins, "{at}");
        let hurries = worker.effects.iter().any(|it| matches!(it, Effect::Hurry));
        assert_eq!(hurries, state != RunState::Running, "{at}");
    }
}
