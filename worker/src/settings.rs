//! Keys that every worker has, beside those of the engine and of the REST API (`WorkerConfig`), parsed once.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use sluice_config::{Config, Millis};
use sluice_herder::{ExactlyOnce, Settings};

/// Keys of every worker.
#[derive(Debug, Config)]
pub(crate) struct WorkerConfig {
    /// Brokers to begin with, as host:port, comma-separated.
    #[config(key = "bootstrap.servers", default = "localhost:9092", importance = High)]
    #[allow(dead_code)]
    bootstrap: Vec<String>,
    /// Converter of record keys.
    #[config(key = "key.converter", java = Class, importance = High)]
    #[allow(dead_code)]
    key_converter: String,
    /// Converter of record values.
    #[config(key = "value.converter", java = Class, importance = High)]
    #[allow(dead_code)]
    value_converter: String,
    /// Whether the worker notes which topics connectors use.
    #[config(key = "topic.tracking.enable", default = "true", importance = Low)]
    topic_tracking: bool,
    /// Whether clients may have them forgotten.
    #[config(key = "topic.tracking.allow.reset", default = "true", importance = Low)]
    topic_tracking_reset: bool,
    /// How long a client of the REST API waits for a plugin.
    #[config(key = "sluice.rest.plugin.timeout.ms", default = "1000", importance = Low)]
    plugin_timeout: Millis,
    /// Address of the metrics; empty for none.
    #[config(key = "sluice.metrics.listener", default = "0.0.0.0:9404", importance = Low)]
    metrics_listener: String,
    /// File with levels of loggers, followed as it changes.
    #[config(key = "sluice.loggers.file", importance = Low)]
    pub(crate) loggers_file: Option<String>,
    /// `opentelemetry` for a span of each record; nothing for none.
    #[config(key = "sluice.tracing", importance = Low)]
    pub(crate) tracing: Option<String>,
}

impl WorkerConfig {
    /// Where metrics are served.
    pub(crate) fn metrics_address(&self) -> Result<Option<SocketAddr>> {
        if self.metrics_listener.is_empty() {
            return Ok(None);
        }
        let address = self.metrics_listener.parse().with_context(|| {
            format!(
                "Invalid value {} for configuration sluice.metrics.listener: expected IP:PORT",
                self.metrics_listener
            )
        })?;
        Ok(Some(address))
    }

    /// What the herder decides by, if it shares nothing with other workers.
    pub(crate) fn herder(&self, worker_id: String, scheme: &'static str) -> Settings {
        Settings {
            worker_id,
            scheme,
            is_alone: true,
            exactly_once: ExactlyOnce::Disabled,
            key_ttl: Duration::from_hours(1),
            key_retry: Duration::from_secs(1),
            sync_timeout: Duration::from_secs(3),
            unsync_backoff: Duration::from_mins(5),
            rebalance_delay: Duration::from_mins(5),
            plugin_timeout: self.plugin_timeout.0,
            topic_tracking: self.topic_tracking,
            topic_tracking_reset: self.topic_tracking_reset,
        }
    }
}
