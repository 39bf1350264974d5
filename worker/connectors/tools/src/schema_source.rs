//! Makes structs that are alike but for their number, of one version of a schema or of two in turn.

use std::sync::Arc;

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SourceConnector, SourceContext, SourceTask,
    model::{
        ConnectRecord, Field, Schema, SchemaAndValue, SchemaRef, SourcePartition, SourceRecord,
        Struct, Type, Value,
    },
};

use crate::{
    announce,
    pace::Pace,
    position,
    settings::{ID, Undefined, number, numbered, topic},
};

/// `org.apache.kafka.connect.tools.SchemaSourceConnector`: each task makes `num.messages` records after each start.
pub struct SchemaSource;

#[async_trait]
impl SourceConnector for SchemaSource {
    type Config = Undefined;
    const NAME: &'static str = "org.apache.kafka.connect.tools.SchemaSourceConnector";

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
        let invalid = |cause| Error::fatal("Invalid SchemaSourceTask configuration").because(cause);
        let id = number(settings, ID).map_err(invalid)?;
        let left: i64 = number(settings, "num.messages").map_err(invalid)?;
        let spread: i32 = if settings.contains_key("partition.count") {
            number(settings, "partition.count").map_err(invalid)?
        } else {
            1
        };
        if spread == 0 {
            return Err(Error::fatal("partition.count is 0: it must be another whole number"));
        }
        let throughput = number(settings, "throughput").map_err(invalid)?;
        let partition = position::partition(id);
        let multiple = settings.get("multiple.schema");
        Ok(Box::new(Task {
            id,
            topic: topic(settings)?.into(),
            seqno: position::first(&context, &partition).await?,
            partition: Arc::new(partition),
            made: 0,
            left: u64::try_from(left).unwrap_or_default(),
            spread: spread.into(),
            pace: Pace::from_now(throughput),
            key: SchemaRef::new(Schema::required(Type::String)),
            first: schema(1),
            second: multiple.is_some_and(|it| it.eq_ignore_ascii_case("true")).then(|| schema(2)),
        }))
    }
}

struct Task {
    id: i32,
    topic: Arc<str>,
    partition: Arc<SourcePartition>,
    /// Number of the next record.
    seqno: i64,
    /// Records since the start.
    made: u64,
    /// Records still to make.
    left: u64,
    spread: i64,
    pace: Pace,
    key: SchemaRef,
    first: SchemaRef,
    /// Schema of every other record, if there are two.
    second: Option<SchemaRef>,
}

/// The schema of a version: the second one has one field more.
fn schema(version: i32) -> SchemaRef {
    let field = |name: &str, schema: Schema| Field { name: name.into(), schema: schema.into() };
    let required = |name: &str, r#type: Type| field(name, Schema::required(r#type));
    let mut fields = vec![
        required("boolean", Type::Boolean),
        required("int", Type::Int32),
        required("long", Type::Int64),
        required("float", Type::Float32),
        required("double", Type::Float64),
        required("partitioning", Type::Int32),
        required("id", Type::Int32),
        required("seqno", Type::Int64),
    ];
    if version == 2 {
        let text = Schema { default: Some(Value::from("abc")), ..Schema::required(Type::String) };
        fields.insert(6, field("string", text));
    }
    let schema = Schema::required(Type::Struct(fields)).named("record");
    SchemaRef::new(Schema { version: Some(version), ..schema })
}

#[async_trait]
impl SourceTask for Task {
    /// Waits first and makes its record afterwards, without waiting again: dropping it loses none.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.left == 0 {
            std::future::pending::<()>().await;
        }
        self.pace.wait(self.made).await;
        let record = self.record();
        announce::print(&format!("{{\"task\": {}, \"seqno\": {}}}\n", self.id, self.seqno));
        self.seqno += 1;
        self.made += 1;
        self.left -= 1;
        Ok(vec![record])
    }
}

impl Task {
    fn record(&self) -> SourceRecord {
        let (schema, has_text) = match &self.second {
            Some(second) if self.made % 2 == 1 => (second, true),
            _ => (&self.first, false),
        };
        let mut values = vec![
            Value::Boolean(true),
            Value::Int32(12),
            Value::Int64(12),
            Value::Float32(12.2),
            Value::Float64(12.2),
            // The divisor is an `int`, so the rest is one as well.
            Value::Int32((self.seqno % self.spread) as i32),
            Value::Int32(self.id),
            Value::Int64(self.seqno),
        ];
        if has_text {
            values.insert(6, Value::from("def"));
        }
        let row = Struct::new(SchemaRef::clone(schema), values);
        let value =
            SchemaAndValue { schema: Some(SchemaRef::clone(schema)), value: Value::Struct(row) };
        let key =
            SchemaAndValue { schema: Some(SchemaRef::clone(&self.key)), value: Value::from("key") };
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: position::behind(self.seqno),
            data: ConnectRecord {
                partition: Some(self.id),
                ..ConnectRecord::new(Arc::clone(&self.topic), key, value)
            },
        }
    }
}
