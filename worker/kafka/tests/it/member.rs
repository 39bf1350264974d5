//! Members of a group: with Java's, too slow, gone without a word, static, and when topics change.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use sluice_kafka::{Batch, BatchConsumer, ClientError, ClientSettings, Event, TopicOffsets};
use sluice_kit::{java, kafka::KafkaServer};
use sluice_model::TopicPartition;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::support::{LIMIT, consumer, create, plain, produce};

const JAVA_MEMBER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/oracle/GroupMember.java");
const PACKAGE: &str = "org.apache.kafka.clients.consumer.";
/// So that rebalances are noticed soon.
const HEARTBEATS: (&str, &str) = ("heartbeat.interval.ms", "100");

/// Of our kind: keeps what it owns, and commits what it gives up.
struct Ours {
    consumer: BatchConsumer,
    owned: BTreeSet<TopicPartition>,
    next: TopicOffsets,
    seen: Vec<String>,
    has_lost: bool,
}

impl Ours {
    fn join(settings: &ClientSettings, group: &str, topic: &str) -> Result<Self> {
        let consumer = consumer(settings, group)?;
        consumer.subscribe(&[topic.to_owned()])?;
        Ok(Self {
            consumer,
            owned: BTreeSet::new(),
            next: BTreeMap::new(),
            seen: Vec::new(),
            has_lost: false,
        })
    }

    /// Goes on for ever, or until it fails.
    async fn run(&mut self) -> Result<()> {
        loop {
            self.step().await?;
        }
    }

    async fn step(&mut self) -> Result<()> {
        let mut batch = Batch::default();
        match self.consumer.next(&mut batch, 500).await? {
            Event::Records => {
                for message in batch.iter() {
                    let of = TopicPartition { topic: message.topic, partition: message.partition };
                    self.next.insert(of, message.offset + 1);
                    let value = message.value.context("a record without value")?;
                    self.seen.push(String::from_utf8(value.to_vec())?);
                }
            }
            Event::Assigned(partitions) => {
                self.consumer.acknowledge_assigned(&partitions, &TopicOffsets::new());
                self.owned.extend(partitions);
            }
            Event::Revoked { partitions, lost } => {
                self.has_lost |= lost;
                if !lost {
                    let commit = self.consumer.commit(&self.next);
                    let runtime = tokio::runtime::Handle::current();
                    // Not awaited, so that this stays cancel-safe.
                    tokio::task::block_in_place(|| runtime.block_on(commit))?;
                }
                self.consumer.acknowledge_revoked(&partitions);
                self.owned.retain(|it| !partitions.contains(it));
                self.next.retain(|it, _| !partitions.contains(it));
            }
        }
        Ok(())
    }

    /// Waits until it owns so many partitions, while others go on.
    async fn owns(&mut self, count: usize) -> Result<()> {
        let owns = async {
            while self.owned.len() != count {
                self.step().await?;
            }
            Ok(())
        };
        timeout(LIMIT, owns).await.with_context(|| format!("to own {count}"))?
    }
}

/// Of Java's kind, in a process of its own.
struct Theirs {
    lines: Lines<BufReader<ChildStdout>>,
    input: Option<ChildStdin>,
    process: Child,
    owned: usize,
    seen: Vec<String>,
}

impl Theirs {
    async fn join(kafka: &KafkaServer, topic: &str, strategy: &str) -> Result<Self> {
        let classes = java::compile(Path::new(JAVA_MEMBER)).await?;
        let class_path = format!("{}:{}", java::class_path().await?, classes.display());
        let mut process = Command::new("java")
            .args(java::QUICK)
            .args(["-cp", &class_path, "GroupMember", &kafka.bootstrap(), topic, topic, strategy])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().context("its output")?;
        let lines = BufReader::new(output).lines();
        let input = process.stdin.take();
        Ok(Self { lines, input, process, owned: 0, seen: Vec::new() })
    }

    async fn step(&mut self) -> Result<()> {
        let line = self.lines.next_line().await?.context("the Java member has ended")?;
        if let Some(owned) = line.strip_prefix("owns") {
            self.owned = owned.split_whitespace().count();
        } else if let Some(value) = line.strip_prefix("read ") {
            self.seen.push(value.to_owned());
        } else {
            anyhow::bail!("the Java member says {line:?}");
        }
        Ok(())
    }

