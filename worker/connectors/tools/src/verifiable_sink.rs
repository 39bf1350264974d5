//! Says on standard output what it gets, and again once it counts as safe.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SinkConnector, SinkContext, SinkTask, TopicOffsets,
    model::{SinkRecord, TopicPartition, Value},
};

use crate::{
    announce::{self, Line},
    settings::{ID, Undefined, number, numbered},
};

/// Records that may wait for a flush before the task asks for one.
const UNFLUSHED: usize = 10_000;

/// `org.apache.kafka.connect.tools.VerifiableSinkConnector`.
///
/// A line of JSON tells of each record that is put, and another one with `flushed` of each whose offset is about to be
/// committed.
pub struct VerifiableSink;

#[async_trait]
impl SinkConnector for VerifiableSink {
    type Config = Undefined;
    const NAME: &'static str = "org.apache.kafka.connect.tools.VerifiableSinkConnector";

    async fn split(
        &self,
        _: &Undefined,
        settings: &Properties,
        max_tasks: usize,
    ) -> Result<Vec<Properties>> {
        Ok(numbered(settings, max_tasks))
    }

    async fn open(
        &self,
        _: Undefined,
        settings: &Properties,
        context: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        // The name of the source is what Java says here, too.
        let invalid =
            |cause| Error::fatal("Invalid VerifiableSourceTask configuration").because(cause);
        let id = number(settings, ID).map_err(invalid)?;
        let name = settings.get("name").cloned();
        Ok(Box::new(Task { name, id, unflushed: BTreeMap::new(), context }))
    }
}

struct Task {
    name: Option<String>,
    id: i32,
    unflushed: BTreeMap<TopicPartition, Vec<Told>>,
    context: SinkContext,
}

/// What is told of a record.
struct Told {
    key: Value,
    value: Value,
    topic: Arc<str>,
    offset: i64,
}

#[async_trait]
impl SinkTask for Task {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let now = announce::now();
        let mut lines = String::new();
        for record in batch {
            let told = Told {
                key: record.key.value.clone(),
                value: record.value.value.clone(),
                topic: Arc::clone(&record.topic),
                offset: record.original_offset(),
            };
            lines.push_str(&self.line(&told, now).finish());
            let place = TopicPartition::new(
                Arc::clone(record.original_topic()),
                record.original_partition(),
            );
            self.unflushed.entry(place).or_default().push(told);
        }
        announce::print(&lines);
        if self.unflushed.values().map(Vec::len).sum::<usize>() > UNFLUSHED {
            self.context.request_commit();
        }
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        let now = announce::now();
        let mut lines = String::new();
        for place in current.keys() {
            for told in self.unflushed.remove(place).unwrap_or_default() {
                lines.push_str(&self.line(&told, now).yes("flushed").finish());
            }
        }
        announce::print(&lines);
        Ok(current.clone())
    }

    /// What was not flushed, another task will get and tell of.
    async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.unflushed.retain(|place, _| !partitions.contains(place));
        Ok(())
    }
}

impl Task {
    fn line(&self, told: &Told, now: i64) -> Line {
        Line::default()
            .value("task", &told.key)
            .value("seqno", &told.value)
            .number("offset", told.offset)
            .number("time_ms", now)
            .text("name", self.name.as_deref())
            .text("topic", Some(&told.topic))
            .number("sinkTask", self.id.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_like_java_s() {
        let context = SinkContext::new(Arc::default(), None);
        let task =
            Task { name: Some("sink".to_owned()), id: 1, unflushed: BTreeMap::new(), context };
        let told =
            Told { key: Value::Int32(0), value: Value::Int64(7), topic: "t".into(), offset: 9 };
        assert_eq!(
            task.line(&told, 5).yes("flushed").finish(),
            "{\"task\":0,\"seqno\":7,\"offset\":9,\"time_ms\":5,\"name\":\"sink\",\"topic\":\"t\",\"sinkTask\":1,\
             \"flushed\":true}\n"
        );
    }
}
