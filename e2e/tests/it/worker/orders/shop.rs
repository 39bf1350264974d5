//! The shop, the warehouse, and what runs between them.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::mariadb::MariaDb;
use sluice_kit::postgres::Postgres;
use sluice_kit::wait;

/// Servers start meanwhile, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);
/// How many orders there are at first.
pub(super) const ORDERS: u32 = 200;
const AVRO: &str = "io.confluent.connect.avro.AvroConverter";

/// A shop with orders.
pub(super) async fn full() -> Result<MariaDb> {
    let server = MariaDb::start().await?;
    server.database("shop")?;
    server.run(
        "shop",
        "CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(100) NOT NULL, phone VARCHAR(40), \
         email VARCHAR(100), amount DECIMAL(10,2) NOT NULL, \
         updated TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3))",
    )?;
    let row = |number| {
        format!("('customer {number}', '+0 {number}', 'c{number}@example.com', {number}.25)")
    };
    let rows: Vec<String> = (0..ORDERS).map(row).collect();
    let insert = "INSERT INTO orders (customer, phone, email, amount) VALUES";
    server.run("shop", &format!("{insert} {}", rows.join(", ")))?;
    Ok(server)
}

/// Where they go.
pub(super) async fn warehouse() -> Result<Postgres> {
    let server = Postgres::start().await?;
    server.database("shop")?;
    Ok(server)
}

/// The topic of records that are no orders.
pub(super) fn letters(topic: &str) -> String {
    format!("{topic}-dlq")
}

/// Reads the orders, but for what is private.
pub(super) fn source(from: &MariaDb, prefix: &str, registry: &str) -> Value {
    json!({
        "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
        "connection.url": from.url("shop"),
        "connection.user": "root",
        "connection.password": MariaDb::PASSWORD,
        "mode": "timestamp+incrementing",
        "timestamp.column.name": "updated",
        "incrementing.column.name": "id",
        "table.whitelist": "orders",
        "topic.prefix": prefix,
        "poll.interval.ms": "200",
        "transforms": "private",
        "transforms.private.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.private.exclude": "phone,email",
        "value.converter": AVRO,
        "value.converter.schema.registry.url": registry,
    })
}

/// Writes them.
pub(super) fn sink(to: &Postgres, topic: &str, registry: &str) -> Value {
    json!({
        "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
        "topics": topic,
        "connection.url": to.url("shop"),
        "connection.user": "postgres",
        "connection.password": Postgres::PASSWORD,
        "table.name.format": "orders",
        "insert.mode": "upsert",
        "pk.mode": "record_value",
        "pk.fields": "id",
        "auto.create": "true",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": letters(topic),
        "errors.deadletterqueue.topic.replication.factor": "1",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": AVRO,
        "value.converter.schema.registry.url": registry,
    })
}

/// Makes a connector.
pub(super) async fn put(worker: &ConnectWorker, connector: &str, config: &Value) -> Result<()> {
    let path = format!("/connectors/{connector}/config");
    wait::until_ok(PATIENCE, &format!("{connector} to be created"), async || {
        worker.ask("PUT", &path, Some(config)).await.map(drop)
    })
    .await
}

/// Waits until a query has this answer.
pub(super) async fn arrived(
    worker: &ConnectWorker,
    to: &Postgres,
    expected: &str,
    query: &str,
) -> Result<()> {
    let has_come = async || to.run("shop", query).is_ok_and(|it| it.trim() == expected);
    wait::until(PATIENCE, &format!("{expected} to be the answer to {query}"), has_come)
        .await
        .with_context(|| worker.output().unwrap_or_default())
}
