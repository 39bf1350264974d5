//! Decisions of the guard, each with what the metrics count for it.

use sluice_plugin::{
    Properties,
    model::{ConnectRecord, SchemaAndValue, SourceOffset, SourcePartition, SourceRecord},
};

use super::*;
use crate::{stage::Stage, task::TaskId};

fn guard(entries: &[(&str, &str)]) -> Guard {
    let settings: Properties =
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let policy = Policy::parse(&settings).expect("a policy");
    let stats = Arc::<TaskStats>::default();
    let reporters =
        Reporters::without_dead_letters(TaskId::new("c", 0), &policy, Arc::clone(&stats));
    Guard::new(policy, Arc::new(reporters), stats, CancellationToken::new())
}

/// failures, errors, skipped, retries
fn counts(guard: &Guard) -> [u64; 4] {
    let errors = &guard.stats.errors;
    [&errors.failures, &errors.errors, &errors.skipped, &errors.retries]
        .map(crate::metrics::Counter::read)
}

fn record() -> SourceRecord {
    SourceRecord {
        source_partition: Arc::new(SourcePartition::default()),
        source_offset: SourceOffset::default(),
        data: ConnectRecord::new("t", SchemaAndValue::NULL, SchemaAndValue::NULL),
    }
}

async fn fail(guard: &Guard, stage: Stage, error: plugin::Error) -> Result<Next, Failure> {
    let step = Step::new(stage, "org.example.Step");
    guard.failed(&step, error, Original::Polled(&record()), &mut Attempts::begin()).await
}

#[tokio::test(start_paused = true)]
async fn a_record_is_skipped_tried_again_or_the_end() {
    let bad = || plugin::Error::bad_record("no number");
    let later = || plugin::Error::retriable("not now");
    let all = ("errors.tolerance", "all");
    let away = || plugin::Error::outage("no answer");
    let refused = || plugin::Error::fatal("no rights").systemic();
    let retry = ("errors.retry.timeout", "10000");
    for (settings, stage, error, expected, counted) in [
        (&[all][..], Stage::KeyConverter, bad(), Ok(Next::Skip), [1, 1, 1, 0]),
        (&[all], Stage::Transformation, plugin::Error::fatal("x"), Ok(Next::Skip), [1, 1, 1, 0]),
        (&[all], Stage::KafkaProduce, bad(), Err(UNHANDLED), [1, 1, 0, 0]),
        (&[all], Stage::TaskPut, bad(), Err(UNHANDLED), [1, 1, 0, 0]),
        (&[all], Stage::ValueConverter, bad(), Ok(Next::Skip), [1, 1, 1, 0]),
        (&[all], Stage::HeaderConverter, bad(), Ok(Next::Skip), [1, 1, 1, 0]),
        (&[all], Stage::KeyConverter, later(), Ok(Next::Skip), [2, 1, 1, 0]),
        (&[all], Stage::HeaderConverter, later(), Ok(Next::Skip), [2, 1, 1, 0]),
        (&[all], Stage::TaskPut, later(), Ok(Next::Skip), [2, 1, 1, 0]),
        (&[all], Stage::KafkaProduce, later(), Ok(Next::Skip), [2, 1, 1, 0]),
        (&[], Stage::ValueConverter, bad(), Err(EXCEEDED), [1, 1, 0, 0]),
        (&[], Stage::Transformation, later(), Err(EXCEEDED), [2, 1, 0, 0]),
        (&[], Stage::KeyConverter, later(), Err(EXCEEDED), [2, 1, 0, 0]),
        (&[], Stage::ValueConverter, later(), Err(EXCEEDED), [2, 1, 0, 0]),
        (&[], Stage::HeaderConverter, later(), Err(EXCEEDED), [2, 1, 0, 0]),
        (&[retry], Stage::Transformation, later(), Ok(Next::Again), [1, 0, 0, 1]),
        (&[retry], Stage::Transformation, bad(), Err(EXCEEDED), [1, 1, 0, 0]),
        (&[all], Stage::ValueConverter, away(), Ok(Next::Again), [1, 0, 0, 1]),
        (&[], Stage::KeyConverter, away(), Ok(Next::Again), [1, 0, 0, 1]),
        (&[all], Stage::ValueConverter, refused(), Err(UNHANDLED), [1, 1, 0, 0]),
    ] {
        let guard = guard(settings);
        let next = fail(&guard, stage, error).await;
        match (&next, expected) {
            (Ok(next), Ok(expected)) => assert_eq!(*next, expected, "{settings:?} {stage:?}"),
            (Err(failure), Err(expected)) => {
                let first = failure.to_string();
                assert!(
                    first.starts_with(&format!(
                        "org.apache.kafka.connect.errors.ConnectException: {expected}\nCaused by: "
                    )),
                    "{first}"
                );
            }
            other => panic!("{settings:?} {stage:?}: {other:?}"),
        }
        assert_eq!(counts(&guard), counted, "{settings:?} {stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_end_with_their_time() {
    let guard = guard(&[("errors.retry.timeout", "1000"), ("errors.tolerance", "all")]);
    let step = Step::new(Stage::Transformation, "org.example.Step");
    let (record, mut attempts) = (record(), Attempts::begin());
    let mut made = 0;
    loop {
        made += 1;
        let error = plugin::Error::retriable("not now");
        let next = guard.failed(&step, error, Original::Polled(&record), &mut attempts).await;
        match next.expect("tolerated") {
            Next::Again => {}
            next => break assert_eq!(next, Next::Skip),
        }
    }
    // After 300 and 600 ms, and what is left of the second.
    assert_eq!(made, 4);
    assert_eq!(attempts.elapsed(), Duration::from_secs(1));
    assert_eq!(counts(&guard), [5, 1, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_pause_and_loses_nothing() {
    let guard = guard(&[("errors.retry.timeout", "-1"), ("errors.tolerance", "all")]);
    guard.stop.cancel();
    let next = fail(&guard, Stage::KeyConverter, plugin::Error::retriable("not now")).await;
    assert_eq!(next.expect("no failure"), Next::Stop);
    assert_eq!(counts(&guard), [1, 0, 0, 0]);
}
