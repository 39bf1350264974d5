//! What `ExactlyOnceWorkerSourceTaskTest` asks of a task's producer, against one that notes what it is told.

use std::sync::Mutex;

use async_trait::async_trait;
use sluice_plugin::model::Value;

use super::*;
use crate::offsets::{MemoryOffsets, OffsetStore};

/// Notes calls, and fails those that it is told to.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<String>>,
    fails: Option<(&'static str, &'static str)>,
}

fn expired() -> ClientError {
    sluice_kafka::wire::Error::Broker {
        code: kafka_protocol::ResponseError::InvalidProducerEpoch,
        message: None,
    }
    .into()
}

fn fenced() -> ClientError {
    sluice_kafka::wire::Error::Broker {
        code: kafka_protocol::ResponseError::ProducerFenced,
        message: None,
    }
    .into()
}

impl Recorder {
    fn failing(call: &'static str, how: &'static str) -> Self {
        Self { calls: Mutex::default(), fails: Some((call, how)) }
    }

    fn note(&self, call: &str, text: String) -> Result<(), ClientError> {
        self.calls.lock().expect("no panic").push(text);
        match self.fails {
            Some((failing, "expired")) if failing == call => Err(expired()),
            Some((failing, _)) if failing == call => Err(fenced()),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Port for Recorder {
    fn begin(&self) -> Result<(), ClientError> {
        self.note("begin", "begin".to_owned())
    }

    fn send(&self, record: &OutgoingRecord<'_>) -> Result<(), SendRefused> {
        let value = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
        Ok(self.note("send", format!("{} {value}", record.topic))?)
    }

    async fn ready(&self) {}

    async fn commit(&self) -> Result<(), ClientError> {
        self.note("commit", "commit".to_owned())
    }

    async fn abort(&self) -> Result<(), ClientError> {
        self.note("abort", "abort".to_owned())
    }
}

fn transaction(port: Recorder) -> Transaction<Recorder> {
    let store: Arc<dyn OffsetStore> = Arc::<MemoryOffsets>::default();
    let positions = Positions { topic: "offsets".to_owned(), ..Positions::workers(&store) };
    Transaction::new(TaskId::new("c", 3), port, Arc::default(), positions)
}

async fn send(on: &mut Transaction<Recorder>, value: &'static str) -> Result<(), Failure> {
    let record = Encoded { value: Some(value.into()), ..Encoded::empty("t".into()) };
    let sent = on.send(&record, &CancellationToken::new()).await?;
    assert_eq!(sent, Sent::Yes);
    Ok(())
}

fn pass(on: &mut Transaction<Recorder>, position: i64) {
    let partition = Arc::new(SourcePartition([("p".to_owned(), Value::from("1"))].into()));
    on.passed(&partition, SourceOffset([("at".to_owned(), Value::from(position))].into()));
}

fn calls(of: &Transaction<Recorder>) -> Vec<String> {
    of.port.calls.lock().expect("no panic").drain(..).collect()
}

#[tokio::test]
async fn records_and_the_newest_position_go_in_one_transaction() -> Result<(), Failure> {
    let mut transaction = transaction(Recorder::default());
    for (value, position) in [("a", 1), ("b", 2)] {
        send(&mut transaction, value).await?;
        pass(&mut transaction, position);
    }
    let committed = transaction.commit().await?;
    assert_eq!(committed.size, Some(2));
    assert_eq!(committed.positions.len(), 1);
    assert_eq!(calls(&transaction), ["begin", "t a", "t b", "offsets {\"at\":2}", "commit"]);
    // The next one begins with the next record.
    send(&mut transaction, "c").await?;
    pass(&mut transaction, 3);
    assert_eq!(transaction.commit().await?.size, Some(1));
    assert_eq!(calls(&transaction), ["begin", "t c", "offsets {\"at\":3}", "commit"]);
    Ok(())
}

#[tokio::test]
async fn nothing_to_commit_is_no_transaction() -> Result<(), Failure> {
    let mut transaction = transaction(Recorder::default());
    let committed = transaction.commit().await?;
    assert_eq!(committed, Committed { size: None, positions: Vec::new() });
    assert_eq!(calls(&transaction), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn records_that_were_left_out_leave_their_position() -> Result<(), Failure> {
    let mut transaction = transaction(Recorder::default());
    pass(&mut transaction, 7);
    assert_eq!(transaction.commit().await?.size, Some(0));
    assert_eq!(calls(&transaction), ["begin", "offsets {\"at\":7}", "commit"]);
    Ok(())
}

#[tokio::test]
async fn what_was_aborted_leaves_its_position() -> Result<(), Failure> {
    let mut transaction = transaction(Recorder::default());
    send(&mut transaction, "a").await?;
    pass(&mut transaction, 1);
    transaction.abort().await?;
    assert!(!transaction.is_open());
    assert_eq!(transaction.commit().await?.size, Some(0));
    assert_eq!(
        calls(&transaction),
        ["begin", "t a", "abort", "begin", "offsets {\"at\":1}", "commit"]
    );
    Ok(())
}

#[tokio::test]
async fn a_task_may_not_write_to_its_own_offsets_topic() {
    let mut transaction = transaction(Recorder::default());
    let record = Encoded::empty("offsets".into());
    let failure = transaction.send(&record, &CancellationToken::new()).await.expect_err("refused");
    assert_eq!(
        failure.message(),
        Some(
            "Source tasks may not produce to their own offsets topics when exactly-once support is enabled"
        )
    );
    assert!(!transaction.is_open());
}

#[tokio::test]
async fn what_kafka_refuses_fails_the_task_in_java_s_words() {
    const FLUSH: &str = "Failed to flush offsets and/or records for task c-3";
    const SEND: &str = "Unrecoverable exception trying to send";
    const EXPIRED: &str = "The task c-3 was unable to finish writing records to Kafka before its producer transaction expired.";
    for (call, how, expected) in [
        ("begin", "fenced", SEND),
        ("send", "fenced", SEND),
        ("send", "expired", EXPIRED),
        ("commit", "fenced", FLUSH),
        ("commit", "expired", EXPIRED),
    ] {
        let mut transaction = transaction(Recorder::failing(call, how));
        let sent = send(&mut transaction, "a").await;
        pass(&mut transaction, 1);
        let outcome = match sent {
            Ok(()) => transaction.commit().await.map(drop),
            failed => failed,
        };
        let failure = outcome.expect_err("refused");
        let message = failure.message().unwrap_or_default();
        assert!(message.starts_with(expected), "{call} {how}: {message}");
        assert!(failure.to_string().contains("Caused by: org.apache.kafka.common.errors."));
    }
}

#[tokio::test]
async fn positions_that_cannot_be_written_leave_the_records_unwritten() -> Result<(), Failure> {
    let mut transaction = transaction(Recorder::default());
    send(&mut transaction, "a").await?;
    let partition = Arc::new(SourcePartition::default());
    let nested = Value::Array(Vec::new());
    transaction.passed(&partition, SourceOffset([("at".to_owned(), nested)].into()));
    let failure = transaction.commit().await.expect_err("no primitive");
    assert!(failure.to_string().contains("Offsets may only contain primitive types"), "{failure}");
    assert!(!calls(&transaction).contains(&"commit".to_owned()));
    assert!(transaction.is_open(), "to be aborted");
    Ok(())
}
