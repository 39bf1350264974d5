//! The connector and its tasks.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SourceConnector, SourceContext, SourceTask,
    model::{
        ConnectRecord, SchemaAndValue, SchemaRef, SourceOffset, SourcePartition, SourceRecord,
        Value,
    },
};
use tokio::time::Instant;

use crate::{
    config::DatagenConfig,
    quickstart::{Generator, Quickstart},
    random::Random,
};

/// Key that `split` adds to the settings of each task.
const TASK_ID: &str = "task.id";
/// Records that one poll makes when there is no pause between them.
const BATCH: u64 = 1_000;
/// How long a task with nothing left to make waits in a poll.
const IDLE: Duration = Duration::from_secs(1);

/// `io.confluent.kafka.connect.datagen.DatagenConnector`: every task makes records of its own.
pub struct Datagen;

#[async_trait]
impl SourceConnector for Datagen {
    type Config = DatagenConfig;
    const NAME: &'static str = "io.confluent.kafka.connect.datagen.DatagenConnector";

    async fn split(
        &self,
        _: &DatagenConfig,
        settings: &Properties,
        max_tasks: usize,
    ) -> Result<Vec<Properties>> {
        let task = |id: usize| {
            let mut task = settings.clone();
            task.insert(TASK_ID.to_owned(), id.to_string());
            task
        };
        Ok((0..max_tasks).map(task).collect())
    }

    async fn open(
        &self,
        config: DatagenConfig,
        settings: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        let quickstart = Quickstart::named(&config.quickstart)
            .ok_or_else(|| Error::fatal(format!("there is no quickstart {}", config.quickstart)))?;
        let generator = quickstart.generator();
        let key_name = config.key_field.as_deref().unwrap_or(quickstart.key_field());
        let key_index = generator.schema().field_index(key_name).ok_or_else(|| {
            Error::fatal(format!(
                "schema.keyfield names {key_name}, which {} does not have",
                config.quickstart
            ))
        })?;
        let task_id: i64 = settings.get(TASK_ID).and_then(|it| it.parse().ok()).unwrap_or(0);
        let partition =
            SourcePartition(BTreeMap::from([(TASK_ID.to_owned(), Value::Int64(task_id))]));
        let stored = context.offsets.offsets(std::slice::from_ref(&partition)).await?;
        let made = stored.into_iter().flatten().next().map_or(0, |offset| iteration(&offset));
        let seed =
            config.seed.map_or_else(random_seed, |seed| seed as u64).wrapping_add(task_id as u64);
        Ok(Box::new(Task {
            topic: config.topic.into(),
            partition: Arc::new(partition),
            generator,
            key_index,
            seed,
            made,
            iterations: u64::try_from(config.iterations).ok(),
            max_interval: u64::try_from(config.max_interval).unwrap_or(0),
            due: Instant::now(),
        }))
    }
}

fn iteration(offset: &SourceOffset) -> u64 {
    match offset.0.get("current.iteration") {
        Some(Value::Int64(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::Int32(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

fn random_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_nanos() as u64)
}

struct Task {
    topic: Arc<str>,
    partition: Arc<SourcePartition>,
    generator: Generator,
    key_index: usize,
    seed: u64,
    /// Records made so far, also before a restart.
    made: u64,
    iterations: Option<u64>,
    max_interval: u64,
    /// When the next record is due.
    due: Instant,
}

#[async_trait]
impl SourceTask for Task {
    /// Waits first and makes records afterwards, without waiting again: dropping it loses none.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let left = self.iterations.map_or(u64::MAX, |all| all.saturating_sub(self.made));
        if left == 0 {
            tokio::time::sleep(IDLE).await;
            return Ok(Vec::new());
        }
        if self.max_interval == 0 {
            return Ok((0..left.min(BATCH)).map(|_| self.next_record()).collect());
        }
        tokio::time::sleep_until(self.due).await;
        let pause = Random::of_record(!self.seed, self.made).below(self.max_interval + 1);
        self.due = Instant::now() + Duration::from_millis(pause);
        Ok(vec![self.next_record()])
    }
}

impl Task {
    fn next_record(&mut self) -> SourceRecord {
        let row = self.generator.record(self.made, &mut Random::of_record(self.seed, self.made));
        self.made += 1;
        let schema = self.generator.schema();
        let key = SchemaAndValue {
            schema: Some(SchemaRef::clone(&schema.fields()[self.key_index].schema)),
            value: row.values()[self.key_index].clone(),
        };
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: SourceOffset(BTreeMap::from([(
                "current.iteration".to_owned(),
                Value::Int64(self.made as i64),
            )])),
            data: ConnectRecord::new(
                Arc::clone(&self.topic),
                key,
                SchemaAndValue {
                    schema: Some(SchemaRef::clone(schema)),
                    value: Value::Struct(row),
                },
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::{AnySourceConnector, OffsetReader};

    use super::*;

    struct Stored(Option<i64>);

    #[async_trait]
    impl OffsetReader for Stored {
        async fn offsets(
            &self,
            partitions: &[SourcePartition],
        ) -> Result<Vec<Option<SourceOffset>>> {
            let offset = |made| {
                SourceOffset(BTreeMap::from([("current.iteration".to_owned(), Value::Int64(made))]))
            };
            Ok(partitions.iter().map(|_| self.0.map(offset)).collect())
        }
    }

    async fn made(pairs: &[(&str, &str)], stored: Option<i64>, polls: usize) -> Vec<SourceRecord> {
        let mut settings = Properties::from([
            ("kafka.topic".to_owned(), "t".to_owned()),
            ("max.interval".to_owned(), "0".to_owned()),
            ("random.seed".to_owned(), "7".to_owned()),
        ]);
        settings.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let context = SourceContext {
            offsets: Arc::new(Stored(stored)),
            worker: Arc::default(),
            transactions: None,
        };
        let mut task = AnySourceConnector::open(&Datagen, &settings, context).await.unwrap();
        let mut records = Vec::new();
        for _ in 0..polls {
            records.extend(task.poll().await.unwrap());
        }
        records
    }

    #[tokio::test]
    async fn a_restarted_task_makes_exactly_the_records_that_are_left() {
        for quickstart in Quickstart::NAMES {
            let pairs = [("quickstart", quickstart), ("iterations", "1500")];
            let whole = made(&pairs, None, 2).await;
            assert_eq!(whole.len(), 1_500);
            assert_eq!(made(&pairs, Some(1_490), 1).await, whole[1_490..], "{quickstart}");
        }
    }

    #[tokio::test]
    async fn a_wrong_key_field_is_named() {
        let settings = Properties::from([
            ("kafka.topic".to_owned(), "t".to_owned()),
            ("quickstart".to_owned(), "orders".to_owned()),
            ("schema.keyfield".to_owned(), "colour".to_owned()),
        ]);
        let context = SourceContext {
            offsets: Arc::new(Stored(None)),
            worker: Arc::default(),
            transactions: None,
        };
        let error = AnySourceConnector::open(&Datagen, &settings, context)
            .await
            .err()
            .expect("there is no such field");
        assert!(error.to_string().contains("colour"), "{error}");
    }
}
