//! What is told of connectors and tasks, and who has the last word.

use super::*;
use crate::store::status::{Status, Subject};

/// A worker reads what another has told.
fn told(worker: &mut Worker, subject: &Subject, other: Option<(RunState, i32)>) {
    let status = other.map(|(state, generation)| Status {
        state,
        trace: None,
        worker_id: "other:8083".into(),
        generation,
        version: None,
    });
    let record = StoredRecord {
        offset: 0,
        key: subject.key().into_bytes(),
        value: status.map(|it| it.encode().into_bytes()),
    };
    worker.step(Event::StatusRecords(vec![record]));
}

fn written(worker: &mut Worker, subject: &Subject) -> Vec<bool> {
    let of = |effect| match effect {
        Effect::WriteStatus(key, value) if key == subject.key() => Some(value.is_some()),
        _ => None,
    };
    worker.take().into_iter().filter_map(of).collect()
}

#[test]
fn who_has_the_work_says_so_again_after_a_late_word_of_another() {
    for subject in [Subject::Connector("a".into()), Subject::Task(task("a", 0))] {
        for (other, answers) in [
            (Some((RunState::Unassigned, 0)), true),
            // A leader has deleted what was told of an earlier connector.
            (None, true),
            // The other has it, and this worker does not know yet.
            (Some((RunState::Running, 99)), false),
        ] {
            let mut worker = running();
            told(&mut worker, &subject, other);
            let expected: &[bool] = if answers { &[true] } else { &[] };
            assert_eq!(written(&mut worker, &subject), expected, "{subject:?} {other:?}");
            if answers {
                assert_eq!(worker.state_of(&subject), Some(RunState::Running));
            }
        }
    }
}

#[test]
fn the_leader_deletes_what_is_told_late_of_something_that_is_gone() {
    for subject in [Subject::Connector("gone".into()), Subject::Task(task("a", 7))] {
        let mut worker = running();
        told(&mut worker, &subject, Some((RunState::Unassigned, 1)));
        assert_eq!(written(&mut worker, &subject), [false], "{subject:?}");
        let mut follower = Worker::started();
        follower.join(false, &[], &[]);
        told(&mut follower, &subject, Some((RunState::Unassigned, 1)));
        assert!(written(&mut follower, &subject).is_empty(), "{subject:?}");
    }
}
