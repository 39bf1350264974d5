//! W7: a sink writes rows to a table. Progress is what its group has committed; the truth is the table.

use anyhow::{Context, Result};
use serde_json::json;
use sluice_kit::connect::ConnectWorker;

use super::{Bench, watch::Watched};
use crate::{payload::Payload, workers};

/// Debezium's, and ours of that name.
const SINK: &str = "io.debezium.connector.jdbc.JdbcSinkConnector";

impl Bench<'_> {
    /// One run, and how many rows it has written.
    pub(super) async fn write_rows(
        &self,
        worker: &ConnectWorker,
        connector: &str,
    ) -> Result<(Watched, u64)> {
        let database = self.database.context("rows need a database")?;
        let Payload::Row(columns) = self.scenario.payload else {
            anyhow::bail!("{} is no row", self.scenario.name);
        };
        let table = connector.replace('-', "_");
        database.create(&table, columns, if self.scenario.upserts() { self.records } else { 0 })?;
        let mut config = json!({
            "connector.class": SINK,
            "topics": self.topic(),
            "collection.name.format": table,
            "primary.key.mode": "record_value",
            "primary.key.fields": "id",
            "schema.evolution": "none",
        });
        database.name_in(&mut config, "connection.username");
        workers::create(worker, connector, &self.config(config)).await?;
        let committed = async || self.committed(connector).await;
        let watched = self.watch(worker, &[connector], committed).await?;
        workers::delete(worker, connector).await?;
        let counted = database.count(&table)?;
        database.drop_table(&table)?;
        Ok((watched, counted))
    }
}
