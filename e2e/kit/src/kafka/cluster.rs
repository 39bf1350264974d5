//! Several brokers of one cluster, each of which is a controller too: one may be killed, and the others go on.

use anyhow::{Context, Result, ensure};

use super::partitions::{self, Partition};
use super::properties::{Addresses, Place};
use super::{KafkaOptions, KafkaServer, START};
use crate::wait;

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

/// Copies of everything on all brokers, of which one may be away; a broker that is away is missed soon.
const SETTINGS: [(&str, &str); 8] = [
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "2"),
    ("offsets.topic.replication.factor", "3"),
    ("offsets.topic.num.partitions", "3"),
    ("transaction.state.log.replication.factor", "3"),
    ("transaction.state.log.min.isr", "2"),
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
];

/// Brokers with the numbers 1, 2 and 3; dropped, they end and their data go.
#[derive(Debug)]
pub struct KafkaCluster {
    brokers: Vec<KafkaServer>,
}

impl KafkaCluster {
    /// Starts three brokers and waits until each takes requests.
    pub async fn start() -> Result<Self> {
        let properties = SETTINGS.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut options = KafkaOptions { properties: properties.into(), ..KafkaOptions::default() };
        options.flags.retain(|it| !it.starts_with("-Xmx"));
        options.flags.push("-Xmx256m".to_owned());
        let choose = || Addresses::choose(&options);
        let (one, two, three) = (choose()?, choose()?, choose()?);
        let controllers = [&one, &two, &three].map(|it| it.controller);
        let start = |id, addresses| {
            let place = Place { id, controllers: controllers.to_vec() };
            KafkaServer::start_at(place, addresses, options.clone())
        };
        // Each waits for a second one to agree with.
        let (one, two, three) = tokio::try_join!(start(1, one), start(2, two), start(3, three))?;
        Ok(Self { brokers: vec![one, two, three] })
    }

    /// The addresses of all brokers.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self.brokers.iter().map(KafkaServer::bootstrap).collect();
        addresses.join(",")
    }

    /// The numbers of the brokers.
    pub fn ids(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.brokers.len()
    }

    /// SIGKILL of one broker. The data stay.
    pub fn kill9(&mut self, id: usize) -> Result<()> {
        self.broker(id)?.kill9()
    }

    /// Starts a broker again on its data, and waits until it takes requests.
    pub async fn restart(&mut self, id: usize) -> Result<()> {
        self.broker(id)?.restart().await
    }

    /// Runs one of Kafka's command line tools; returns what it printed.
    pub async fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        self.brokers.first().context("a broker")?.tool(class, arguments).await
    }

    /// All partitions of all topics, Kafka's own included.
    pub async fn partitions(&self) -> Result<Vec<Partition>> {
        let arguments = ["--bootstrap-server", &self.bootstrap(), "--describe"];
        Ok(Partition::parse_all(&self.tool(TOPICS, &arguments).await?))
    }

    /// The broker that coordinates a group.
    pub async fn coordinator(&self, group: &str) -> Result<usize> {
        let mut partitions = self.partitions().await?;
        partitions.retain(|it| it.topic == "__consumer_offsets");
        let number = partitions::of_group(group, partitions.len());
        let partition = partitions.iter().find(|it| it.number == number);
        partition.and_then(|it| it.leader).context("the group has no coordinator")
    }

    /// Waits until every partition has all its copies again.
    pub async fn whole(&self) -> Result<()> {
        wait::until_ok(START, "all copies to be complete", async || {
            let partitions = self.partitions().await?;
            let short = partitions.iter().find(|it| it.in_sync.len() < it.replicas.len());
            ensure!(short.is_none(), "{short:?}");
            Ok(())
        })
        .await
    }

    fn broker(&mut self, id: usize) -> Result<&mut KafkaServer> {
        let index = id.checked_sub(1).context("brokers are counted from one")?;
        self.brokers.get_mut(index).with_context(|| format!("there is no broker {id}"))
    }
}
