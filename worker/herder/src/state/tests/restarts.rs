//! Restarts of connectors and tasks.

use super::*;
use crate::store::status::{Status, Subject};

#[test]
fn a_restarted_task_is_stopped_and_started_on_the_spot() {
    let mut worker = running();
    worker.ask(Request::RestartTask(task("a", 1)));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    worker.finish_stops();
    assert_eq!(worker.started_tasks(), [1]);
    assert!(!worker.is_joining());
}

/// What became of a restart, as its client hears it.
type Heard = Option<Result<Answer, Error>>;

fn heard(worker: &Worker, id: RequestId) -> Heard {
    let answer = |effect: &Effect| match effect {
        Effect::Reply(to, answer) if *to == id => Some(answer.clone()),
        _ => None,
    };
    worker.effects.iter().find_map(answer)
}

fn failed(text: &str) -> Result<Answer, Error> {
    Err(Error::Internal(text.into()))
}

#[test]
fn the_client_of_a_tasks_restart_hears_whether_it_started() {
    let it = || task("a", 1);
    let not_started = "Failed to start task: a-1";
    for (event, expected) in [
        (TaskEvent::Built(it()), Some(Ok(Answer::Done))),
        (TaskEvent::Running(it()), Some(Ok(Answer::Done))),
        (TaskEvent::Paused(it()), Some(Ok(Answer::Done))),
        (TaskEvent::Failed(it(), "trace".into()), Some(failed(not_started))),
        (TaskEvent::Failed(task("a", 0), "trace".into()), None),
    ] {
        let mut worker = running();
        let id = worker.ask(Request::RestartTask(it()));
        worker.step(Event::Task(event.clone()));
        assert_eq!(heard(&worker, id), None, "that is the one from before: {event:?}");
        worker.finish_stops();
        worker.step(Event::Task(event.clone()));
        assert_eq!(heard(&worker, id), expected, "{event:?}");
    }
    let mut worker = running();
    let id = worker.ask(Request::RestartTask(it()));
    worker.step(Event::Membership(GroupChange::Fenced));
    assert_eq!(heard(&worker, id), Some(failed(not_started)), "it is not here any more");
}

#[test]
fn the_client_of_a_connectors_restart_hears_whether_it_started() {
    let refused =
        |is_retriable| Err(SplitError { is_retriable, trace: "why is in the status".into() });
    for (result, expected) in [
        (Ok(Vec::new()), Some(Ok(Answer::Done))),
        (refused(true), Some(Ok(Answer::Done))),
        (refused(false), Some(failed("Failed to start connector: a"))),
    ] {
        let mut worker = running();
        let id = worker.ask(Request::RestartConnector("a".into()));
        let attempt = worker.split_attempt();
        let split =
            |attempt| Event::Split { connector: "a".into(), attempt, result: result.clone() };
        worker.step(split(attempt - 1));
        assert_eq!(heard(&worker, id), None, "that is the start before");
        worker.step(split(attempt));
        assert_eq!(heard(&worker, id), expected, "{result:?}");
    }
    let mut worker = running();
    let id = worker.ask(Request::RestartConnector("a".into()));
    worker.store(encode::removal("a"));
    assert_eq!(heard(&worker, id), Some(failed("Failed to start connector: a")), "it is deleted");
}

#[test]
fn a_connector_that_rests_has_restarted_at_once() {
    for target in [TargetState::Paused, TargetState::Stopped] {
        let mut worker = running();
        worker.store(vec![encode::target("a", target)]);
        let id = worker.ask(Request::RestartConnector("a".into()));
        assert_eq!(worker.answer(id), Ok(Answer::Done), "{target:?}");
    }
}

#[test]
fn a_restart_that_hangs_is_named_early_and_goes_on() {
    for (request, doing) in [
        (Request::RestartConnector("a".into()), "starting the connector"),
        (Request::RestartTask(task("a", 1)), "restarting task a-1"),
    ] {
        let mut worker = running();
        let id = worker.ask(request);
        worker.step(Event::Timer(Timer::Restart(id)));
        let text = format!(
            "Request timed out. The worker is currently {doing}, which began at 1970-01-01T00:00:01Z."
        );
        assert_eq!(heard(&worker, id), Some(failed(&text)));
        worker.finish_stops();
        worker.step(Event::Task(TaskEvent::Running(task("a", 1))));
        let answers = worker.effects.iter().filter(|it| matches!(it, Effect::Reply(..)));
        assert_eq!(answers.count(), 1, "nobody is answered twice");
    }
}