    async fn leave(mut self) -> Result<()> {
        drop(self.input.take());
        timeout(LIMIT, self.process.wait()).await??;
        Ok(())
    }
}

/// Lets both go on until something holds.
async fn until(
    ours: &mut Ours,
    theirs: &mut Theirs,
    what: &str,
    holds: impl Fn(&Ours, &Theirs) -> bool,
) -> Result<()> {
    let both = async {
        while !holds(ours, theirs) {
            tokio::select! {
                step = ours.step() => step?,
                step = theirs.step() => step?,
            }
        }
        Ok(())
    };
    match timeout(LIMIT, both).await {
        Ok(outcome) => outcome,
        Err(_) => bail!("{what}: not in time; {}", told(ours, theirs)),
    }
}

/// Who has what, and what nobody has seen: a value is a number, which tells its partition.
fn told(ours: &Ours, theirs: &Theirs) -> String {
    let seen: BTreeSet<&String> = ours.seen.iter().chain(&theirs.seen).collect();
    let unseen: Vec<String> =
        (0..400).map(|it| it.to_string()).filter(|it| !seen.contains(it)).collect();
    format!(
        "ours owns {:?} and has seen {}, Java owns {} and has seen {}; unseen: {}",
        ours.owned,
        ours.seen.len(),
        theirs.owned,
        theirs.seen.len(),
        unseen.join(" ")
    )
}

