//! The sink keeps what sinks owe.

use async_trait::async_trait;
use sluice_jdbc::{Cell, ConfluentJdbcSink, Dialect, Session};
use sluice_plugin::{
    AnySinkConnector, Properties,
    conformance::{Broken, SinkSystem, sink},
    model::ConnectRecord,
};
use tokio::sync::Mutex;

use super::records::{int, record, row};
use crate::bed::Bed;

struct System {
    bed: Bed,
    mode: &'static [(&'static str, &'static str)],
    /// Holds a lock on the table.
    refuses: Mutex<Option<Session>>,
}

#[async_trait]
impl SinkSystem for System {
    fn connector(&self) -> &dyn AnySinkConnector {
        &ConfluentJdbcSink
    }

    async fn empty(&self) -> Properties {
        self.bed.run("DROP TABLE IF EXISTS conformance").await;
        self.bed.run("CREATE TABLE conformance (n BIGINT PRIMARY KEY, place INTEGER)").await;
        if self.mode.is_empty() {
            self.bed.run("DROP TABLE conformance").await;
            self.bed.run("CREATE TABLE conformance (n BIGINT)").await;
        }
        self.bed
            .settings(&[&[("retry.backoff.ms", "1"), ("max.retries", "1000")], self.mode].concat())
    }

    fn worker(&self) -> Properties {
        super::worker().as_ref().clone()
    }

    fn record(&self, number: i64) -> ConnectRecord {
        record(int(number), row(&[("n", int(number))])).data
    }

    async fn contents(&self) -> Option<Vec<i64>> {
        let order = match self.bed.dialect {
            Dialect::Postgres => " ORDER BY ctid",
            Dialect::Sqlite => " ORDER BY rowid",
            Dialect::MySql => "",
        };
        let sql = format!("SELECT n FROM conformance{order}");
        let rows = self.bed.session().await.rows(&sql, Vec::new()).await.expect("rows");
        let number = |row: Vec<Cell>| match row[..] {
            [Cell::Int(number)] => number,
            _ => panic!("{row:?}"),
        };
        Some(rows.into_iter().map(number).collect())
    }

    async fn refuse(&self, refuses: bool) -> bool {
        let mut held = self.refuses.lock().await;
        *held = None;
        if refuses {
            *held = Some(self.bed.lock("conformance").await);
        }
        true
    }
}

#[tokio::test]
async fn inserts_and_upserts_do() -> Result<(), Broken> {
    const UPSERT: &[(&str, &str)] =
        &[("insert.mode", "upsert"), ("pk.mode", "record_value"), ("pk.fields", "n")];
    for mode in [&[][..], UPSERT] {
        for bed in Bed::all().await {
            sink(&System { bed, mode, refuses: Mutex::default() }).await?;
        }
    }
    Ok(())
}
