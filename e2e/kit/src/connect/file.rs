//! The worker file, as both kinds of workers take it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A worker file of a cluster whose topics are named after its group.
#[derive(Clone, Debug)]
pub struct WorkerFile {
    settings: BTreeMap<String, String>,
}

impl WorkerFile {
    /// JSON converters without schemas, a REST port of its own on loopback, quick commits.
    pub fn new(bootstrap: &str, group: &str) -> Self {
        let mut file = Self { settings: BTreeMap::new() };
        for (key, value) in [
            ("bootstrap.servers", bootstrap),
            ("group.id", group),
            ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("key.converter.schemas.enable", "false"),
            ("value.converter.schemas.enable", "false"),
            ("offset.flush.interval.ms", "1000"),
        ] {
            file = file.with(key, value);
        }
        for (topic, suffix) in [("config", "configs"), ("offset", "offsets"), ("status", "status")]
        {
            file = file
                .with(&format!("{topic}.storage.topic"), &format!("{group}-{suffix}"))
                .with(&format!("{topic}.storage.replication.factor"), "1");
        }
        file.with("offset.storage.partitions", "1").with("status.storage.partitions", "1")
    }

    /// With one setting more, or another value. `listeners` are served beside the one on loopback that tests ask.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Without a setting.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.settings.remove(key);
        self
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let lines: Vec<String> =
            self.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        fs::write(path, lines.join("\n")).with_context(|| format!("writing {}", path.display()))
    }
}
