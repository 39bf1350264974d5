//! Plugins made of closures, and the source and the sink that most tests use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use sluice_converters::{
    ByteArrayConverter, IntegerConverter, JsonConverter, SimpleHeaderConverter, StringConverter,
};
use sluice_engine::PluginSource;
use sluice_plugin::config::{Config, ConfigDef, Report};
use sluice_plugin::model::{
    ConnectRecord, SchemaAndValue, SchemaRef, SinkRecord, SourceOffset, SourcePartition,
    SourceRecord, TopicPartition, Value,
};
use sluice_plugin::{
    AnySinkConnector, AnySourceConnector, ConnectorPlugin, Converter, ConverterFactory,
    ConverterPlugin, ConverterRole, Error, Predicate, PredicatePlugin, Properties, Result,
    SinkContext, SinkTask, SourceContext, SourceTask, TopicOffsets, Transform, TransformPlugin,
    Verdict,
};
use sluice_transforms::{InsertField, MaskField, OnValue, ReplaceField};

/// Makes source tasks.
pub(crate) type Source =
    dyn Fn(Option<SourceOffset>) -> Box<dyn SourceTask> + Send + Sync + 'static;
/// Makes sink tasks.
pub(crate) type Sink = dyn Fn(SinkContext) -> Box<dyn SinkTask> + Send + Sync + 'static;

/// Plugins by class; converters are the one for strings unless another is named.
#[derive(Default)]
pub(crate) struct Plugins(Mutex<BTreeMap<String, ConnectorPlugin>>);

impl Plugins {
    pub(crate) fn source(
        &self,
        class: &str,
        make: impl Fn(Option<SourceOffset>) -> Box<dyn SourceTask> + Send + Sync + 'static,
    ) {
        let plugin = ConnectorPlugin::Source(Arc::new(Made(Arc::<Source>::from(
            Box::new(make) as Box<Source>
        ))));
        self.0.lock().unwrap().insert(class.to_owned(), plugin);
    }

    pub(crate) fn sink(
        &self,
        class: &str,
        make: impl Fn(SinkContext) -> Box<dyn SinkTask> + Send + Sync + 'static,
    ) {
        let plugin =
            ConnectorPlugin::Sink(Arc::new(Made(Arc::<Sink>::from(Box::new(make) as Box<Sink>))));
        self.0.lock().unwrap().insert(class.to_owned(), plugin);
    }
}

impl PluginSource for Plugins {
    fn connector(&self, class: &str) -> Option<ConnectorPlugin> {
        self.0.lock().unwrap().get(class).cloned()
    }

    fn converter(&self, class: &str) -> Option<ConverterPlugin> {
        Some(match class.rsplit('.').next().unwrap_or(class) {
            "ByteArrayConverter" => Arc::new(ByteArrayConverter),
            "JsonConverter" => Arc::new(JsonConverter),
            "IntegerConverter" => Arc::new(IntegerConverter::NEW),
            "SimpleHeaderConverter" => Arc::new(SimpleHeaderConverter),
            "BusyConverter" => Arc::new(BusyConverter),
            _ => Arc::new(StringConverter),
        })
    }

    fn transform(&self, class: &str) -> Option<TransformPlugin> {
        match class {
            "Busy" => Some(TransformPlugin::of::<Busy>()),
            "Forget" => Some(TransformPlugin::of::<Forget>()),
            "InsertField" => Some(TransformPlugin::of::<OnValue<InsertField>>()),
            "MaskField" => Some(TransformPlugin::of::<OnValue<MaskField>>()),
            "ReplaceField" => Some(TransformPlugin::of::<OnValue<ReplaceField>>()),
            "Rename" => Some(TransformPlugin::of::<Rename>()),
            _ => None,
        }
    }

    fn predicate(&self, class: &str) -> Option<PredicatePlugin> {
        (class == "Odd").then(PredicatePlugin::of::<Odd>)
    }
}

/// No keys.
#[derive(Config)]
pub(crate) struct Keyless {}

/// Is busy each first time that it sees a record; appends a mark to the value.
struct Busy {
    was_asked: bool,
}

impl Transform for Busy {
    type Config = Keyless;
    const NAME: &'static str = "org.example.Busy";

    fn configure(_: Keyless) -> Result<Self> {
        Ok(Self { was_asked: false })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        self.was_asked = !self.was_asked;
        if self.was_asked {
            return Err(Error::retriable("busy"));
        }
        record.value.value = Value::from(format!("{}!", record.value.value));
        Ok(Verdict::Keep)
    }
}

/// Drops what it gets.
struct Forget;

impl Transform for Forget {
    type Config = Keyless;
    const NAME: &'static str = "org.example.Forget";

    fn configure(_: Keyless) -> Result<Self> {
        Ok(Self)
    }

    fn apply(&mut self, _: &mut ConnectRecord) -> Result<Verdict> {
        Ok(Verdict::Drop)
    }
}

/// Sends records elsewhere.
struct Rename;

impl Transform for Rename {
    type Config = Keyless;
    const NAME: &'static str = "org.example.Rename";

    fn configure(_: Keyless) -> Result<Self> {
        Ok(Self)
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        record.topic = "renamed".into();
        record.partition = Some(7);
        Ok(Verdict::Keep)
    }
}

/// Is busy each first time that it is asked; converts strings.
struct BusyConverter;

struct BusyStrings {
    was_asked: bool,
    strings: Box<dyn Converter>,
}

impl ConverterFactory for BusyConverter {
    fn name(&self) -> &'static str {
        "org.example.BusyConverter"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef::default()
    }

    fn create(&self, settings: &Properties, role: ConverterRole) -> Result<Box<dyn Converter>> {
        let strings = StringConverter.create(settings, role)?;
        Ok(Box::new(BusyStrings { was_asked: false, strings }))
    }
}

