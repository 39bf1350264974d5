//! A source that ticks: at an even pace it says that it is alive, and whom to call when it is not.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SourceConnector, SourceContext, SourceTask,
    config::{Config, Millis},
    model::{
        ConnectRecord, Field, Schema, SchemaAndValue, SchemaRef, SourceOffset, SourcePartition,
        SourceRecord, Struct, Type, Value,
    },
};
use tokio::time::{Instant, sleep_until};

/// Settings of a ticker. Each field is one key; its comment is the documentation that users see.
#[derive(Debug, Clone, Config)]
pub struct TickerConfig {
    /// Topic to write to.
    #[config(key = "topic", importance = High)]
    pub topic: String,
    /// Time between two ticks.
    #[config(key = "interval.ms", default = "1000", importance = Medium)]
    pub interval: Millis,
    /// What ticks.
    #[config(key = "ticker.name", default = "ticker", importance = Medium)]
    pub name: String,
    /// Mail address of whoever is to be told when it stops.
    #[config(key = "contact.email", default = "", importance = Low)]
    pub email: String,
    /// Telephone number of whoever is to be told when it stops.
    #[config(key = "contact.phone", default = "", importance = Low)]
    pub phone: String,
}

/// `com.example.TickerSourceConnector`: one task, whatever `tasks.max` says.
pub struct TickerSource;

#[async_trait]
impl SourceConnector for TickerSource {
    type Config = TickerConfig;
    const NAME: &'static str = "com.example.TickerSourceConnector";

    async fn split(
        &self,
        _: &TickerConfig,
        settings: &Properties,
        _max_tasks: usize,
    ) -> Result<Vec<Properties>> {
        Ok(vec![settings.clone()])
    }

    async fn open(
        &self,
        config: TickerConfig,
        _: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        let name = Value::from(config.name.as_str());
        let partition = SourcePartition(BTreeMap::from([("ticker".to_owned(), name)]));
        let stored = context.offsets.offsets(std::slice::from_ref(&partition)).await?;
        let next = match stored.into_iter().flatten().next() {
            Some(offset) => next_of(&offset)?,
            None => 0,
        };
        Ok(Box::new(TickerTask {
            config,
            partition: Arc::new(partition),
            schema: schema(),
            next,
            due: Instant::now(),
        }))
    }
}

/// The tick that a committed position goes on with.
fn next_of(offset: &SourceOffset) -> Result<i64> {
    match offset.0.get("next") {
        Some(Value::Int64(next)) => Ok(*next),
        _ => Err(Error::fatal("the stored offset holds no whole number under next")),
    }
}

fn schema() -> SchemaRef {
    let field = |name: &str, r#type| Field {
        name: name.into(),
        schema: SchemaRef::new(Schema::required(r#type)),
    };
    let fields = vec![
        field("tick", Type::Int64),
        field("name", Type::String),
        field("email", Type::String),
        field("phone", Type::String),
    ];
    SchemaRef::new(Schema::required(Type::Struct(fields)).named("com.example.Tick"))
}

struct TickerTask {
    config: TickerConfig,
    partition: Arc<SourcePartition>,
    schema: SchemaRef,
    /// Number of the next tick.
    next: i64,
    /// When it is due.
    due: Instant,
}

#[async_trait]
impl SourceTask for TickerTask {
    // It waits first and counts afterwards, with no await in between: a call that is dropped loses no tick.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        sleep_until(self.due).await;
        self.due = Instant::now() + self.config.interval.0;
        let tick = self.next;
        self.next += 1;
        let row = vec![
            Value::Int64(tick),
            Value::from(self.config.name.as_str()),
            Value::from(self.config.email.as_str()),
            Value::from(self.config.phone.as_str()),
        ];
        let value = SchemaAndValue {
            schema: Some(SchemaRef::clone(&self.schema)),
            value: Value::Struct(Struct::new(SchemaRef::clone(&self.schema), row)),
        };
        // The position is the one *behind* the record: a task that is opened there goes on with the next tick.
        let next = BTreeMap::from([("next".to_owned(), Value::Int64(self.next))]);
        Ok(vec![SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: SourceOffset(next),
            data: ConnectRecord::new(self.config.topic.as_str(), SchemaAndValue::NULL, value),
        }])
    }
}
