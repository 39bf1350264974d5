//! The PostgreSQL that the runs of W7 write to, and how fast it takes rows without a worker.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sluice_kit::{debezium, postgres::Postgres};

use crate::{payload::row, statistics::median};

const DATABASE: &str = "bench";
/// Of each of the two.
const RUNS: usize = 5;

/// A started server with one database, and Debezium's sink for the workers on Java.
pub(crate) struct Database {
    server: Postgres,
    /// A folder of plugins.
    pub(crate) plugin: PathBuf,
}

/// Rows a second of one connection without a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub(crate) columns: u32,
    /// `COPY` to the table.
    pub(crate) insert: f64,
    /// `COPY` to another table, and from there to this one, where every other row is there already.
    pub(crate) upsert: f64,
}

impl Database {
    pub(crate) async fn start() -> Result<Self> {
        let server = Postgres::start().await?;
        server.database(DATABASE)?;
        Ok(Self { server, plugin: debezium::jdbc().await? })
    }

    /// Tells a connector where it is; the key of the user is another one in each.
    pub(crate) fn name_in(&self, config: &mut Value, user: &str) {
        config["connection.url"] = json!(self.server.url(DATABASE));
        config[user] = json!("postgres");
        config["connection.password"] = json!(Postgres::PASSWORD);
    }

    /// Makes a table, in which every other one of so many rows stands already if there are any.
    pub(crate) fn create(&self, table: &str, columns: u32, rows: u64) -> Result<()> {
        let definition = row::definition(columns);
        self.run(&format!("CREATE TABLE {table} ({definition})"))?;
        if let Some(last) = rows.checked_sub(1) {
            let before = row::before(columns);
            self.run(&format!(
                "INSERT INTO {table} SELECT {before} FROM generate_series(0, {last}, 2) AS id"
            ))?;
        }
        // Whatever is to be written or thrown away then is not part of the run.
        self.run("CHECKPOINT")?;
        self.run(&format!("VACUUM ANALYZE {table}"))
    }

    /// Makes a table of so many rows.
    pub(crate) fn generate(&self, table: &str, columns: u32, rows: u64) -> Result<()> {
        self.create(table, columns, 0)?;
        let generated = row::generated(columns);
        self.run(&format!(
            "INSERT INTO {table} SELECT {generated} FROM generate_series(1, {rows}) AS id"
        ))?;
        self.run(&format!("VACUUM ANALYZE {table}"))
    }

    /// Rows a second of `COPY` from a table.
    pub(crate) fn copied_out(&self, table: &str, rows: u64, folder: &Path) -> Result<f64> {
        let path = folder.join(table);
        let start = Instant::now();
        self.run(&format!("\\copy {table} TO '{}'", path.display()))?;
        let rate = rows as f64 / start.elapsed().as_secs_f64();
        std::fs::remove_file(path)?;
        Ok(rate)
    }

    /// How many of its rows were written since.
    pub(crate) fn count(&self, table: &str) -> Result<u64> {
        let counted = self
            .server
            .run(DATABASE, &format!("SELECT count(*) FROM {table} WHERE c1 <> 'old'"))?;
        Ok(counted.trim().parse()?)
    }

    pub(crate) fn drop_table(&self, table: &str) -> Result<()> {
        self.run(&format!("DROP TABLE {table}"))
    }

    /// What it takes by itself.
    pub(crate) fn bare(&self, columns: u32, rows: u64, folder: &Path) -> Result<Bare> {
        let path = folder.join(format!("rows-{columns}"));
        let mut file = std::io::BufWriter::new(File::create(&path)?);
        for number in 0..rows {
            file.write_all(row::copied(number, columns).as_bytes())?;
        }
        file.flush()?;
        let rate = |upsert| self.timed(columns, rows, &path, upsert);
        let rates = |upsert| (0..RUNS).map(|_| rate(upsert)).collect::<Result<Vec<f64>>>();
        Ok(Bare { columns, insert: median(&rates(false)?), upsert: median(&rates(true)?) })
    }

    fn timed(&self, columns: u32, rows: u64, path: &Path, upsert: bool) -> Result<f64> {
        let copy = |table| self.run(&format!("\\copy {table} FROM '{}'", path.display()));
        self.create("bare", columns, if upsert { rows } else { 0 })?;
        self.create("staged", columns, 0)?;
        let start = Instant::now();
        if upsert {
            copy("staged")?;
            let assignments = row::assignments(columns);
            self.run(&format!(
                "INSERT INTO bare SELECT * FROM staged ON CONFLICT (id) DO UPDATE SET {assignments}"
            ))?;
        } else {
            copy("bare")?;
        }
        let seconds = start.elapsed().as_secs_f64();
        ensure!(self.count("bare")? == rows, "the bare table has other rows");
        self.drop_table("bare")?;
        self.drop_table("staged")?;
        Ok(rows as f64 / seconds)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.server.run(DATABASE, sql).map(drop)
    }
}
