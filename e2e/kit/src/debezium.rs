//! Debezium's connectors, beside ours of the same names.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tokio::task::spawn_blocking;

use crate::{cache, java};

/// What is fetched; it decides the place in the cache.
const JDBC: &str = "io.debezium:debezium-connector-jdbc:3.6.0.Final:tar.gz:plugin";

/// The folder of Debezium's JDBC sink, for `plugin.path`. Fetches it if the cache does not have it.
pub async fn jdbc() -> Result<PathBuf> {
    let fetch = |folder: &Path| java::unpack(JDBC, folder);
    spawn_blocking(move || cache::entry("debezium-jdbc", &[JDBC.as_bytes()], fetch)).await?
}
