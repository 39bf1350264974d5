//! The task of the sink: records become changes, and changes are written before `put` returns.

use std::sync::Arc;

use async_trait::async_trait;
use sluice_plugin::{
    Error, Kind, Result, SinkContext, SinkTask, TopicOffsets,
    model::{SchemaRef, SinkRecord},
};

use super::{
    event::{self, Event},
    failure::{Failure, Remedy},
    group::{Action, Change},
    settings::{KeyMode, Settings, Tombstones, Write},
    shape::{Content, ContentSchema, Shape},
    writer::Writer,
};

/// Most shapes that are kept; with more pairs of schemas than that, they are made anew.
const MOST_SHAPES: usize = 256;

/// The task.
pub(crate) struct JdbcTask {
    settings: Settings,
    context: SinkContext,
    writer: Writer,
    shapes: Vec<Known>,
    /// Failures in a row of which the database is to blame.
    failures: u32,
    /// What is left of a batch that comes again.
    left: Option<Left>,
}

/// A shape, and what it was made for.
struct Known {
    topic: Arc<str>,
    key: Option<SchemaRef>,
    row: Option<SchemaRef>,
    shape: Arc<Shape>,
}

/// The changes of a batch, of which the first ones are written or reported.
struct Left {
    /// First and last record, and how many there are.
    batch: Option<(Position, Position, usize)>,
    changes: Vec<Change>,
    done: usize,
}

type Position = (Arc<str>, i32, i64);

impl JdbcTask {
    pub(crate) const fn new(settings: Settings, context: SinkContext, writer: Writer) -> Self {
        Self { settings, context, writer, shapes: Vec::new(), failures: 0, left: None }
    }

    /// The changes that the records ask for. Those that cannot be read are reported.
    fn changes(&mut self, batch: &[SinkRecord]) -> Result<Vec<Change>> {
        let mut changes = Vec::with_capacity(batch.len());
        for (index, record) in batch.iter().enumerate() {
            match self.change(index, record) {
                Ok(change) => changes.extend(change),
                Err(reason) => self.report(record, &reason)?,
            }
        }
        Ok(changes)
    }

    fn change(
        &mut self,
        index: usize,
        record: &SinkRecord,
    ) -> std::result::Result<Option<Change>, String> {
        let read = event::read(record, self.settings.debezium)?;
        let (action, schema, content) = match read {
            Event::Nothing => return Ok(None),
            Event::Truncate if !self.settings.truncate => return Ok(None),
            Event::Truncate => (Action::Truncate, ContentSchema::None, Content::None),
            Event::Row(schema, values) => {
                (Action::Write, ContentSchema::Row(schema), Content::Row(values))
            }
            Event::Text(schema, value) => {
                (Action::Write, ContentSchema::Text(schema), Content::Text(value))
            }
            Event::Delete => match self.settings.tombstones {
                Tombstones::Skip => return Ok(None),
                Tombstones::Refuse => {
                    return Err("it has no value, and delete.enabled is false: enable it with pk.mode=record_key, or \
                                leave such records out with a predicate (RecordIsTombstone)"
                        .to_owned());
                }
                Tombstones::Delete => (Action::Delete, ContentSchema::None, Content::None),
            },
        };
        let name = self.settings.tables.of(&record.topic, |it| event::source_field(record, it))?;
        let shape = if action == Action::Truncate {
            Arc::new(Shape::default())
        } else {
            self.shape(record, schema)?
        };
        let cells = shape.cells(record, content, &self.settings)?;
        Ok(Some(Change { record: index, table: name.into(), shape, action, cells }))
    }

    /// The shape for the record's schemas, made if there is none yet.
    fn shape(
        &mut self,
        record: &SinkRecord,
        content: ContentSchema<'_>,
    ) -> std::result::Result<Arc<Shape>, String> {
        let row = match content {
            ContentSchema::Row(schema) | ContentSchema::Text(schema) => Some(schema),
            ContentSchema::None => None,
        };
        // Which headers a record has may differ from one to the next.
        if self.settings.key_mode == KeyMode::RecordHeader {
            return Shape::of(record, content, &self.settings).map(Arc::new);
        }
        let is_it = |it: &&Known| {
            same(it.row.as_ref(), row)
                && same(it.key.as_ref(), record.key.schema.as_ref())
                && it.topic == record.topic
        };
        if let Some(known) = self.shapes.iter().find(is_it) {
            return Ok(Arc::clone(&known.shape));
        }
        let shape = Arc::new(Shape::of(record, content, &self.settings)?);
        if self.shapes.len() >= MOST_SHAPES {
            self.shapes.clear();
        }
        self.shapes.push(Known {
            topic: Arc::clone(&record.topic),
            key: record.key.schema.clone(),
            row: row.cloned(),
            shape: Arc::clone(&shape),
        });
        Ok(shape)
    }

