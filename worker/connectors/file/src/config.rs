//! Keys of the file connectors.

use sluice_plugin::config::Config;

/// Keys of the source.
#[derive(Debug, Clone, Config)]
pub struct SourceConfig {
    /// Path of the file to read.
    #[config(key = "file", importance = High)]
    pub file: Option<String>,
    /// Topic to write lines to.
    #[config(key = "topic", importance = High, non_empty)]
    pub topic: String,
    /// Most lines that one poll hands out; less than one counts as one, as in Java.
    #[config(key = "batch.size", default = "2000", importance = Low)]
    pub batch_size: i32,
}

/// Keys of the sink.
#[derive(Debug, Clone, Config)]
pub struct SinkConfig {
    /// Path of the file to append to.
    #[config(key = "file", importance = High)]
    pub file: Option<String>,
}
