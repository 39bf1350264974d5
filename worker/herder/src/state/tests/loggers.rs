//! Levels of loggers that reach all workers over the config topic.

use super::*;
use crate::store::config::LoggerChange;

fn change() -> LoggerChange {
    LoggerChange { namespace: "org.apache.kafka.connect".into(), level: "debug".into() }
}

fn set(effects: &[Effect]) -> Vec<&LoggerChange> {
    let mut changes = Vec::new();
    for effect in effects {
        if let Effect::SetLogger(change) = effect {
            changes.push(change);
        }
    }
    changes
}

#[test]
fn a_level_for_all_is_written_and_set_once_read_back() {
    let mut worker = Worker::leading();
    let id = worker.ask(Request::SetLogger(change()));
    assert!(set(&worker.effects).is_empty());
    worker.perform_writes();
    assert_eq!(set(&worker.effects), [&change()]);
    assert_eq!(worker.answer(id), Ok(Answer::Done));
}

#[test]
fn levels_from_before_the_start_are_none_of_its_business() {
    let mut worker = Worker::started();
    worker.state.has_started = false;
    worker.store(vec![encode::logger(&change())]);
    assert!(set(&worker.effects).is_empty());
}
