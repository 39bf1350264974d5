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
