//! The Schema Registry of the runs whose records need one.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;
use sluice_kit::{confluent, registry::SchemaRegistry};
use sluice_plugin::ConverterRole;
use sluice_registry::{RegistrySettings, SchemaId, SchemaText, frame};

const URL: &str = "schema.registry.url";

/// A started registry, and Confluent's jars for the workers on Java.
pub(crate) struct Registry {
    server: SchemaRegistry,
    pub(crate) jars: PathBuf,
}

impl Registry {
    pub(crate) async fn start() -> Result<Self> {
        Ok(Self { server: SchemaRegistry::start().await?, jars: confluent::jars().await? })
    }

    /// Tells a connector's converter of values where the registry is.
    pub(crate) fn name_in(&self, config: &mut Value) {
        config[format!("value.converter.{URL}")] = self.server.url().into();
    }

    /// Registers the schema of a topic's values; the header that its records have.
    pub(crate) async fn header(&self, topic: &str, schema: SchemaText) -> Result<Vec<u8>> {
        let settings = [(URL.to_owned(), self.server.url())].into_iter().collect();
        let subject = format!("{topic}-value");
        // The client blocks its thread.
        let registered = tokio::task::spawn_blocking(move || {
            let settings = RegistrySettings::read(&settings, ConverterRole::Value)?;
            let client = sluice_registry::Registry::open(&settings)?;
            anyhow::Ok(client.register(&subject, &schema, false)?)
        });
        let mut header = Vec::new();
        frame(SchemaId::Number(registered.await??.id), &mut header);
        Ok(header)
    }
}
