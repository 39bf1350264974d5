//! Rows that Debezium's JDBC sink and ours of its name write for the same records: the same tables with the same columns,
//! keys and values.

mod records;
mod scenarios;

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::postgres::Postgres;
use sluice_kit::{debezium, java, require, wait};

use super::dead_letters;
use scenarios::Scenario;

/// A JVM compiles meanwhile, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);
const SINK: &str = "io.debezium.connector.jdbc.JdbcSinkConnector";

/// Tables of a schema: their columns in order, and which of them are the primary key.
const COLUMNS: &str = "SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type \
    || coalesce('(' || coalesce(c.character_maximum_length, c.numeric_precision, c.datetime_precision) || ',' \
       || coalesce(c.numeric_scale, 0) || ')', '') \
    || CASE c.is_nullable WHEN 'NO' THEN ' not null' ELSE '' END \
    || coalesce(' key ' || k.ordinal_position, '') \
    FROM information_schema.columns c \
    LEFT JOIN information_schema.table_constraints t \
      ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY' \
    LEFT JOIN information_schema.key_column_usage k \
      ON k.constraint_name = t.constraint_name AND k.table_name = c.table_name AND k.column_name = c.column_name \
      AND k.table_schema = c.table_schema \
    WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema') AND c.table_name ILIKE '%NAME%' \
    ORDER BY c.table_name, c.ordinal_position";
const TABLES: &str = "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables \
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_name ILIKE '%NAME%' ORDER BY 1";

#[tokio::test]
async fn rows_are_those_of_debeziums_sink() -> Result<()> {
    require!(java::missing());
    require!(Postgres::missing());
    let kafka = KafkaServer::shared().await?;
    let postgres = Postgres::start().await?;
    let plugins = debezium::jdbc().await?.display().to_string();
    let file = |group: &str| {
        WorkerFile::new(&kafka.bootstrap(), group)
            .with("offset.flush.interval.ms", "500")
            .with("consumer.auto.offset.reset", "earliest")
            .with("plugin.path", &plugins)
    };
    let java = ConnectWorker::java(&file("rows-java")).await?;
    let sluice = ConnectWorker::sluice(&file("rows-sluice")).await?;
    let scenarios = scenarios::all();
    let sides = [(&java, "java"), (&sluice, "sluice")];
    for (_, side) in sides {
        postgres.database(side)?;
    }
    for scenario in &scenarios {
        dead_letters::records::write(kafka, &scenario.topic(), &scenario.records).await?;
        for (worker, side) in sides {
            for statement in scenario.before {
                postgres.run(side, statement)?;
            }
            put(worker, scenario, side, &postgres).await?;
        }
    }
    let mut different = String::new();
    for scenario in &scenarios {
        let mut came = Vec::new();
        for (worker, side) in sides {
            match taken(worker, scenario, side).await {
                Ok(()) => came.push(content(&postgres, side, scenario)?),
                Err(error) => writeln!(different, "{error:#}")?,
            }
        }
        let [java, sluice] = &came[..] else { continue };
        if java.lines().count() < 3 || java != sluice {
            let name = scenario.name;
            writeln!(different, "{name}, Debezium:\n{java}\n{name}, Sluice:\n{sluice}\n")?;
        }
    }
    ensure!(different.is_empty(), "{different}");
    Ok(())
}

async fn put(
    worker: &ConnectWorker,
    scenario: &Scenario,
    side: &str,
    postgres: &Postgres,
) -> Result<()> {
    let mut config = json!({
        "connector.class": SINK,
        "tasks.max": "1",
        "topics": scenario.topic(),
        "connection.url": postgres.url(side),
        "connection.username": "postgres",
        "connection.password": Postgres::PASSWORD,
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    });
    for (key, value) in scenario.settings {
        config[*key] = json!(value);
    }
    let path = format!("/connectors/{}/config", scenario.connector(side));
    wait::until_ok(PATIENCE, "the sink to be created", async || {
        worker.ask("PUT", &path, Some(&config)).await.map(drop)
    })
    .await
}

/// Waits until a sink has committed all of its topic.
async fn taken(worker: &ConnectWorker, scenario: &Scenario, side: &str) -> Result<()> {
    let connector = scenario.connector(side);
    let expected = json!(scenario.records.len());
    let mut last = Value::Null;
    let what = format!("{connector} to take all records");
    let committed = wait::until(PATIENCE, &what, async || {
        let status = worker.ask("GET", &format!("/connectors/{connector}/status"), None).await;
        let offsets = worker.ask("GET", &format!("/connectors/{connector}/offsets"), None).await;
        let (Ok(status), Ok(offsets)) = (status, offsets) else { return false };
        let is_done = offsets["offsets"][0]["offset"]["kafka_offset"] == expected;
        let failed = status["tasks"][0]["state"] == "FAILED";
        last = status;
        is_done || failed
    });
    committed.await.with_context(|| format!("{last:#}"))?;
    ensure!(last["tasks"][0]["state"] != "FAILED", "{connector}: {last:#}");
    Ok(())
}

/// The tables of a scenario, with their rows as text.
fn content(postgres: &Postgres, database: &str, scenario: &Scenario) -> Result<String> {
    let named = |sql: &str| sql.replace("NAME", scenario.name);
    let mut content = postgres.run(database, &named(COLUMNS))?;
    for table in postgres.run(database, &named(TABLES))?.lines() {
        let rows = postgres.run(database, &format!("SELECT t::text FROM {table} t ORDER BY 1"))?;
        write!(content, "\n{table}\n{rows}")?;
    }
    Ok(content)
}
