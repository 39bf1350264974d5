//! Transforms that come twice: one class for keys (`$Key`), one for values (`$Value`).

use std::sync::Arc;

use sluice_plugin::{
    Result, Transform, Verdict,
    config::Config,
    model::{ConnectRecord, Headers, SchemaAndValue},
};

/// A transform of one part of a record. The obligations are those of [`Transform`].
pub trait OfPart: Send + Sized + 'static {
    /// The transform's own keys.
    type Config: Config;
    /// Full Java class name of the transform of keys.
    const KEY: &'static str;
    /// Full Java class name of the transform of values.
    const VALUE: &'static str;

    /// See [`Transform::configure`].
    fn configure(config: Self::Config) -> Result<Self>;

    /// Changes the part. After an error the whole record is as it was.
    fn apply(&mut self, part: &mut SchemaAndValue, around: Around<'_>) -> Result<()>;
}

/// What a record has besides the part.
pub struct Around<'a> {
    /// Topic.
    pub topic: &'a Arc<str>,
    /// Kafka partition.
    pub partition: Option<i32>,
    /// Offset; a source's record has none.
    pub offset: Option<i64>,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// Headers, which may be changed.
    pub headers: &'a mut Headers,
}

/// The transform for keys.
pub struct OnKey<T>(T);

/// The transform for values.
pub struct OnValue<T>(T);

impl<T: OfPart> Transform for OnKey<T> {
    type Config = T::Config;
    const NAME: &'static str = T::KEY;

    fn configure(config: T::Config) -> Result<Self> {
        T::configure(config).map(Self)
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        let ConnectRecord { topic, partition, key, timestamp, headers, offset, .. } = record;
        let (partition, offset, timestamp) = (*partition, *offset, *timestamp);
        self.0.apply(key, Around { topic, partition, offset, timestamp, headers })?;
        Ok(Verdict::Keep)
    }
}

impl<T: OfPart> Transform for OnValue<T> {
    type Config = T::Config;
    const NAME: &'static str = T::VALUE;

    fn configure(config: T::Config) -> Result<Self> {
        T::configure(config).map(Self)
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        let ConnectRecord { topic, partition, value, timestamp, headers, offset, .. } = record;
        let (partition, offset, timestamp) = (*partition, *offset, *timestamp);
        self.0.apply(value, Around { topic, partition, offset, timestamp, headers })?;
        Ok(Verdict::Keep)
    }
}
