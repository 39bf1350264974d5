//! Orders from one database into another, their schemas in a registry: what is private stays behind, and what is no order
//! lies apart.

mod kills;
mod shop;

use anyhow::{Result, ensure};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::mariadb::MariaDb;
use sluice_kit::postgres::Postgres;
use sluice_kit::registry::SchemaRegistry;
use sluice_kit::{java, ports, require, wait};

use super::dead_letters::records::{self, Record};
use shop::{ORDERS, PATIENCE, arrived, put, sink, source};

const TOPIC: &str = "shop-orders";

#[tokio::test]
async fn orders_go_from_mariadb_to_postgresql_as_avro() -> Result<()> {
    require!(java::missing());
    require!(MariaDb::missing());
    require!(Postgres::missing());
    require!(SchemaRegistry::missing());
    let kafka = KafkaServer::shared().await?;
    let (from, to) = (shop::full().await?, shop::warehouse().await?);
    let port = ports::free()?;
    let registry = format!("http://127.0.0.1:{port}/apis/ccompat/v7");
    let file = WorkerFile::new(&kafka.bootstrap(), "orders")
        .with("offset.flush.interval.ms", "500")
        .with("consumer.metadata.max.age.ms", "500");
    let worker = ConnectWorker::sluice(&file).await?;
    put(&worker, "shop", &source(&from, "shop-", &registry)).await?;

    // There is no registry: nothing is skipped, nothing fails.
    wait::until(PATIENCE, "the source to wait", async || {
        worker.output().is_ok_and(|it| it.contains("the task waits, no record is skipped"))
    })
    .await?;
    let status = worker.ask("GET", "/connectors/shop/status", None).await?;
    ensure!(status["tasks"][0]["state"] == "RUNNING", "{status}");
    let _registry = SchemaRegistry::start_at(port).await?;
    put(&worker, "warehouse", &sink(&to, TOPIC, &registry)).await?;
    arrived(&worker, &to, &ORDERS.to_string(), "SELECT count(*) FROM orders").await?;

    // What is no order, and what has no schema that anybody knows, lies apart; what comes after them passes.
    let unknown = [&[0, 0, 0, 0x7f, 0xff][..], b"order"].concat();
    let bad = [b"no order".to_vec(), unknown];
    let bad = bad.map(|value| Record { value: Some(value), ..Record::default() });
    records::write(kafka, TOPIC, &bad).await?;
    from.run("shop", "UPDATE orders SET amount = 12.50 WHERE id = 1")?;
    from.run("shop", "INSERT INTO orders (customer, amount) VALUES ('Zoë', 0.01)")?;
    arrived(&worker, &to, "12.50", "SELECT amount FROM orders WHERE id = 1").await?;
    let last = ORDERS + 1;
    let newest = format!("SELECT customer || amount FROM orders WHERE id = {last}");
    arrived(&worker, &to, "Zoë0.01", &newest).await?;
    let letters = records::read(kafka, &shop::letters(TOPIC), bad.len()).await?;
    let values: Vec<_> = letters.iter().map(|it| &it.value).collect();
    assert_eq!(values, bad.iter().map(|it| &it.value).collect::<Vec<_>>());

    let columns = "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns \
                   WHERE table_name = 'orders'";
    assert_eq!(to.run("shop", columns)?.trim(), "amount customer id updated");
    let sum = "SELECT CAST(sum(id * amount) AS DECIMAL(20,2)) FROM orders";
    assert_eq!(to.run("shop", sum)?.trim(), from.run("shop", sum)?.trim());
    worker.stop().await
}
