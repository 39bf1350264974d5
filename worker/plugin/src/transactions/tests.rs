//! `WorkerTransactionContextTest`, and records that look alike.

use std::sync::Arc;

use sluice_model::{ConnectRecord, SchemaAndValue, SourceOffset, SourcePartition};

use super::*;

fn record(position: i64) -> SourceRecord {
    SourceRecord {
        source_partition: Arc::new(SourcePartition::default()),
        source_offset: SourceOffset([("position".to_owned(), position.into())].into()),
        data: ConnectRecord {
            topic: "t".into(),
            partition: None,
            key: SchemaAndValue::schemaless(sluice_model::Value::Null),
            value: SchemaAndValue::schemaless(sluice_model::Value::Null),
            timestamp: None,
            headers: sluice_model::Headers::default(),
            offset: None,
        },
    }
}

#[test]
fn what_was_asked_for_a_batch_is_taken_once() {
    use TransactionEnd::{Abort, Commit};
    type Ask = fn(&TransactionContext);
    for (ask, expected) in [
        ((|_| ()) as Ask, None),
        (|it| it.commit(), Some(Commit)),
        (|it| it.abort(), Some(Abort)),
        (|it| it.commit_on(&record(1)), None),
    ] {
        let context = TransactionContext::default();
        ask(&context);
        assert_eq!(context.take_batch_end().ok(), Some(expected));
        assert_eq!(context.take_batch_end().ok(), Some(None));
    }
}

#[test]
fn what_was_asked_for_a_record_is_taken_with_it() {
    use TransactionEnd::{Abort, Commit};
    let context = TransactionContext::default();
    context.commit_on(&record(2));
    context.abort_on(&record(3));
    context.commit_on(&record(4));
    let ends = (1..=4).map(|it| context.take_record_end(&record(it)).ok().flatten());
    assert_eq!(ends.collect::<Vec<_>>(), [None, Some(Commit), Some(Abort), Some(Commit)]);
    assert_eq!(context.take_record_end(&record(2)).ok(), Some(None));
}

#[test]
fn who_wants_both_ends_fails() {
    let context = TransactionContext::default();
    context.commit();
    context.abort();
    let error = context.take_batch_end().expect_err("both");
    assert_eq!(error.java_class(), ILLEGAL_STATE);
    assert_eq!(error.to_string(), "Connector requested both commit and abort of same transaction");
    let record = record(1);
    context.commit_on(&record);
    context.abort_on(&record);
    let error = context.take_record_end(&record).expect_err("both");
    assert_eq!(
        error.to_string(),
        "Connector requested both commit and abort of same record against topic/partition t/null"
    );
}
