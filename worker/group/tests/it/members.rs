//! Groups of our own workers.

use std::time::{Duration, Instant};

use anyhow::Result;
use sluice_group::ConnectProtocol;
use sluice_kit::{java, kafka::KafkaServer, require, wait};

use crate::worker::{Pace, Plan, SESSION, SOON, Worker};

const LONG: Duration = Duration::from_mins(5);
const SHORT: Duration = Duration::from_secs(2);

fn plan() -> Plan {
    Plan(vec![("c1", 3), ("c2", 3)])
}

struct Group {
    bootstrap: String,
    name: &'static str,
    max_delay: Duration,
    protocol: ConnectProtocol,
    pace: Pace,
}

impl Group {
    async fn new(name: &'static str, max_delay: Duration) -> Result<Self> {
        let bootstrap = KafkaServer::shared().await?.bootstrap();
        let protocol = ConnectProtocol::Sessioned;
        Ok(Self { bootstrap, name, max_delay, protocol, pace: Pace::BRISK })
    }

    fn worker(&self, url: &str) -> Result<Worker> {
        let Self { bootstrap, name, max_delay, protocol, pace } = self;
        Worker::start(bootstrap, name, url, &plan(), *max_delay, *protocol, *pace)
    }

    /// A leader and a follower that share the work.
    async fn pair(&self) -> Result<(Worker, Worker)> {
        let first = self.worker("http://a/")?;
        first.sees(SOON, "all work on the first", |it| it.work.len() == plan().units()).await?;
        let second = self.worker("http://b/")?;
        let half = plan().units() / 2;
        second.sees(SOON, "half on the second", |it| it.work.len() == half).await?;
        first.sees(SOON, "half on the first", |it| it.work.len() == half).await?;
        assert!(first.view().is_leader && !second.view().is_leader);
        assert_eq!(second.view().leader_url, "http://a/");
        assert!(first.view().work.is_disjoint(&second.view().work));
        Ok((first, second))
    }
}

#[tokio::test]
async fn the_work_of_a_worker_that_leaves_comes_back_after_the_delay() -> Result<()> {
    require!(java::missing());
    let group = Group::new("leaves", SHORT).await?;
    let (first, second) = group.pair().await?;
    let left = Instant::now();
    second.leave().await?;
    first.sees(SOON, "all on the first", |it| it.work.len() == plan().units()).await?;
    assert!(left.elapsed() >= SHORT && left.elapsed() < SESSION, "{:?}", left.elapsed());
    first.leave().await
}

#[tokio::test]
async fn the_work_of_a_killed_worker_comes_back_after_session_and_delay() -> Result<()> {
    require!(java::missing());
    let group = Group::new("killed", SHORT).await?;
    let (first, second) = group.pair().await?;
    let killed = Instant::now();
    second.kill();
    first.sees(SOON, "all on the first", |it| it.work.len() == plan().units()).await?;
    assert!(killed.elapsed() + Duration::from_secs(1) >= SESSION, "{:?}", killed.elapsed());
    first.leave().await
}

#[tokio::test]
async fn a_worker_that_returns_under_its_address_gets_its_own_work_back_at_once() -> Result<()> {
    require!(java::missing());
    let group = Group::new("returns", LONG).await?;
    let (first, second) = group.pair().await?;
    let own = second.view().work;
    let generation = first.view().generation;
    second.leave().await?;
    first.sees(SOON, "a round without the second", |it| it.generation > generation).await?;
    let second = group.worker("http://b/")?;
    second.sees(SOON, "its own work", |it| it.work == own).await?;
    // Killed and back before the group has noticed.
    second.kill();
    let second = group.worker("http://b/")?;
    second.sees(SOON, "its own work again", |it| it.work == own).await?;
    second.leave().await?;
    first.leave().await
}

#[tokio::test]
async fn a_worker_that_hurries_hears_of_a_round_before_its_heartbeat_is_due() -> Result<()> {
    require!(java::missing());
    let mut group = Group::new("hurries", LONG).await?;
    group.pace = Pace::SLOW;
    let first = group.worker("http://a/")?;
    first.sees(SOON, "all work on the first", |it| it.work.len() == plan().units()).await?;
    let second = group.worker("http://b/")?;
    let hurried = async || {
        // The first hears of the second, and the second of what the first has given up.
        first.hurry();
        second.hurry();
        second.view().work.len() == plan().units() / 2
    };
    wait::until(SOON, "half on the second", hurried).await?;
    second.leave().await?;
    first.leave().await
}

#[tokio::test]
async fn a_worker_that_asks_hears_of_a_round_before_its_heartbeat_is_due() -> Result<()> {
    require!(java::missing());
    let mut group = Group::new("asks", LONG).await?;
    group.pace = Pace::ASKING;
    let first = group.worker("http://a/")?;
    first.sees(SOON, "all work on the first", |it| it.work.len() == plan().units()).await?;
    let second = group.worker("http://b/")?;
    let half = plan().units() / 2;
    second.sees(SOON, "half on the second", |it| it.work.len() == half).await?;
    second.leave().await?;
    first.leave().await
}

#[tokio::test]
async fn a_follower_takes_over_when_the_leader_leaves() -> Result<()> {
    require!(java::missing());
    let group = Group::new("takes-over", LONG).await?;
    let (first, second) = group.pair().await?;
    first.leave().await?;
    second.sees(SOON, "all on the second", |it| it.work.len() == plan().units()).await?;
    assert!(second.view().is_leader);
    second.leave().await
}

#[tokio::test]
async fn one_eager_worker_makes_the_whole_group_eager() -> Result<()> {
    require!(java::missing());
    let mut group = Group::new("eager", LONG).await?;
    let first = group.worker("http://a/")?;
    first.sees(SOON, "all work on the first", |it| it.work.len() == plan().units()).await?;
    group.protocol = ConnectProtocol::Eager;
    let second = group.worker("http://b/")?;
    let half = plan().units() / 2;
    second.sees(SOON, "half on the second", |it| it.work.len() == half).await?;
    first.sees(SOON, "half on the first", |it| it.work.len() == half).await?;
    second.leave().await?;
    first.sees(SOON, "all on the first", |it| it.work.len() == plan().units()).await?;
    first.leave().await
}
