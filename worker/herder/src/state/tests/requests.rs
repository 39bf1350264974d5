//! Answers to clients: who may give them, and in which words.

use sluice_engine::OffsetsChange;

use super::*;

#[test]
fn requests_are_refused_with_javas_words() {
    let create = |name: &str, key: &str| Request::Create {
        name: name.into(),
        config: patch(&[("name", name), ("connector.class", "Sink"), (key, "1")]),
        initial: None,
    };
    let cases: [(Request, &str); 8] = [
        (create("a", "x"), "Connector a already exists"),
        (create("b", "bad"), "contains the following 1 error(s):\nbad is bad\nYou can also find"),
        (Request::Connector("b".into()), "Connector b not found"),
        (Request::Delete("b".into()), "Connector b not found"),
        (Request::Status("b".into()), "No status found for connector b"),
        (Request::SetTarget("b".into(), TargetState::Paused), "Unknown connector b"),
        (Request::RestartConnector("b".into()), "Unknown connector: b"),
        (Request::RestartTask(task("a", 9)), "Unknown task: a-9"),
    ];
    for (request, expected) in cases {
        let mut worker = running();
        let asked = format!("{request:?}");
        let id = worker.ask(request);
        let error = worker.answer(id).expect_err(&asked).to_string();
        assert!(error.contains(expected), "{asked}: {error}");
    }
}

#[test]
fn a_follower_names_the_leader_for_what_only_that_can_do() {
    let mut worker = Worker::started();
    worker.join(false, &[], &[]);
    let id = worker.ask(Request::Delete("a".into()));
    assert_eq!(worker.answer(id), Err(Error::Elsewhere(Some("http://other:8083/".into()))));
}

#[test]
fn the_leader_of_a_sessioned_group_makes_a_key_once() {
    let mut worker = Worker::started();
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_sessioned = true;
    worker.take();
    worker.step(Event::Joined(joined));
    let keys = |worker: &Worker| {
        worker.effects.iter().filter(|it| matches!(it, Effect::NewSessionKey(_))).count()
    };
    assert_eq!(keys(&worker), 1);
    worker.step(Event::Membership(GroupChange::Rebalance));
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_sessioned = true;
    worker.step(Event::Joined(joined));
    assert_eq!(keys(&worker), 1);
}

fn creation() -> Request {
    Request::Create {
        name: "b".into(),
        config: patch(&[("name", "b"), ("connector.class", "Sink")]),
        initial: None,
    }
}

#[test]
fn what_concerns_a_connector_that_is_being_written_waits_for_that() {
    let change = |key: &str| Request::PatchConfig { name: "a".into(), patch: patch(&[(key, "1")]) };
    let config = |worker: &Worker, name: &str| worker.state.config().config(name).cloned();
    // Two cannot create the same connector.
    let mut worker = running();
    let ids = [worker.ask(creation()), worker.ask(creation())];
    worker.perform_writes();
    assert!(matches!(worker.answer(ids[0]), Ok(Answer::Connector(_, true))));
    assert_eq!(worker.answer(ids[1]), Err(Error::StaleConfig), "a round is due");
    // Nor undo each other's changes of some keys.
    let mut worker = running();
    let ids = [worker.ask(change("x")), worker.ask(change("y"))];
    for _ in 0..ids.len() {
        worker.perform_writes();
        worker.answer_plugins();
    }
    worker.perform_writes();
    assert!(ids.into_iter().all(|id| worker.answer(id).is_ok()));
    let changed = config(&worker, "a").expect("it is there");
    assert!(changed.contains_key("x") && changed.contains_key("y"), "{changed:?}");
    // Nor does a change bring back what is deleted meanwhile.
    let mut worker = running();
    let ids = [worker.ask(Request::Delete("a".into())), worker.ask(change("x"))];
    worker.perform_writes();
    assert_eq!(worker.answer(ids[0]), Ok(Answer::Done));
    assert_eq!(worker.answer(ids[1]), Err(Error::StaleConfig), "a round is due");
    assert_eq!(config(&worker, "a"), None);
    // A write that fails lets the others go on.
    let mut worker = running();
    let ids = [worker.ask(creation()), worker.ask(creation())];
    let id_of = |effect| match effect {
        Effect::WriteConfig(id, _) => Some(id),
        _ => None,
    };
    let write = worker.take().into_iter().find_map(id_of).expect("it is written");
    worker.step(Event::Written(write, Err("no".into())));
    assert!(matches!(worker.answer(ids[0]), Err(Error::Internal(_))));
    worker.perform_writes();
    assert!(matches!(worker.answer(ids[1]), Ok(Answer::Connector(_, true))));
}

#[test]
fn a_client_that_waits_is_told_for_what() {
    let change = || OffsetsChange::Reset;
    let write = |what: &str| format!("writing {what} for connector a to the config topic");
    for (request, expected) in [
        (
            Request::PutConfig { name: "a".into(), config: patch(&[("connector.class", "Sink")]) },
            write("a config"),
        ),
        (
            Request::Delete("a".into()),
            "removing the config for connector a from the config topic".into(),
        ),
        (Request::Stop("a".into()), write("the STOPPED target stage")),
        (
            Request::Restart(RestartRequest {
                connector: "a".into(),
                include_tasks: true,
                only_failed: false,
            }),
            write("restart request"),
        ),
        (
            Request::PutTaskConfigs {
                connector: "a".into(),
                body: b"[]".to_vec(),
                signature: None,
            },
            write("0 task configs"),
        ),
        (
            Request::ChangeOffsets("a".into(), change()),
            "reading to the end of the config topic".into(),
        ),
        (Request::Offsets("a".into()), "reading offsets for connector a".into()),
        (Request::Reading("a".into(), None), "reading offsets for connector a".into()),
    ] {
        let mut worker = running();
        let id = worker.ask(request.clone());
        let stage = worker.effects.iter().find_map(|effect| match effect {
            Effect::Stage(to, stage) if *to == id => Some(stage.clone()),
            _ => None,
        });
        assert_eq!(stage, Some(Stage::new(expected, 1_000)), "{request:?}");
    }
}