impl BusyStrings {
    fn ask(&mut self) -> Result<&mut dyn Converter> {
        self.was_asked = !self.was_asked;
        if self.was_asked { Err(Error::retriable("busy")) } else { Ok(&mut *self.strings) }
    }
}

impl Converter for BusyStrings {
    fn encode(
        &mut self,
        topic: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        self.ask()?.encode(topic, schema, value)
    }

    fn decode(&mut self, topic: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        self.ask()?.decode(topic, bytes)
    }
}

/// Means odd numbers, and cannot decide over what is none.
struct Odd;

impl Predicate for Odd {
    type Config = Keyless;
    const NAME: &'static str = "org.example.Odd";

    fn configure(_: Keyless) -> Result<Self> {
        Ok(Self)
    }

    fn test(&mut self, record: &ConnectRecord) -> Result<bool> {
        let number: i64 =
            record.value.value.to_string().parse().map_err(|_| Error::bad_record("no number"))?;
        Ok(number % 2 == 1)
    }
}

struct Made<F: ?Sized>(Arc<F>);

#[async_trait]
impl AnySourceConnector for Made<Source> {
    fn name(&self) -> &'static str {
        "test.Source"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef::default()
    }

    fn validate(&self, settings: &Properties) -> Report {
        Report::of(&ConfigDef::default(), settings)
    }

    /// Whether the worker has the limit that `needs` names.
    fn permitted(&self, settings: &Properties, worker: &Properties) -> Result<()> {
        match settings.get("needs") {
            Some(limit) if !worker.contains_key(limit) => {
                Err(Error::fatal(format!("the worker sets no {limit}")))
            }
            _ => Ok(()),
        }
    }

    async fn split(&self, settings: &Properties, _: usize) -> Result<Vec<Properties>> {
        Ok(vec![settings.clone()])
    }

    async fn open(&self, _: &Properties, context: SourceContext) -> Result<Box<dyn SourceTask>> {
        let offsets = context.offsets.offsets(&[partition()]).await?;
        Ok(self.0(offsets.into_iter().next().flatten()))
    }
}

#[async_trait]
impl AnySinkConnector for Made<Sink> {
    fn name(&self) -> &'static str {
        "test.Sink"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef::default()
    }

    fn validate(&self, settings: &Properties) -> Report {
        Report::of(&ConfigDef::default(), settings)
    }

    /// As many as it may, and as many more as `beyond` says.
    async fn split(&self, settings: &Properties, most: usize) -> Result<Vec<Properties>> {
        let beyond = settings.get("beyond").map_or(0, |it| it.parse().unwrap());
        Ok(vec![settings.clone(); most + beyond])
    }

    async fn open(&self, _: &Properties, context: SinkContext) -> Result<Box<dyn SinkTask>> {
        Ok(self.0(context))
    }
}

/// The one partition of every source here.
pub(crate) fn partition() -> SourcePartition {
    SourcePartition(BTreeMap::from([("of".to_owned(), Value::from("numbers"))]))
}

/// The number that a position goes on with.
pub(crate) fn next_of(offset: &SourceOffset) -> i64 {
    match offset.0.get("next") {
        Some(Value::Int64(next)) => *next,
        other => panic!("the position is {other:?}"),
    }
}

/// A record of the topic `numbers` with this value; its position is `number + 1`.
pub(crate) fn record(number: i64, value: Value) -> SourceRecord {
    SourceRecord {
        source_partition: Arc::new(partition()),
        source_offset: SourceOffset(BTreeMap::from([("next".to_owned(), Value::from(number + 1))])),
        data: ConnectRecord {
            partition: Some(0),
            ..ConnectRecord::new("numbers", SchemaAndValue::NULL, SchemaAndValue::schemaless(value))
        },
    }
}

/// Hands out the numbers from its position up to `until`, ten at a time, and then waits.
pub(crate) struct Numbers {
    next: i64,
    until: i64,
}

impl Numbers {
    pub(crate) fn from(offset: Option<&SourceOffset>, until: i64) -> Self {
        Self { next: offset.map_or(0, next_of), until }
    }
}

#[async_trait]
impl SourceTask for Numbers {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if self.next >= self.until {
            std::future::pending::<()>().await;
        }
        let end = (self.next + 10).min(self.until);
        let records = (self.next..end).map(|it| record(it, it.to_string().into())).collect();
        self.next = end;
        Ok(records)
    }
}

/// What sinks of a test have seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Offsets of each `put`, in order.
    pub(crate) batches: Vec<Vec<i64>>,
    /// What `flush` was told each time.
    pub(crate) flushed: Vec<TopicOffsets>,
    /// Partitions given and taken.
    pub(crate) moves: Vec<(&'static str, Vec<TopicPartition>)>,
}

/// Notes what it gets; `verdict` decides over the n-th `put`.
pub(crate) struct Noting {
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) verdict: Arc<dyn Fn(usize) -> Result<()> + Send + Sync>,
}

#[async_trait]
impl SinkTask for Noting {
    async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.seen.lock().unwrap().moves.push(("assigned", partitions.to_vec()));
        Ok(())
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let mut seen = self.seen.lock().unwrap();
        seen.batches.push(batch.iter().map(SinkRecord::original_offset).collect());
        (self.verdict)(seen.batches.len())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        self.seen.lock().unwrap().flushed.push(current.clone());
        Ok(current.clone())
    }

    async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.seen.lock().unwrap().moves.push(("revoked", partitions.to_vec()));
        Ok(())
    }
}
