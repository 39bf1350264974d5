//! `deploy/samples/orders` as a user applies it: orders of one PostgreSQL in another one, while their worker is killed.

use anyhow::{Result, ensure};
use serde_json::json;
use sluice_kit::kubernetes::Node;
use sluice_kit::postgres::Postgres;
use sluice_kit::{require, wait};

use super::stage::{PATIENCE, ROOT, Stage};

const PORT: u16 = 9_432;
/// Orders of each half of the test.
const ORDERS: u32 = 500;
const CONTENT: &str =
    "SELECT count(*), sum(id), CAST(sum(id * amount) AS numeric(20,2)) FROM orders";

#[tokio::test]
async fn orders_of_one_database_reach_another_whatever_happens_to_the_worker() -> Result<()> {
    require!(Node::missing());
    require!(Postgres::missing());
    let stage = Stage::set("orders").await?;
    let network = stage.node.process_id();
    let server = Postgres::start_in_network(network, Node::ADDRESS.into(), PORT).await?;
    databases(&server)?;
    for name in ["shop-db", "warehouse-db"] {
        stage.node.offer_server(stage.namespace, (name, 5_432), PORT).await?;
        let password = format!("--from-literal=password={}", Postgres::PASSWORD);
        stage.kubectl(&["create", "secret", "generic", name, &password]).await?;
    }
    for topic in ["shop-orders", "shop-orders-dlq"] {
        stage.kafka.create_topic(topic, 1, &[]).await?;
    }
    place(&server, 1)?;
    let orders = format!("{ROOT}/deploy/samples/orders");
    stage.kubectl(&["apply", "-f", &orders]).await?;
    stage.all_ready().await?;
    alike(&server, &stage).await?;

    // An order that the warehouse does not take lies apart, and the rest goes on.
    server.run("warehouse", "ALTER TABLE orders ADD CONSTRAINT sound CHECK (amount >= 0)")?;
    server.run("shop", "INSERT INTO orders (customer, amount) VALUES ('nobody', -1)")?;
    let pod = stage.pod_of("orders-sink").await?;
    place(&server, 2)?;
    stage.node.kill_container(stage.namespace, &pod, "connect").await?;
    server.run(
        "shop",
        "UPDATE orders SET amount = amount + 1, updated = now() WHERE id % 7 = 0 AND amount >= 0",
    )?;
    letters(&stage).await?;
    server.run("shop", "DELETE FROM orders WHERE amount < 0")?;
    alike(&server, &stage).await?;
    stage.all_ready().await?;

    let columns = "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns \
                   WHERE table_name = 'orders'";
    assert_eq!(server.run("warehouse", columns)?, "amount customer id updated");
    Ok(())
}

/// A shop with orders, an empty warehouse, and a user who may do what the sample asks for.
fn databases(server: &Postgres) -> Result<()> {
    for database in ["shop", "warehouse"] {
        server.database(database)?;
    }
    let password = Postgres::PASSWORD;
    server.run("postgres", &format!("CREATE ROLE sluice LOGIN PASSWORD '{password}'"))?;
    server.run("warehouse", "GRANT CREATE ON SCHEMA public TO sluice")?;
    server.run(
        "shop",
        "CREATE TABLE orders (id bigserial PRIMARY KEY, customer text NOT NULL, phone text, email text, \
         amount numeric(10,2) NOT NULL, updated timestamptz NOT NULL DEFAULT now())",
    )?;
    server.run("shop", "GRANT SELECT ON orders TO sluice").map(drop)
}

/// More orders.
fn place(server: &Postgres, half: u32) -> Result<()> {
    let insert = format!(
        "INSERT INTO orders (customer, phone, email, amount) \
         SELECT 'customer ' || n, '555-' || n, n || '@example.org', n * 1.25 \
         FROM generate_series({half} * 100000, {half} * 100000 + {ORDERS} - 1) n"
    );
    server.run("shop", &insert).map(drop)
}

/// Waits until both have the same orders.
async fn alike(server: &Postgres, stage: &Stage) -> Result<()> {
    let mut both = [String::new(), String::new()];
    let same = wait::until(PATIENCE, "the warehouse to have the shop's orders", async || {
        both = ["shop", "warehouse"].map(|it| server.run(it, CONTENT).unwrap_or_default());
        both[0] == both[1]
    });
    let Err(error) = same.await else { return Ok(()) };
    Err(error.context(format!("{both:?}\n{}", stage.story().await)))
}

/// Waits until the resource tells of the one order that was refused.
async fn letters(stage: &Stage) -> Result<()> {
    let path = "jsonpath={.status.deadLetters}";
    wait::until_ok(PATIENCE, "the refused order to be told", async || {
        let told = stage.kubectl(&["get", "slctr", "orders-sink", "-o", path]).await?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        ensure!(told["topic"] == json!("shop-orders-dlq"), "{told}");
        ensure!(told["records"].as_u64().is_some_and(|it| it > 0), "{told}");
        Ok(())
    })
    .await
}
