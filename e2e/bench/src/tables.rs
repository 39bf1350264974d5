//! The JDBC source and a large table: rows a second, what a row costs, and whether memory grows with the table.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::connect::ConnectWorker;

use crate::{
    broker::Broker,
    payload::JSON,
    postgres::Database,
    process,
    progress::{self, Cost, Sample},
    workers::{self, Side},
};

const SOURCE: &str = "io.confluent.connect.jdbc.JdbcSourceConnector";
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_mins(15);
/// Columns of the table.
pub(crate) const COLUMNS: u32 = 4;

/// A table that was read once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// The source's `mode`.
    pub(crate) mode: &'static str,
    pub(crate) rows: u64,
    pub(crate) cost: Cost,
    /// Resident memory of the worker before there was a connector, in KiB.
    pub(crate) before: u64,
    /// Its mean over the run.
    pub(crate) mean: f64,
    /// Most of it.
    pub(crate) peak: u64,
}

/// Rows a second of `COPY` from the table to a file, and each mode at each size.
pub(crate) async fn measure(
    broker: &Broker,
    plugins: &Path,
    folder: &Path,
    sizes: &[u64],
) -> Result<(f64, Vec<Read>)> {
    let database = Database::start().await?;
    let (mut bare, mut all) = (0.0, Vec::new());
    for rows in sizes.iter().copied() {
        let table = format!("rows_{rows}");
        database.generate(&table, COLUMNS, rows)?;
        bare = database.copied_out(&table, rows, folder)?;
        for mode in ["bulk", "incrementing"] {
            let read = read(broker, plugins, folder, &database, mode, rows).await?;
            eprintln!("{read:?}");
            all.push(read);
        }
        database.drop_table(&table)?;
    }
    Ok((bare, all))
}

async fn read(
    broker: &Broker,
    plugins: &Path,
    folder: &Path,
    database: &Database,
    mode: &'static str,
    rows: u64,
) -> Result<Read> {
    let name = format!("{mode}-rows_{rows}");
    let topic = name.as_str();
    broker.create(topic).await?;
    let file = workers::file(&broker.server.bootstrap(), topic, plugins, folder);
    let worker = ConnectWorker::start(&file, &Side::Sluice.launch(None)?).await?;
    workers::healthy(&worker).await?;
    let before = process::resident(worker.process_id())?;
    let mut config = json!({
        "connector.class": SOURCE,
        "tasks.max": "1",
        "mode": mode,
        "table.whitelist": format!("rows_{rows}"),
        "topic.prefix": format!("{mode}-"),
        // Once is enough.
        "poll.interval.ms": "86400000",
        "value.converter": JSON,
        "value.converter.schemas.enable": "false",
    });
    if mode == "incrementing" {
        config["incrementing.column.name"] = json!("id");
    }
    database.name_in(&mut config, "connection.user");
    workers::create(&worker, topic, &config).await?;
    let process_id = worker.process_id();
    let start = Instant::now();
    let (mut samples, mut looks, mut resident) = (Vec::new(), 0.0, 0.0);
    loop {
        let records = broker.ends(topic, 1).await?;
        samples.push(Sample {
            at: start.elapsed().as_secs_f64(),
            records,
            worker: process::cpu(process_id)?,
            broker: process::cpu(broker.process()?)?,
        });
        looks += 1.0;
        resident += process::resident(process_id)? as f64;
        if records >= rows {
            break;
        }
        workers::check(&worker, topic).await?;
        ensure!(start.elapsed() < LONGEST, "{topic}: only {records} rows have come");
        tokio::time::sleep(LOOK).await;
    }
    let peak = process::memory(process_id)?.peak;
    workers::delete(&worker, topic).await?;
    worker.stop().await?;
    let came = broker.ends(topic, 1).await?;
    ensure!(came == rows, "{topic}: {came} records of {rows} rows");
    broker.delete(topic).await?;
    let cost = progress::whole(&samples, rows);
    let cost = cost.ok_or_else(|| anyhow::anyhow!("{topic}: too few rows to measure"))?;
    Ok(Read { mode, rows, cost, before, mean: resident / looks, peak })
}
