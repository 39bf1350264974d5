//! A source of records that cost next to nothing to make.
//!
//! Position: the number of records made. At least once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SourceConnector, SourceContext, SourceTask,
    model::{ConnectRecord, SchemaAndValue, SourceOffset, SourcePartition, SourceRecord, Value},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    config::LoadConfig,
    content::{Content, Kind},
    pace::Pace,
};

const MADE: &str = "made";
/// How long a task with nothing left to make waits in a poll.
const IDLE: Duration = Duration::from_millis(100);

/// `dev.sluice.LoadSourceConnector`: one task makes records as fast as they are taken, or at a pace.
pub struct LoadSource;

#[async_trait]
impl SourceConnector for LoadSource {
    type Config = LoadConfig;
    const NAME: &'static str = "dev.sluice.LoadSourceConnector";

    async fn split(
        &self,
        _: &LoadConfig,
        settings: &Properties,
        _: usize,
    ) -> Result<Vec<Properties>> {
        Ok(vec![settings.clone()])
    }

    async fn open(
        &self,
        config: LoadConfig,
        _: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        let kind = Kind::named(&config.content)
            .ok_or_else(|| Error::fatal(format!("there is no content {}", config.content)))?;
        let partition =
            SourcePartition(BTreeMap::from([("source".to_owned(), Value::from("load"))]));
        let stored = context.offsets.offsets(std::slice::from_ref(&partition)).await?;
        let before = stored.into_iter().flatten().next().map_or(Ok(0), |it| made(&it))?;
        Ok(Box::new(Task {
            topic: config.topic.into(),
            partition: Arc::new(partition),
            content: Content::new(kind, usize::try_from(config.size).unwrap_or_default()),
            before,
            made: before,
            records: u64::try_from(config.records).unwrap_or(u64::MAX),
            batch_size: u64::try_from(config.batch_size).unwrap_or_default().max(1),
            pace: Pace::from_now(config.rate),
        }))
    }
}

fn made(offset: &SourceOffset) -> Result<u64> {
    let number = match offset.0.get(MADE) {
        Some(Value::Int64(number)) => u64::try_from(*number).ok(),
        Some(Value::Int32(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    number.ok_or_else(|| Error::fatal("the stored offset holds no count under made"))
}

struct Task {
    topic: Arc<str>,
    partition: Arc<SourcePartition>,
    content: Content,
    /// Records that an earlier task has made: the pace begins behind them.
    before: u64,
    made: u64,
    records: u64,
    batch_size: u64,
    pace: Option<Pace>,
}

#[async_trait]
impl SourceTask for Task {
    /// Waits first and makes records afterwards, without waiting again: dropping it loses none.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let left = self.records.saturating_sub(self.made);
        if left == 0 {
            sleep(IDLE).await;
            return Ok(Vec::new());
        }
        let mut count = left.min(self.batch_size);
        if let Some(pace) = self.pace {
            let paced = self.made - self.before;
            sleep_until(pace.due(paced)).await;
            count = count.min(pace.until(Instant::now()).saturating_sub(paced));
        }
        Ok((0..count).map(|_| self.next_record()).collect())
    }
}

impl Task {
    fn next_record(&mut self) -> SourceRecord {
        let due = self.pace.map_or(0, |pace| pace.due_since_1970(self.made - self.before));
        let value = self.content.value(self.made, due);
        self.made += 1;
        // Quicker than from an array, which would be sorted.
        let mut position = BTreeMap::new();
        position.insert(MADE.to_owned(), Value::Int64(self.made as i64));
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: SourceOffset(position),
            data: ConnectRecord::new(Arc::clone(&self.topic), SchemaAndValue::NULL, value),
        }
    }
}
