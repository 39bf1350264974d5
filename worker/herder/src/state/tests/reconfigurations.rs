//! Task sets: asked of connectors, sent to the leader, and put in force.

use super::*;

#[test]
fn tasks_with_a_new_configuration_are_stopped_and_started_again() {
    let mut worker = running();
    worker.store(encode::tasks("a", &[config(&[("n", "7")])]));
    assert_eq!(worker.stopping_tasks().len(), 2);
    worker.finish_stops();
    assert!(worker.is_joining());
    let mut joined = worker.joined(true, &[], &[]);
    joined.assignment.revoked_tasks = vec![("a".into(), 1)];
    worker.take();
    worker.step(Event::Joined(joined));
    worker.join(true, &[], &[]);
    assert_eq!(worker.started_tasks(), [0]);
}

#[test]
fn a_follower_sends_its_task_set_to_the_leader_and_tries_again() {
    let mut worker = Worker::started();
    worker.store(encode::connector("a", &sink("a"), None));
    worker.join(false, &["a"], &[]);
    if worker.is_joining() {
        worker.join(false, &[], &[]);
    }
    let attempt = worker.split_attempt();
    worker.take();
    worker.step(Event::Split { connector: "a".into(), attempt, result: Ok(vec![sink("a")]) });
    assert!(worker.effects.iter().any(
        |it| matches!(it, Effect::SendTasks { leader, .. } if leader == "http://other:8083/")
    ));
    worker.take();
    worker.step(Event::TasksSent { connector: "a".into(), attempt, result: Err("409".into()) });
    let [Effect::After(_, timer)] = &worker.take()[..] else { panic!("it waits and tries again") };
    worker.step(Event::Timer(timer.clone()));
    assert_eq!(worker.split_attempt(), attempt);
}

#[test]
fn a_split_that_may_succeed_later_is_tried_again_and_another_fails_the_connector() {
    for (is_retriable, failed) in [(true, false), (false, true)] {
        let mut worker = Worker::leading();
        worker.store(encode::connector("a", &sink("a"), None));
        worker.join(true, &["a"], &[]);
        let attempt = worker.split_attempt();
        worker.take();
        let error = SplitError { is_retriable, trace: "trace".into() };
        let result = Err(error.clone());
        worker.step(Event::Split { connector: "a".into(), attempt, result });
        let subject = crate::store::status::Subject::Connector("a".into());
        let state = if failed { RunState::Failed } else { RunState::Running };
        assert_eq!(told(&worker), Some((state, Some("trace".to_owned()))));
        assert_eq!(worker.effects.iter().any(|it| matches!(it, Effect::After(..))), is_retriable);

        // What watches over the work of a connector has no other choices.
        let mut worker = running();
        worker.step(Event::Watched { connector: "a".into(), attempt: 1, result: Err(error) });
        assert_eq!(worker.state_of(&subject) == Some(RunState::Failed), failed);
        assert_eq!(worker.effects.iter().any(|it| matches!(it, Effect::After(..))), is_retriable);
    }
}

#[test]
fn a_connector_that_does_not_say_its_tasks_runs_and_its_status_says_so() {
    let mut worker = Worker::leading();
    worker.store(encode::connector("a", &sink("a"), None));
    worker.join(true, &["a"], &[]);
    let attempt = worker.split_attempt();
    let hangs = |attempt| Event::Timer(Timer::Asked("a".into(), attempt));
    worker.step(hangs(attempt + 1));
    assert_eq!(told(&worker), None, "that is another start");
    worker.step(hangs(attempt));
    let (state, trace) = told(&worker).expect("a status");
    assert_eq!(state, RunState::Running);
    assert!(trace.is_some_and(|it| it.contains("has not answered yet")));
    worker.step(Event::Split { connector: "a".into(), attempt, result: Ok(vec![sink("a")]) });
    assert_eq!(told(&worker), Some((RunState::Running, None)));
    worker.step(hangs(attempt));
    assert_eq!(told(&worker), Some((RunState::Running, None)), "it has answered");
}

/// State and trace of connector `a`.
fn told(worker: &Worker) -> Option<(RunState, Option<String>)> {
    let subject = crate::store::status::Subject::Connector("a".into());
    worker.state.statuses.of(&subject).map(|it| (it.state, it.trace.clone()))
}

#[test]
fn tasks_whose_values_have_changed_start_again_and_no_others() {
    let mut worker = running();
    worker.step(Event::ValuesChanged(vec![task("a", 1), task("gone", 0)]));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    worker.finish_stops();
    assert_eq!(worker.started_tasks().last(), Some(&1));
}

#[test]
fn a_connector_whose_value_expires_is_asked_again_once() {
    let mut worker = running();
    let asked =
        |worker: &Worker| worker.effects.iter().any(|it| matches!(it, Effect::Split { .. }));
    let reload = |attempt| Event::Timer(Timer::Reload("a".into(), attempt));
    let first = 1;
    worker.step(reload(first + 1));
    assert!(!asked(&worker));
    worker.step(reload(first));
    assert_eq!(worker.split_attempt(), first + 1);
    worker.take();
    worker.step(reload(first));
    assert!(!asked(&worker));
}

#[test]
fn a_task_set_that_comes_after_the_stop_is_not_taken() {
    let mut worker = running();
    worker.ask(Request::Stop("a".into()));
    let put = Request::PutTaskConfigs {
        connector: "a".into(),
        body: br#"[{"n":"7"}]"#.to_vec(),
        signature: None,
    };
    let id = worker.ask(put);
    worker.perform_writes();
    assert_eq!(worker.answer(id), Err(Error::StaleConfig));
    assert!(worker.state.config().all_tasks().is_empty());
}

#[test]
fn a_leader_takes_away_the_tasks_that_another_has_brought_to_a_stopped_connector() {
    let mut worker = running();
    worker.store(vec![encode::target("a", TargetState::Stopped)]);
    worker.perform_writes();
    assert!(worker.state.config().all_tasks().is_empty());
}

#[test]
fn a_late_task_set_of_another_worker_is_followed_by_that_of_the_one_that_has_the_connector() {
    let mut worker = running();
    worker.store(encode::tasks("a", &[config(&[("n", "late")])]));
    worker.perform_writes();
    assert_eq!(worker.state.config().all_tasks().len(), 2);
    // A connector that has another configuration by now is asked itself.
    let mut worker = running();
    let mut news =
        encode::connector("a", &config(&[("connector.class", "Sink"), ("x", "y")]), None);
    news.extend(encode::tasks("a", &[config(&[("n", "new")])]));
    worker.store(news);
    assert!(!worker.effects.iter().any(|it| matches!(it, Effect::WriteConfig(..))));
}
