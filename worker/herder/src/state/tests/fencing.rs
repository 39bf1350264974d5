//! Fencing of earlier tasks, what tasks ask before they write, and the leader's claim on the config topic.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sluice_engine::OffsetsChange;

use super::*;
use crate::{
    event::OffsetsAction,
    request::FencingRequest,
    settings::ExactlyOnce,
    signature::{self, ALGORITHM, Signature},
    store::config::SessionKey,
};

#[test]
fn fencing_is_refused_after_what_java_refuses() {
    let mut worker = running();
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_sessioned = true;
    worker.step(Event::Joined(joined));
    let fence = |connector: &str, signature| {
        Request::Fencing(FencingRequest::OfWorker {
            connector: connector.to_owned(),
            body: Vec::new(),
            signature,
        })
    };
    let id = worker.ask(fence("a", None));
    let missing = "Internal request missing required signature";
    assert_eq!(worker.answer(id), Err(Error::BadRequest(missing.to_owned())));
    let key = signature::new_key(1);
    worker.store(vec![encode::session_key(&key)]);
    for (connector, expected) in [
        ("none", Error::NotFound("Connector none not found".to_owned())),
        ("a", Error::BadRequest("Connector a is not a source connector".to_owned())),
    ] {
        let bytes = BASE64.decode(signature::sign(&key, b"")).unwrap();
        let signature = Signature { algorithm: ALGORITHM.to_owned(), bytes };
        let id = worker.ask(fence(connector, Some(signature)));
        assert_eq!(worker.answer(id), Err(expected), "{connector}");
    }
}

#[test]
fn a_worker_on_its_own_takes_nothing_of_other_workers() {
    let mut worker = running();
    worker.state.settings.is_alone = true;
    let (connector, signature) = ("a".to_owned(), None);
    for (request, expected) in [
        (
            Request::Fencing(FencingRequest::OfWorker {
                connector: connector.clone(),
                body: Vec::new(),
                signature: None,
            }),
            "Kafka Connect in standalone mode does not support exactly-once source connectors.",
        ),
        (
            Request::PutTaskConfigs { connector, body: b"[]".to_vec(), signature },
            "Kafka Connect in standalone mode does not support externally setting task configurations.",
        ),
    ] {
        let id = worker.ask(request);
        assert_eq!(worker.answer(id), Err(Error::Internal(expected.to_owned())));
    }
}

/// A leader with a source of so many tasks, of which so many were counted before, or none were.
fn leading_source(counted: Option<usize>, tasks: usize) -> Worker {
    let mut worker = running();
    worker.state.settings.exactly_once = ExactlyOnce::Enabled;
    let source = config(&[("connector.class", "Source")]);
    worker.store(encode::connector("s", &source, None));
    if let Some(counted) = counted {
        worker.store(encode::tasks("s", &vec![config(&[]); counted]));
        worker.store(vec![encode::task_count("s", counted)]);
    }
    worker.store(encode::tasks("s", &vec![config(&[("new", "1")]); tasks]));
    while worker.is_joining() {
        worker.join(true, &[], &[]);
    }
    worker.take();
    worker
}

/// A task's wish to have its predecessors fenced, as far as the config topic has been read for it.
fn fence(worker: &mut Worker) -> RequestId {
    let id = worker.ask(Request::Fencing(FencingRequest::OfTask("s".to_owned())));
    assert!(worker.effects.iter().any(|it| matches!(it, Effect::Refresh(of) if *of == id)));
    worker.step(Event::Refreshed(id, true));
    id
}

/// The rounds that were begun: how many tasks, and the number of the round.
fn rounds(worker: &Worker) -> Vec<(usize, u64)> {
    let round = |effect: &Effect| match effect {
        Effect::Fence { tasks, round, .. } => Some((*tasks, *round)),
        _ => None,
    };
    worker.effects.iter().filter_map(round).collect()
}

/// Records of the config topic.
type Records = Vec<(String, Option<String>)>;

/// The task counts that are written, and the writes.
fn counts(worker: &Worker) -> Vec<(WriteId, Records)> {
    let count = |effect: &Effect| match effect {
        Effect::WriteConfig(id, records) => Some((*id, records.clone())),
        _ => None,
    };
    worker.effects.iter().filter_map(count).collect()
}

fn is_answered(worker: &Worker, id: RequestId) -> bool {
    worker.effects.iter().any(|it| matches!(it, Effect::Reply(to, _) if *to == id))
}

