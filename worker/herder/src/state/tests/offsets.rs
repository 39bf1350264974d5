//! Who may change offsets of a connector, and when.

use sluice_engine::OffsetsChange;

use super::*;
use crate::event::OffsetsAction;

fn reset() -> Request {
    Request::ChangeOffsets("a".into(), OffsetsChange::Reset)
}

/// Asks for a change and reads the config topic for it, with these records of others behind what is known.
fn changed(
    worker: &mut Worker,
    news: Vec<(String, Option<String>)>,
    in_time: bool,
) -> (RequestId, bool) {
    let id = worker.ask(reset());
    let refreshes = worker.effects.iter().any(|it| matches!(it, Effect::Refresh(of) if *of == id));
    if refreshes {
        worker.store(news);
        worker.step(Event::Refreshed(id, in_time));
    }
    let is_done = |effect: &Effect| matches!(effect, Effect::Offsets { request, action: OffsetsAction::Change(_), .. } if *request == id);
    (id, worker.effects.iter().any(is_done))
}

#[test]
fn offsets_change_only_while_the_connector_is_stopped() {
    let stopped = || {
        let mut records = encode::tasks("a", &[]);
        records.push(encode::target("a", TargetState::Stopped));
        records
    };
    let resumed_elsewhere =
        || [stopped(), vec![encode::target("a", TargetState::Started)]].concat();
    let deleted = || [stopped(), encode::removal("a")].concat();
    for (news, in_time, expected) in [
        (Vec::new(), true, "must be in the STOPPED state"),
        (vec![encode::target("a", TargetState::Stopped)], true, "must be in the STOPPED state"),
        (stopped(), false, "Failed to read to end of config topic"),
        (resumed_elsewhere(), true, "must be in the STOPPED state"),
        (deleted(), true, "Connector a not found"),
    ] {
        let mut worker = running();
        // The group calls for a round when tasks go; the answer must not depend on when that comes.
        worker.state.membership.retry_join();
        let (id, is_done) = changed(&mut worker, news, in_time);
        assert!(!is_done, "{expected}");
        let error = worker.answer(id).expect_err(expected).to_string();
        assert!(error.contains(expected) || error.contains("stale configuration"), "{error}");
    }
    let mut worker = running();
    worker.store(stopped());
    worker.finish_stops();
    worker.join(true, &[], &[]);
    let (_, is_done) = changed(&mut worker, Vec::new(), true);
    assert!(is_done);
}

#[test]
fn a_follower_reads_offsets_and_leaves_changes_to_the_leader() {
    let mut worker = Worker::started();
    worker.join(false, &[], &[]);
    worker.store(encode::connector("a", &sink("a"), None));
    let id = worker.ask(Request::Offsets("a".into()));
    let reads = |effect: &Effect| matches!(effect, Effect::Offsets { request, action: OffsetsAction::Read, .. } if *request == id);
    assert!(worker.effects.iter().any(reads));
    let id = worker.ask(reset());
    assert!(matches!(worker.answer(id), Err(Error::Elsewhere(_) | Error::StaleConfig)));
    let id = worker.ask(Request::Offsets("b".into()));
    assert_eq!(worker.answer(id), Err(Error::NotFound("Connector b not found".into())));
}
