//! Whoever is killed on the way of an order, and whenever: it arrives.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::mariadb::MariaDb;
use sluice_kit::postgres::Postgres;
use sluice_kit::registry::SchemaRegistry;
use sluice_kit::{java, require, wait};

use super::super::dead_letters::records;
use super::shop::{self, ORDERS, PATIENCE, arrived, put, sink, source};

const TOPIC: &str = "killed-orders";
/// Most statements between two kills.
const STATEMENTS: u64 = 12;
const ROWS: &str = "SELECT id, customer, amount FROM orders ORDER BY id";

/// One after the other, each of them once before any of them again; `SLUICE_KILLS=50` takes longer than five.
#[tokio::test]
async fn no_order_is_lost_whoever_is_killed() -> Result<()> {
    require!(java::missing());
    require!(MariaDb::missing());
    require!(Postgres::missing());
    require!(SchemaRegistry::missing());
    let seed = match number("SLUICE_KILLS_SEED") {
        Some(seed) => seed,
        None => u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos()),
    };
    eprintln!("SLUICE_KILLS_SEED={seed} kills in the same order");
    let mut numbers = Numbers(seed);
    let mut way = Way::start().await?;
    let kills = number("SLUICE_KILLS").unwrap_or(5);
    let mut next = Vec::new();
    for kill in 0..kills {
        if next.is_empty() {
            next = Victim::ALL.to_vec();
        }
        let victim = next.swap_remove(usize::try_from(numbers.below(next.len() as u64))?);
        let killed = way.survives(victim, &mut numbers).await;
        killed.with_context(|| format!("kill {kill}, of {victim:?}, with the seed {seed}"))?;
    }
    way.all_arrived().await.with_context(|| format!("after {kills} kills with the seed {seed}"))
}

#[derive(Debug, Clone, Copy)]
enum Victim {
    Worker,
    Broker,
    Registry,
    Shop,
    Warehouse,
}

impl Victim {
    const ALL: [Self; 5] =
        [Self::Worker, Self::Broker, Self::Registry, Self::Shop, Self::Warehouse];
}

/// All that an order passes.
struct Way {
    from: MariaDb,
    kafka: KafkaServer,
    registry: SchemaRegistry,
    worker: ConnectWorker,
    to: Postgres,
}

impl Way {
    /// Starts it, and waits until the first orders are through.
    async fn start() -> Result<Self> {
        // A broker that forgets its dead predecessor soon comes back soon.
        let session = ("broker.session.timeout.ms".to_owned(), "2000".to_owned());
        let options = KafkaOptions { properties: [session].into(), ..KafkaOptions::default() };
        let kafka = KafkaServer::start(options).await?;
        let (from, to) = (shop::full().await?, shop::warehouse().await?);
        let registry = SchemaRegistry::start().await?;
        let file = WorkerFile::new(&kafka.bootstrap(), "killed-orders")
            .with("session.timeout.ms", "6000")
            .with("heartbeat.interval.ms", "1000")
            .with("consumer.session.timeout.ms", "6000")
            .with("consumer.heartbeat.interval.ms", "1000")
            .with("consumer.metadata.max.age.ms", "500")
            .with("offset.flush.interval.ms", "200");
        let worker = ConnectWorker::sluice(&file).await?;
        let patient = json!({"connection.attempts": "1000", "connection.backoff.ms": "200"});
        let source = with(source(&from, "killed-", &registry.url()), &patient);
        // What is committed after a later order is looked for again.
        put(&worker, "shop", &with(source, &json!({"sluice.lookback.ms": "10000"}))).await?;
        let sink = with(sink(&to, TOPIC, &registry.url()), &patient);
        let retries = json!({"max.retries": "1000", "retry.backoff.ms": "200"});
        put(&worker, "warehouse", &with(sink, &retries)).await?;
        arrived(&worker, &to, &ORDERS.to_string(), "SELECT count(*) FROM orders").await?;
        Ok(Self { from, kafka, registry, worker, to })
    }

    /// Kills one of them while orders go on, and starts it again while they still do.
    async fn survives(&mut self, victim: Victim, numbers: &mut Numbers) -> Result<()> {
        for _ in 0..numbers.below(STATEMENTS) {
            self.order(numbers)?;
        }
        match victim {
            Victim::Worker => self.worker.crash(),
            Victim::Broker => self.kafka.kill9(),
            Victim::Registry => self.registry.kill9(),
            Victim::Shop => self.from.kill(),
            Victim::Warehouse => self.to.kill(),
        }?;
        if !matches!(victim, Victim::Shop) {
            for _ in 0..numbers.below(STATEMENTS) {
                self.order(numbers)?;
            }
        }
        match victim {
            Victim::Worker => self.worker.start_again().await,
            Victim::Broker => self.kafka.restart().await,
            Victim::Registry => self.registry.restart().await,
            Victim::Shop => self.from.restart().await,
            Victim::Warehouse => self.to.restart().await,
        }
    }

    /// A few new orders, or new amounts of old ones.
    fn order(&self, numbers: &mut Numbers) -> Result<()> {
        let amount = numbers.below(100_000);
        let sql = if numbers.below(2) == 0 {
            let row = |_| format!("('Zoë {}', {amount}.5)", numbers.below(1000));
            let rows: Vec<String> = (0..20).map(row).collect();
            format!("INSERT INTO orders (customer, amount) VALUES {}", rows.join(", "))
        } else {
            let (one, all) = (numbers.below(7), 7);
            format!("UPDATE orders SET amount = {amount}.25 WHERE id % {all} = {one}")
        };
        self.from.run("shop", &sql).map(drop)
    }

    /// Waits until the warehouse has what the shop has; nothing may lie apart.
    async fn all_arrived(self) -> Result<()> {
        let expected = self.from.run("shop", ROWS)?.replace('\t', "|");
        let is_there = async || self.to.run("shop", ROWS).is_ok_and(|it| it == expected);
        let waited = wait::until(PATIENCE, "all orders", is_there).await;
        waited.with_context(|| {
            let got = self.to.run("shop", ROWS).unwrap_or_default();
            let differ = expected.lines().filter(|it| !got.contains(it)).take(5);
            let differ = differ.collect::<Vec<_>>().join("\n");
            format!("not there:\n{differ}\n{}", self.worker.output().unwrap_or_default())
        })?;
        let letters = records::read(&self.kafka, &shop::letters(TOPIC), 1).await?;
        ensure!(letters.is_empty(), "an order lies apart: {letters:?}");
        for connector in ["shop", "warehouse"] {
            let path = format!("/connectors/{connector}/status");
            let status = self.worker.ask("GET", &path, None).await?;
            ensure!(status["tasks"][0]["state"] == "RUNNING", "{status}");
        }
        self.worker.stop().await
    }
}

/// A configuration with more settings.
fn with(mut config: Value, more: &Value) -> Value {
    let more = more.as_object().into_iter().flatten();
    for (key, value) in more {
        config[key] = value.clone();
    }
    config
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Random numbers of a seed (Knuth's linear congruential generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