#[test]
fn tasks_are_fenced_and_counted_before_the_answer() {
    for (counted, tasks, fenced) in [
        // For the first time with exactly-once support.
        (None, 1, None),
        (None, 4, None),
        // One task fences its predecessor by itself.
        (Some(1), 1, None),
        (Some(1), 2, Some(1)),
        (Some(2), 1, Some(2)),
        (Some(2), 3, Some(2)),
    ] {
        let mut worker = leading_source(counted, tasks);
        let id = fence(&mut worker);
        let begun = rounds(&worker);
        assert_eq!(
            begun.iter().map(|(tasks, _)| *tasks).collect::<Vec<_>>(),
            Vec::from_iter(fenced)
        );
        if let [(_, round)] = begun[..] {
            assert_eq!(counts(&worker), []);
            worker.step(Event::Fenced { connector: "s".into(), round, result: Ok(true) });
        }
        let expected = vec![encode::task_count("s", tasks)];
        assert_eq!(counts(&worker).into_iter().map(|(_, it)| it).collect::<Vec<_>>(), [expected]);
        assert!(!is_answered(&worker, id), "not before it is read back");
        worker.perform_writes();
        assert_eq!(worker.answer(id), Ok(Answer::Done));
        // Whoever asks next has nothing to wait for.
        let id = fence(&mut worker);
        assert_eq!(worker.answer(id), Ok(Answer::Done));
        assert_eq!(counts(&worker), []);
    }
}

#[test]
fn who_asks_during_a_round_waits_for_it() {
    let mut worker = leading_source(Some(2), 2);
    let (first, second) = (fence(&mut worker), fence(&mut worker));
    let [(_, round)] = rounds(&worker)[..] else { panic!("one round") };
    worker.step(Event::Fenced { connector: "s".into(), round, result: Ok(true) });
    let third = fence(&mut worker);
    assert_eq!(rounds(&worker).len(), 1);
    worker.perform_writes();
    for id in [first, second, third] {
        assert_eq!(worker.answer(id), Ok(Answer::Done));
    }
}

#[test]
fn a_round_that_fails_is_told_and_the_next_one_begins_anew() {
    let failed = || Error::Internal("Failed to perform zombie fencing".to_owned());
    let unread = || Error::Internal("Failed to read to end of config topic".to_owned());
    for (result, expected) in [(Err("refused".to_owned()), failed()), (Ok(false), unread())] {
        let mut worker = leading_source(Some(2), 3);
        let id = fence(&mut worker);
        let [(_, round)] = rounds(&worker)[..] else { panic!("one round") };
        worker.step(Event::Fenced { connector: "s".into(), round, result });
        assert_eq!(worker.answer(id), Err(expected));
        assert_eq!(counts(&worker), []);
        fence(&mut worker);
        assert_eq!(rounds(&worker).len(), 2);
    }
    let mut worker = leading_source(Some(2), 3);
    let id = worker.ask(Request::Fencing(FencingRequest::OfTask("s".to_owned())));
    worker.step(Event::Refreshed(id, false));
    let unread = "Failed to read to end of config topic before performing zombie fencing";
    assert_eq!(worker.answer(id), Err(Error::Internal(unread.to_owned())));
}

#[test]
fn new_tasks_end_a_round_for_the_ones_before() {
    let mut worker = leading_source(Some(2), 3);
    let id = fence(&mut worker);
    let [(_, round)] = rounds(&worker)[..] else { panic!("one round") };
    worker.store(encode::tasks("s", &[config(&[])]));
    let message =
        "Failed to complete zombie fencing because a new set of task configs was generated";
    assert_eq!(worker.answer(id), Err(Error::Conflict(message.to_owned())));
    worker.take();
    worker.step(Event::Fenced { connector: "s".into(), round, result: Ok(true) });
    assert_eq!(counts(&worker), []);
}

#[test]
fn a_count_that_cannot_be_written_fails_the_round_and_the_topic_is_claimed_again() {
    let mut worker = leading_source(None, 2);
    let id = fence(&mut worker);
    let [(write, _)] = &counts(&worker)[..] else { panic!("one write") };
    worker.step(Event::WritesLost);
    worker.step(Event::Written(*write, Err(super::super::WRITES_LOST.to_owned())));
    assert_eq!(worker.answer(id), Err(Error::Internal(super::super::WRITES_LOST.to_owned())));
    assert!(worker.effects.iter().any(|it| matches!(it, Effect::After(_, Timer::Claim))));
}

