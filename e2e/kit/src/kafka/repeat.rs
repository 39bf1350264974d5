//! Topics that are larger than the disk: the partitions share the file of one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::KafkaServer;

/// What a partition's folder keeps beside its records.
const COPIED: [&str; 4] = ["index", "timeindex", "snapshot", "leader-epoch-checkpoint"];

impl KafkaServer {
    /// Gives all partitions of a topic the records of partition 0, without writing them again: the broker stops, and
    /// comes back with one file that the partitions share. Nothing may be written to the topic afterwards.
    pub async fn repeat_first_partition(&mut self, topic: &str, partitions: u32) -> Result<()> {
        self.stop().await?;
        let data = self.folder.join("data");
        let first = data.join(format!("{topic}-0"));
        for partition in 1..partitions {
            let folder = data.join(format!("{topic}-{partition}"));
            share(&first, &folder).with_context(|| format!("filling {}", folder.display()))?;
        }
        self.restart().await
    }
}

fn share(first: &Path, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(first)? {
        let (path, place) = {
            let entry = entry?;
            (entry.path(), folder.join(entry.file_name()))
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".log") {
            if place.exists() {
                fs::remove_file(&place)?;
            }
            fs::hard_link(&path, &place)?;
        } else if COPIED.iter().any(|it| name.ends_with(it)) {
            fs::copy(&path, &place)?;
        }
    }
    Ok(())
}