async fn shares_with_java(name: &str, strategy: &str, java_leads: bool) -> Result<()> {
    let kafka = KafkaServer::shared().await?;
    let topic = &format!("with-java-{name}-{java_leads}");
    let settings = plain(kafka, &[("partition.assignment.strategy", strategy), HEARTBEATS])?;
    create(&settings, topic, 4, &[]).await?;
    let (mut ours, mut theirs) = if java_leads {
        let mut theirs = Theirs::join(kafka, topic, strategy).await?;
        while theirs.owned != 4 {
            timeout(LIMIT, theirs.step()).await??;
        }
        (Ours::join(&settings, topic, topic)?, theirs)
    } else {
        let mut ours = Ours::join(&settings, topic, topic)?;
        ours.owns(4).await?;
        (ours, Theirs::join(kafka, topic, strategy).await?)
    };
    until(&mut ours, &mut theirs, "two each", |a, b| a.owned.len() == 2 && b.owned == 2).await?;
    produce(&settings, topic, 4, 0, 400).await?;
    let all = |a: &Ours, b: &Theirs| a.seen.len() + b.seen.len() >= 400;
    until(&mut ours, &mut theirs, "400 records", all).await?;
    if java_leads {
        // Who read how many of the first 400 depends on when the group came to rest.
        let rest = 500 - theirs.seen.len();
        theirs.leave().await?;
        ours.owns(4).await?;
        produce(&settings, topic, 4, 400, 100).await?;
        while ours.seen.len() < rest {
            timeout(LIMIT, ours.step()).await??;
        }
        ours.consumer.close().await;
        ensure!(!ours.has_lost && ours.seen.len() == rest, "what Java had committed came again");
        return Ok(());
    }
    let rest = 500 - ours.seen.len();
    ours.consumer.commit(&ours.next).await?;
    ours.consumer.close().await;
    while theirs.owned != 4 {
        timeout(LIMIT, theirs.step()).await??;
    }
    produce(&settings, topic, 4, 400, 100).await?;
    while theirs.seen.len() < rest {
        timeout(LIMIT, theirs.step()).await??;
    }
    ensure!(theirs.seen.len() == rest, "what was committed came again");
    theirs.leave().await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_in_java_and_ours_share_partitions_with_either_as_leader() -> Result<()> {
    sluice_kit::require!(java::missing());
    let rows = [
        ("default", format!("{PACKAGE}RangeAssignor,{PACKAGE}CooperativeStickyAssignor")),
        ("in-steps", format!("{PACKAGE}CooperativeStickyAssignor")),
        ("sticky", format!("{PACKAGE}StickyAssignor")),
    ];
    for (name, strategy) in &rows {
        for java_leads in [true, false] {
            let shared = shares_with_java(name, strategy, java_leads).await;
            shared.with_context(|| format!("{name}, Java leads: {java_leads}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_polled_in_time_loses_its_partitions_and_comes_back() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let slow = plain(kafka, &[("max.poll.interval.ms", "1000"), HEARTBEATS])?;
    create(&slow, "slow", 2, &[]).await?;
    produce(&slow, "slow", 2, 0, 10).await?;
    let mut first = Ours::join(&slow, "slow", "slow")?;
    first.owns(2).await?;
    while first.seen.len() < 10 {
        timeout(LIMIT, first.step()).await??;
    }
    // The first is not polled any more: the second is alone soon.
    let mut second = Ours::join(&plain(kafka, &[HEARTBEATS])?, "slow", "slow")?;
    second.owns(2).await?;
    let refused = first.consumer.commit(&first.next).await.err().context("it was committed")?;
    assert!(refused.java_class().ends_with("CommitFailedException"), "{refused}");
    let both = async {
        while first.owned.len() != 1 || second.owned.len() != 1 {
            tokio::select! {
                step = first.step() => step?,
                step = second.step() => step?,
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(LIMIT, both).await??;
    assert!(first.has_lost && !second.has_lost);
    assert_eq!(second.seen.len(), 10, "nothing was committed for the first");
    first.consumer.close().await;
    second.consumer.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_any_more_is_replaced_and_who_is_cut_off_at_once() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[("session.timeout.ms", "6000"), HEARTBEATS])?;
    create(&settings, "silent", 1, &[]).await?;
    let mut first = Ours::join(&settings, "silent", "silent")?;
    first.owns(1).await?;
    drop(first);
    let mut second = Ours::join(&settings, "silent", "silent")?;
    second.owns(1).await?;
    let cutoff = second.consumer.cutoff();
    tokio::task::spawn_blocking(move || cutoff.cut()).await?;
    let of = TopicPartition::new("silent", 0);
    let refused = second.consumer.commit(&TopicOffsets::from([(of, 0)])).await;
    assert!(refused.is_err(), "it was committed");
    let mut third = Ours::join(&plain(kafka, &[HEARTBEATS])?, "silent", "silent")?;
    // Far below any session.
    timeout(Duration::from_secs(4), third.owns(1)).await.context("the second is still there")??;
    third.consumer.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_keeps_its_place_and_a_second_one_of_its_name_drives_it_out() -> Result<()>
{
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = |name| plain(kafka, &[("group.instance.id", name), HEARTBEATS]);
    create(&settings("a")?, "static", 2, &[]).await?;
    let mut first = Ours::join(&settings("a")?, "static", "static")?;
    first.owns(2).await?;
    let mut second = Ours::join(&settings("b")?, "static", "static")?;
    while first.owned.len() != 1 || second.owned.len() != 1 {
        tokio::select! {
            step = timeout(LIMIT, first.step()) => step??,
            step = timeout(LIMIT, second.step()) => step??,
        }
    }
    let before = second.owned.clone();
    second.consumer.close().await;
    let mut again = Ours::join(&settings("b")?, "static", "static")?;
    again.owns(1).await?;
    assert_eq!(again.owned, before, "and the first had nothing to do with it");
    let mut rival = Ours::join(&settings("b")?, "static", "static")?;
    let failed = timeout(LIMIT, async {
        tokio::select! {
            outcome = again.run() => outcome,
            outcome = rival.run() => outcome.context("the rival"),
        }
    });
    let error = failed.await?.err().context("two of one name")?;
    let error = error.downcast::<ClientError>()?;
    assert!(error.java_class().ends_with("FencedInstanceIdException"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_comes_and_one_that_grows_are_read() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let age = ("metadata.max.age.ms", "200");
    let settings = plain(kafka, &[age, ("allow.auto.create.topics", "false")])?;
    let mut member = Ours::join(&settings, "growing", "growing")?;
    let quiet = timeout(Duration::from_millis(500), member.owns(1)).await;
    assert!(quiet.is_err(), "the topic was created");
    create(&settings, "growing", 1, &[]).await?;
    member.owns(1).await?;
    let bootstrap = kafka.bootstrap();
    let grow =
        ["--bootstrap-server", &bootstrap, "--alter", "--topic", "growing", "--partitions", "3"];
    kafka.tool("org.apache.kafka.tools.TopicCommand", &grow).await?;
    member.owns(3).await?;
    member.consumer.close().await;
    let mut creating = Ours::join(&plain(kafka, &[age])?, "creating", "created")?;
    timeout(LIMIT, async {
        while creating.owned.is_empty() {
            creating.step().await?;
        }
        Ok::<_, anyhow::Error>(())
    })
    .await
    .context("a topic that the broker creates")??;
    creating.consumer.close().await;
    Ok(())
}