#[test]
fn a_follower_has_the_leader_fence() {
    for (is_sessioned, signed) in [(true, true), (false, false)] {
        let mut worker = running();
        let key = SessionKey { key: vec![1], algorithm: ALGORITHM.to_owned(), created: 1 };
        worker.store(vec![encode::session_key(&key)]);
        let mut joined = worker.joined(false, &[], &[]);
        joined.is_sessioned = is_sessioned;
        worker.step(Event::Joined(joined));
        let id = worker.ask(Request::Fencing(FencingRequest::OfTask("s".to_owned())));
        let sent = worker.effects.iter().find_map(|it| match it {
            Effect::SendFence { request, connector, key, .. } => {
                Some((*request, connector.clone(), key.is_some()))
            }
            _ => None,
        });
        assert_eq!(sent, Some((id, "s".to_owned(), signed)));
        worker.step(Event::FenceSent(id, Ok(Answer::Done)));
        assert_eq!(worker.answer(id), Ok(Answer::Done));
    }
}

#[test]
fn a_task_of_earlier_configurations_or_of_others_may_not_write() {
    let is_held = |tasks: &[(&str, i32)], generation: u64, in_time: bool| {
        let mut worker = leading_source(None, 1);
        worker.step(Event::Joined(worker.joined(true, &[], tasks)));
        worker.take();
        let verify = FencingRequest::Verify { task: task("s", 0), generation };
        let id = worker.ask(Request::Fencing(verify));
        if !in_time {
            worker.step(Event::Refreshed(id, false));
            assert!(!is_answered(&worker, id), "it waits for as long as it takes");
        }
        worker.step(Event::Refreshed(id, true));
        worker.answer(id).map_err(|it| it.to_string())
    };
    assert_eq!(is_held(&[("s", 0)], 1, true), Ok(Answer::Done));
    assert_eq!(is_held(&[("s", 0)], 1, false), Ok(Answer::Done));
    assert_eq!(
        is_held(&[("s", 0)], 0, true),
        Err("Cannot start source task s-0 with exactly-once support as the connector has already generated a new set of \
             task configs"
            .to_owned())
    );
    assert_eq!(
        is_held(&[("s", 1)], 1, true),
        Err("Cannot start source task s-0 as it has already been revoked from this worker"
            .to_owned())
    );
}

#[test]
fn offsets_of_an_exactly_once_source_change_once_its_tasks_are_fenced() {
    for (result, is_changed) in [(Ok(true), true), (Err("refused".to_owned()), false)] {
        let mut worker = leading_source(Some(2), 0);
        worker.store(vec![encode::target("s", TargetState::Stopped)]);
        worker.take();
        let id = worker.ask(Request::ChangeOffsets("s".into(), OffsetsChange::Reset));
        worker.step(Event::Refreshed(id, true));
        let [(2, round)] = rounds(&worker)[..] else { panic!("a round: {:?}", worker.effects) };
        worker.step(Event::Fenced { connector: "s".into(), round, result });
        worker.perform_writes();
        let is_done = |it: &Effect| matches!(it, Effect::Offsets { request, action: OffsetsAction::Change(_), .. } if *request == id);
        assert_eq!(worker.effects.iter().any(is_done), is_changed);
        if !is_changed {
            let message =
                "Failed to perform zombie fencing for source connector prior to modifying offsets";
            assert_eq!(worker.answer(id), Err(Error::Internal(message.to_owned())));
        }
    }
}

#[test]
fn the_topic_is_claimed_by_who_comes_to_lead_and_where_that_is_wanted() {
    for (support, is_leader, expected) in [
        (ExactlyOnce::Disabled, true, false),
        (ExactlyOnce::Preparing, true, true),
        (ExactlyOnce::Enabled, true, true),
        (ExactlyOnce::Enabled, false, false),
    ] {
        let mut worker = Worker::started();
        worker.state.settings.exactly_once = support;
        let mut joined = worker.joined(is_leader, &[], &[]);
        joined.is_sessioned = true;
        worker.take();
        worker.step(Event::Joined(joined));
        let place = |wanted: fn(&Effect) -> bool| worker.effects.iter().position(wanted);
        let claim = place(|it| matches!(it, Effect::ClaimWrites));
        assert_eq!(claim.is_some(), expected, "{support:?} {is_leader}");
        let key = place(|it| matches!(it, Effect::NewSessionKey(_)));
        assert!(claim.is_none() || claim < key, "claimed before anything is written");
        worker.take();
        worker.step(Event::Claimed(Err("no broker".to_owned())));
        worker.step(Event::Timer(Timer::Claim));
        let again = worker.effects.iter().any(|it| matches!(it, Effect::ClaimWrites));
        assert_eq!(again, expected, "only who leads tries again");
    }
}
