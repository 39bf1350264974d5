//! Counts, and says on standard output what it has counted.

use std::sync::Arc;

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SourceConnector, SourceContext, SourceTask,
    model::{
        ConnectRecord, Field, Schema, SchemaAndValue, SchemaRef, SourceOffset, SourcePartition,
        SourceRecord, Struct, Type, Value,
    },
};

use crate::{
    announce::{self, Line},
    pace::Pace,
    position,
    settings::{ID, Undefined, number, numbered, topic},
};

/// `org.apache.kafka.connect.tools.VerifiableSourceConnector`: each task counts on its own.
///
/// A line of JSON tells of each record that is made, and another one with `committed` of each whose position is
/// committed.
pub struct VerifiableSource;

#[async_trait]
impl SourceConnector for VerifiableSource {
    type Config = Undefined;
    const NAME: &'static str = "org.apache.kafka.connect.tools.VerifiableSourceConnector";

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
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        let invalid =
            |cause| Error::fatal("Invalid VerifiableSourceTask configuration").because(cause);
        let id = number(settings, ID).map_err(invalid)?;
        let throughput = number(settings, "throughput").map_err(invalid)?;
        let topic = topic(settings)?;
        let partition = position::partition(id);
        let first = position::first(&context, &partition).await?;
        let complete = settings.get("complete.record.data");
        Ok(Box::new(Task {
            name: settings.get("name").cloned(),
            id,
            topic: topic.into(),
            partition: Arc::new(partition),
            seqno: first,
            first,
            told: first,
            pace: Pace::from_now(throughput),
            schemas: Schemas::new(complete.is_some_and(|it| it.eq_ignore_ascii_case("true"))),
        }))
    }
}

struct Task {
    name: Option<String>,
    id: i32,
    topic: Arc<str>,
    partition: Arc<SourcePartition>,
    /// Number of the next record.
    seqno: i64,
    /// Number of the first record since the start.
    first: i64,
    /// Number of the first record that was not told to be committed.
    told: i64,
    pace: Pace,
    schemas: Schemas,
}

struct Schemas {
    key: SchemaRef,
    value: SchemaRef,
}

impl Schemas {
    fn new(is_complete: bool) -> Self {
        let field = |name: &str, r#type: Type| Field {
            name: name.into(),
            schema: SchemaRef::new(Schema::required(r#type)),
        };
        let value = if is_complete {
            Type::Struct(vec![
                field("name", Type::String),
                field("task", Type::Int32),
                field("topic", Type::String),
                field("time_ms", Type::Int64),
                field("seqno", Type::Int64),
            ])
        } else {
            Type::Int64
        };
        let shared = |r#type| SchemaRef::new(Schema::required(r#type));
        Self { key: shared(Type::Int32), value: shared(value) }
    }
}

#[async_trait]
impl SourceTask for Task {
    /// Waits first and counts afterwards, without waiting again: dropping it loses no number.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        self.pace.wait((self.seqno - self.first) as u64).await;
        let now = announce::now();
        announce::print(&self.line(Line::default(), self.seqno, now).finish());
        let record = self.record(now);
        self.seqno += 1;
        Ok(vec![record])
    }

    async fn commit(&mut self, committed: &[(Arc<SourcePartition>, SourceOffset)]) -> Result<()> {
        for (_, offset) in committed {
            let last = position::seqno(offset)?;
            let now = announce::now();
            let line = |seqno| self.line(Line::default().yes("committed"), seqno, now).finish();
            announce::print(&(self.told..=last).map(line).collect::<String>());
            self.told = self.told.max(last + 1);
        }
        Ok(())
    }
}

impl Task {
    fn line(&self, line: Line, seqno: i64, now: i64) -> Line {
        line.number("task", self.id.into())
            .number("seqno", seqno)
            .number("time_ms", now)
            .text("name", self.name.as_deref())
            .text("topic", Some(&self.topic))
    }

    fn record(&self, now: i64) -> SourceRecord {
        let schema = SchemaRef::clone(&self.schemas.value);
        let value = if schema.fields().is_empty() {
            Value::Int64(self.seqno)
        } else {
            let name = self.name.as_deref().map_or(Value::Null, Value::from);
            let fields = vec![
                name,
                Value::Int32(self.id),
                Value::from(&*self.topic),
                Value::Int64(now),
                Value::Int64(self.seqno),
            ];
            Value::Struct(Struct::new(SchemaRef::clone(&schema), fields))
        };
        let key = SchemaAndValue {
            schema: Some(SchemaRef::clone(&self.schemas.key)),
            value: Value::Int32(self.id),
        };
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: position::behind(self.seqno),
            data: ConnectRecord::new(
                Arc::clone(&self.topic),
                key,
                SchemaAndValue { schema: Some(schema), value },
            ),
        }
    }
}
