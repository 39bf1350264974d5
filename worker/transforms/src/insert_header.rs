//! `InsertHeader`: adds a header with a constant.

use std::sync::Arc;

use sluice_config::{Config, Validator};
use sluice_plugin::{
    Error, Result, Transform, Verdict,
    model::{ConnectRecord, Header, SchemaAndValue, values},
};

/// Keys of [`InsertHeader`].
#[derive(Debug, Config)]
pub struct InsertHeaderConfig {
    /// Name of the header.
    #[config(key = "header", importance = High, valid = Validator::NonNull)]
    header: String,
    /// Value of the header, in the notation of Kafka Connect's headers: `1` is a number, `true` a boolean, `[1,2]` an
    /// array, `{"a":1}` a map, what is none of them a string.
    #[config(key = "value.literal", importance = High, valid = Validator::NonNull)]
    value_literal: String,
}

/// Adds a header with a constant.
pub struct InsertHeader {
    header: Header,
}

impl Transform for InsertHeader {
    type Config = InsertHeaderConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.InsertHeader";

    fn configure(config: InsertHeaderConfig) -> Result<Self> {
        let value: SchemaAndValue = values::parse_string(&config.value_literal.into())
            .map_err(|it| Error::fatal(it.to_string()).named(it.java_class()))?;
        Ok(Self { header: Header { key: Arc::from(config.header), value } })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        record.headers.0.push(self.header.clone());
        Ok(Verdict::Keep)
    }
}