#[test]
fn nothing_is_restarted_while_a_round_is_due() {
    let mut worker = running();
    worker.ask(Request::RestartTask(task("a", 0)));
    // Its stop holds up the round that a new connector calls for.
    worker.store(encode::connector("b", &sink("b"), None));
    for request in [Request::RestartConnector("a".into()), Request::RestartTask(task("a", 1))] {
        let id = worker.ask(request);
        assert_eq!(worker.answer(id), Err(Error::StaleConfig));
    }
}

#[test]
fn a_restart_record_restarts_only_what_it_selects() {
    let mut worker = running();
    worker.step(Event::Task(TaskEvent::Failed(task("a", 1), "trace".into())));
    let request = RestartRequest { connector: "a".into(), include_tasks: true, only_failed: true };
    let id = worker.ask(Request::Restart(request));
    worker.perform_writes();
    let Ok(Answer::Status(state)) = worker.answer(id) else { panic!("it tells the state") };
    assert_eq!(
        state.tasks.iter().map(|it| it.state).collect::<Vec<_>>(),
        [RunState::Running, RunState::Restarting]
    );
    assert_eq!(state.tasks[1].trace.as_deref(), Some("trace"), "why it had failed");
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
}

#[test]
fn a_restarted_connector_is_asked_anew_and_its_tasks_go_on() {
    let mut worker = running();
    worker.ask(Request::RestartConnector("a".into()));
    assert_eq!(worker.split_attempt(), 2);
    assert!(worker.stopping_tasks().is_empty() && !worker.is_joining());
}

#[test]
fn who_has_it_not_names_the_one_that_has() {
    for (subject, request) in [
        (Subject::Connector("a".into()), Request::RestartConnector("a".into())),
        (Subject::Task(task("a", 0)), Request::RestartTask(task("a", 0))),
    ] {
        for is_leader in [true, false] {
            let mut worker = Worker::started();
            worker.store(encode::connector("a", &sink("a"), None));
            worker.store(encode::tasks("a", &[sink("a")]));
            worker.join(is_leader, &[], &[]);
            let status = Status {
                state: RunState::Running,
                trace: None,
                worker_id: "owner:8083".into(),
                generation: 0,
                version: None,
            };
            let (key, value) = (subject.key().into_bytes(), Some(status.encode().into_bytes()));
            worker.step(Event::StatusRecords(vec![StoredRecord { offset: 0, key, value }]));
            let id = worker.ask(request.clone());
            let owner = Error::Elsewhere(Some("http://owner:8083/".into()));
            assert_eq!(worker.answer(id), Err(owner), "{subject:?}, leads: {is_leader}");
        }
    }
}

#[test]
fn each_pair_of_flags_selects_its_part() {
    // Task 1 has failed, the connector and task 0 have not.
    for (include_tasks, only_failed, connector, tasks) in [
        (false, false, true, &[][..]),
        (true, false, true, &[0, 1]),
        (false, true, false, &[]),
        (true, true, false, &[1]),
    ] {
        for is_here in [true, false] {
            let mut worker = running();
            worker.step(Event::Task(TaskEvent::Failed(task("a", 1), "trace".into())));
            if !is_here {
                worker.step(Event::Membership(GroupChange::Fenced));
                worker.finish_stops();
                worker.join(false, &[], &[]);
            }
            worker.take();
            let request = RestartRequest { connector: "a".into(), include_tasks, only_failed };
            worker.store(vec![encode::restart(&request)]);
            let asks = worker.effects.iter().any(|it| matches!(it, Effect::Split { .. }));
            let stops: Vec<i32> = worker.stopping_tasks().iter().map(|it| it.task).collect();
            let at = format!("tasks: {include_tasks}, failed: {only_failed}, here: {is_here}");
            assert_eq!(asks, connector && is_here, "{at}");
            assert_eq!(stops, if is_here { tasks } else { &[] }, "{at}");
        }
    }
}
