//! Answers to clients: who may give them, and in which words.

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
