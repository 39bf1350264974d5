//! Restarts of connectors and tasks.

use super::*;

#[test]
fn a_restarted_task_is_stopped_and_started_on_the_spot() {
    let mut worker = running();
    let id = worker.ask(Request::RestartTask(task("a", 1)));
    assert_eq!(worker.answer(id), Ok(Answer::Done));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    worker.finish_stops();
    assert_eq!(worker.started_tasks(), [1]);
    assert!(!worker.is_joining());
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
