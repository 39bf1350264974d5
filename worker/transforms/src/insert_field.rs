//! `InsertField`: adds fields with what the record is known by, and with a constant.

use std::sync::Arc;

use bytestring::ByteString;
use sluice_config::Config;
use sluice_plugin::{
    Error, Result,
    model::{Field, Logical, Schema, SchemaAndValue, SchemaRef, Type, Value, kept_text},
};

use crate::{
    record::{
        maps,
        part::{Around, OfPart},
        plans::Plans,
        require, rows, schemas,
    },
    settings,
};

const PURPOSE: &str = "field insertion";

/// Keys of [`InsertField`].
#[derive(Debug, Config)]
pub struct InsertFieldConfig {
    /// Field that gets the topic. A `!` at the end makes the field required, a `?` optional, which it is without either.
    #[config(key = "topic.field", importance = Medium)]
    topic_field: Option<String>,
    /// Field that gets the Kafka partition, if the record has one. `!` and `?` as for `topic.field`.
    #[config(key = "partition.field", importance = Medium)]
    partition_field: Option<String>,
    /// Field that gets the Kafka offset, which records of sinks alone have. `!` and `?` as for `topic.field`.
    #[config(key = "offset.field", importance = Medium)]
    offset_field: Option<String>,
    /// Field that gets the record's timestamp, if it has one. `!` and `?` as for `topic.field`.
    #[config(key = "timestamp.field", importance = Medium)]
    timestamp_field: Option<String>,
    /// Field that gets the text of `static.value`. `!` and `?` as for `topic.field`.
    #[config(key = "static.field", importance = Medium)]
    static_field: Option<String>,
    /// What `static.field` gets.
    #[config(key = "static.value", importance = Medium)]
    static_value: Option<String>,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Adds fields with what the record is known by, and with a constant.
pub struct InsertField {
    insertions: Vec<Insertion>,
    defaults: bool,
    plans: Plans<SchemaRef>,
    topic: Option<(Arc<str>, ByteString)>,
}

struct Insertion {
    name: ByteString,
    is_optional: bool,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Topic,
    Partition,
    Offset,
    Timestamp,
    Text(ByteString),
}

impl OfPart for InsertField {
    type Config = InsertFieldConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.InsertField$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.InsertField$Value";

    fn configure(config: InsertFieldConfig) -> Result<Self> {
        let text = config.static_value.as_deref().map(kept_text);
        if let (Some(field), None) = (&config.static_field, &text) {
            return Err(settings::error(format!(
                "Invalid value null for configuration static.value: No value specified for static field: {field}"
            )));
        }
        let insertions: Vec<Insertion> = [
            (config.topic_field, Source::Topic),
            (config.partition_field, Source::Partition),
            (config.offset_field, Source::Offset),
            (config.timestamp_field, Source::Timestamp),
            (config.static_field, Source::Text(text.unwrap_or_default())),
        ]
        .into_iter()
        .filter_map(|(field, source)| field.map(|it| Insertion::new(&it, source)))
        .collect();
        if insertions.is_empty() {
            return Err(settings::error("No field insertion configured"));
        }
        let defaults = config.replace_null_with_default;
        Ok(Self { insertions, defaults, plans: Plans::new(), topic: None })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, around: Around<'_>) -> Result<()> {
        if part.value.is_null() {
            return Ok(());
        }
        if part.schema.is_none() {
            let entries = require::map(&mut part.value, PURPOSE)?;
            self.check_offset(&around)?;
            for at in 0..self.insertions.len() {
                let value = match self.value(at, &around) {
                    Value::Null => continue,
                    Value::Date(millis) => Value::Int64(millis),
                    value => value,
                };
                maps::put(entries, &self.insertions[at].name, value);
            }
            return Ok(());
        }
        let row = require::row(&mut part.value, PURPOSE)?;
        let insertions = &self.insertions;
        let schema = self.plans.get(row.schema(), |it| extended(it, insertions))?.clone();
        rows::check_all(row.schema().fields(), row.values(), self.defaults)?;
        self.check_offset(&around)?;
        let own = SchemaRef::clone(row.schema());
        row.recast(SchemaRef::clone(&schema), |values| {
            rows::fill(own.fields(), values, self.defaults);
            values.reserve_exact(self.insertions.len());
            values.extend((0..self.insertions.len()).map(|at| self.value(at, &around)));
        });
        part.schema = Some(schema);
        Ok(())
    }
}

impl InsertField {
    fn check_offset(&self, around: &Around<'_>) -> Result<()> {
        let wants = self.insertions.iter().any(|it| matches!(it.source, Source::Offset));
        if wants && around.offset.is_none() {
            return Err(Error::bad_record(format!(
                "Only SinkRecord supported for [{PURPOSE}], found: org.apache.kafka.connect.source.SourceRecord"
            )));
        }
        Ok(())
    }

    /// What an insertion inserts; null if the record has no such thing.
    fn value(&mut self, at: usize, around: &Around<'_>) -> Value {
        match &self.insertions[at].source {
            Source::Topic => Value::String(self.topic(around.topic)),
            Source::Partition => around.partition.map_or(Value::Null, Value::Int32),
            Source::Offset => around.offset.map_or(Value::Null, Value::Int64),
            Source::Timestamp => around.timestamp.map_or(Value::Null, Value::Date),
            Source::Text(text) => Value::String(text.clone()),
        }
    }

    /// The topic as a value. Most records have the topic of the record before.
    fn topic(&mut self, topic: &Arc<str>) -> ByteString {
        if let Some((known, text)) = &self.topic
            && Arc::ptr_eq(known, topic)
        {
            return text.clone();
        }
        let text = ByteString::from(&**topic);
        self.topic = Some((Arc::clone(topic), text.clone()));
        text
    }
}

impl Insertion {
    fn new(field: &str, source: Source) -> Self {
        let required = field.strip_suffix('!');
        let name = required.or_else(|| field.strip_suffix('?')).unwrap_or(field);
        Self { name: kept_text(name), is_optional: required.is_none(), source }
    }

    fn schema(&self) -> Schema {
        let schema = match self.source {
            Source::Topic | Source::Text(_) => Schema::required(Type::String),
            Source::Partition => Schema::required(Type::Int32),
            Source::Offset => Schema::required(Type::Int64),
            Source::Timestamp => Logical::Timestamp.schema(0),
        };
        Schema { optional: self.is_optional, ..schema }
    }
}

/// The schema with the new fields after its own. As in Java, its being optional and its default are lost.
fn extended(schema: &Schema, insertions: &[Insertion]) -> Result<SchemaRef> {
    let mut fields = schema.fields().to_vec();
    for insertion in insertions {
        let field =
            Field { name: (*insertion.name).into(), schema: SchemaRef::kept(insertion.schema()) };
        schemas::add(&mut fields, field)?;
    }
    Ok(SchemaRef::kept(schemas::like(schema, Type::Struct(fields))))
}
