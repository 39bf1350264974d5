//! Keys of the source.

use sluice_plugin::config::Config;

/// Keys of the source.
#[derive(Debug, Clone, Config)]
pub struct LoadConfig {
    /// Topic to write to.
    #[config(key = "topic", importance = High, non_empty)]
    pub topic: String,
    /// What the values are: bytes; order, a struct of five fields; or due, the time at which the record was to be made,
    /// in microseconds since 1970 as text.
    #[config(key = "content", default = "bytes", importance = High, one_of("bytes", "order", "due"))]
    pub content: String,
    /// Records to make; -1 for no end.
    #[config(key = "records", default = "-1", importance = High)]
    pub records: i64,
    /// Length of a value of bytes.
    #[config(key = "size", default = "100", importance = Medium, min = 0, max = 67_108_864)]
    pub size: i32,
    /// Most records that one poll hands out; less than one counts as one.
    #[config(key = "batch.size", default = "1000", importance = Low)]
    pub batch_size: i32,
    /// Records each second, at even distances; -1 for as many as are taken.
    #[config(key = "rate", default = "-1", importance = Medium)]
    pub rate: i64,
}
