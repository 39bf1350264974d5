//! `DropHeaders`: removes headers by name.

use sluice_config::{Config, Validator};
use sluice_plugin::{Result, Transform, Verdict, model::ConnectRecord};

/// Keys of [`DropHeaders`].
#[derive(Debug, Config)]
pub struct DropHeadersConfig {
    /// Names of the headers to remove. A record loses all its headers of these names and keeps the others in order.
    #[config(key = "headers", importance = High, valid = Validator::SOME_NAMES)]
    headers: Vec<String>,
}

/// Removes headers by name.
pub struct DropHeaders {
    names: Vec<String>,
}

impl Transform for DropHeaders {
    type Config = DropHeadersConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.DropHeaders";

    fn configure(config: DropHeadersConfig) -> Result<Self> {
        Ok(Self { names: config.headers })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        record.headers.0.retain(|header| !self.names.iter().any(|it| **it == *header.key));
        Ok(Verdict::Keep)
    }
}