    /// Writes what is left of the batch. A record that does not fit is found by halving what holds it, and reported.
    async fn write(&mut self, batch: &[SinkRecord], left: &mut Left) -> Result<()> {
        let mut parts = vec![left.changes.len()];
        while let Some(end) = parts.pop() {
            if end == left.done {
                continue;
            }
            let part = &left.changes[left.done..end];
            match self.writer.write(part, &self.settings).await {
                Ok(()) => left.done = end,
                Err(failure) => match failure.remedy {
                    Remedy::Later => return Err(self.later(&failure)),
                    Remedy::Record if part.len() == 1 => {
                        self.report(&batch[part[0].record], &failure.text)?;
                        left.done = end;
                    }
                    Remedy::Record if self.context.errant_records.is_some() => {
                        parts.push(end);
                        parts.extend(split(left.done, end, failure.at));
                    }
                    Remedy::Apart if part.len() > 1 => {
                        parts.push(end);
                        parts.extend(split(left.done, end, None));
                    }
                    Remedy::Record | Remedy::Apart | Remedy::None => {
                        return Err(Error::fatal(failure.text));
                    }
                },
            }
            self.failures = 0;
        }
        Ok(())
    }

    /// Hands a record over that cannot be written; the task fails if nobody takes it.
    fn report(&self, record: &SinkRecord, reason: &str) -> Result<()> {
        let (topic, partition, offset) = position(record);
        let text = format!(
            "the record of {topic}-{partition} at offset {offset} cannot be written: {reason}"
        );
        match &self.context.errant_records {
            // The engine waits for it before it commits.
            Some(reporter) => reporter.report(record, Error::bad_record(text)).map(drop),
            None => Err(Error::bad_record(text)),
        }
    }

    /// The error that brings the batch again, as often as the settings allow.
    fn later(&mut self, failure: &Failure) -> Error {
        self.failures = self.failures.saturating_add(1);
        let mut text = failure.text.clone();
        if failure.is_unknown && self.settings.write == Write::Insert {
            text.push_str(
                "; nobody knows whether these rows were committed, and they are inserted again: rows may be there \
                 twice, or refused as duplicates (insert.mode=upsert has neither)",
            );
        }
        if self.failures > self.settings.retries {
            return Error::fatal(format!("{text}; given up after {} attempts", self.failures));
        }
        self.context.timeout(self.settings.pause);
        Error::retriable(text)
    }
}

/// Where the first part ends, and the second: around a change that is to blame, else in the middle. The last comes first.
fn split(start: usize, end: usize, at: Option<usize>) -> Vec<usize> {
    match at {
        Some(at) if at > 0 => vec![start + at + 1, start + at],
        Some(_) => vec![start + 1],
        None => vec![start + (end - start) / 2],
    }
}

fn same(one: Option<&SchemaRef>, other: Option<&SchemaRef>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        (None, None) => true,
        _ => false,
    }
}

fn position(record: &SinkRecord) -> Position {
    (Arc::clone(record.original_topic()), record.original_partition(), record.original_offset())
}

#[async_trait]
impl SinkTask for JdbcTask {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let key = batch
            .first()
            .zip(batch.last())
            .map(|(one, other)| (position(one), position(other), batch.len()));
        self.writer.begin();
        let mut left = match self.left.take().filter(|it| it.batch == key) {
            Some(left) => left,
            None => Left { batch: key, changes: self.changes(batch)?, done: 0 },
        };
        let written = self.write(batch, &mut left).await;
        if written.as_ref().is_err_and(|it| it.kind() == Kind::Retriable) {
            self.left = Some(left);
        }
        written
    }

    /// What was put is committed.
    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }

    async fn close(&mut self) -> Result<()> {
        self.writer.disconnect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_around_what_is_to_blame() {
        for (start, end, at, expected) in [
            (0, 8, None, vec![4]),
            (3, 5, None, vec![4]),
            (0, 8, Some(0), vec![1]),
            (2, 8, Some(3), vec![6, 5]),
            (2, 8, Some(5), vec![8, 7]),
        ] {
            assert_eq!(split(start, end, at), expected, "{start} {end} {at:?}");
        }
    }
}
