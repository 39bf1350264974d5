//! What the user wants of a connector: run, pause, stop.

use super::*;

#[test]
fn stopping_a_connector_takes_its_tasks_away_and_resuming_brings_them_back() {
    let mut worker = running();
    let id = worker.ask(Request::Stop("a".into()));
    worker.perform_writes();
    assert_eq!(worker.answer(id), Ok(Answer::Done));
    worker.finish_stops();
    let mut joined = worker.joined(true, &[], &[]);
    joined.assignment.revoked_tasks = vec![("a".into(), 0), ("a".into(), 1)];
    worker.take();
    worker.step(Event::Joined(joined));
    worker.join(true, &[], &[]);
    let subject = crate::store::status::Subject::Connector("a".into());
    assert_eq!(worker.state_of(&subject), Some(RunState::Stopped));
    worker.take();

    worker.ask(Request::SetTarget("a".into(), TargetState::Started));
    worker.perform_writes();
    worker.split_attempt();
}

#[test]
fn pausing_touches_neither_connector_nor_tasks() {
    let mut worker = running();
    worker.ask(Request::SetTarget("a".into(), TargetState::Paused));
    worker.perform_writes();
    assert!(
        worker
            .effects
            .iter()
            .any(|it| matches!(it, Effect::SetTarget(name, EngineTarget::Paused) if name == "a"))
    );
    assert!(worker.stopping_tasks().is_empty() && !worker.is_joining());
}

#[test]
fn a_connector_that_is_stopped_and_resumed_during_a_round_gets_its_tasks_back() {
    let mut worker = running();
    worker.step(Event::Membership(GroupChange::Rebalance));
    let mut stopped = encode::tasks("a", &[]);
    stopped.push(encode::target("a", TargetState::Stopped));
    worker.store(stopped);
    worker.store(vec![encode::target("a", TargetState::Started)]);
    worker.finish_stops();
    worker.join(true, &[], &[]);
    if worker.is_joining() {
        worker.join(true, &[], &[]);
    }
    worker.split_attempt();
}

#[test]
fn a_connector_that_is_deleted_and_made_again_in_one_go_starts_anew() {
    let mut worker = running();
    let mut news = encode::removal("a");
    news.extend(encode::connector("a", &sink("a"), None));
    worker.store(news);
    worker.finish_stops();
    worker.join(true, &[], &[]);
    worker.split_attempt();
}
