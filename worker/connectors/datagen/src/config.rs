//! Keys of the connector.

use sluice_plugin::config::Config;

use crate::quickstart::Quickstart;

/// Keys of the connector.
#[derive(Debug, Clone, Config)]
pub struct DatagenConfig {
    /// Topic to write to.
    #[config(key = "kafka.topic", importance = High)]
    pub topic: String,
    /// What to generate: orders, users or pageviews.
    #[config(key = "quickstart", importance = High, check = known)]
    pub quickstart: String,
    /// Longest pause between two records, in milliseconds; 0 for none.
    #[config(key = "max.interval", default = "500", importance = High)]
    pub max_interval: i64,
    /// Records that each task makes; -1 for no end.
    #[config(key = "iterations", default = "-1", importance = High)]
    pub iterations: i64,
    /// Start of the sequence of random numbers; another one in each run if not set.
    #[config(key = "random.seed", importance = Low)]
    pub seed: Option<i64>,
    /// Field that becomes the record's key; the quickstart's own if not set.
    #[config(key = "schema.keyfield", importance = High)]
    pub key_field: Option<String>,
}

fn known(text: &str) -> Result<(), String> {
    Quickstart::named(text)
        .map(drop)
        .ok_or_else(|| format!("quickstart must be one of: {}", Quickstart::NAMES.join(", ")))
}
