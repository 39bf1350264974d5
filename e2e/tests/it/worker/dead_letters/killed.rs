//! A worker that is killed between a dead letter and the commit behind it: the record is in the dead letter queue or read
//! again, and never lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;
use tempfile::TempDir;

use super::super::pipeline::PATIENCE;
use super::records::{self, Record};

/// Of the records with these numbers every third is bad.
const COUNT: usize = 900;
const BAD: usize = COUNT / 3;

/// Numbered records on their way to a file or to the dead letters.
struct Numbers {
    kafka: &'static KafkaServer,
    name: &'static str,
    letters: String,
    folder: TempDir,
}

impl Numbers {
    async fn new(name: &'static str) -> Result<Self> {
        let kafka = KafkaServer::shared().await?;
        let value = |number: usize| match number % 3 {
            0 => format!("bad {number}"),
            _ => json!({"id": number}).to_string(),
        };
        let record = |number| Record { value: Some(value(number).into()), ..Record::default() };
        records::write(kafka, name, &(0..COUNT).map(record).collect::<Vec<_>>()).await?;
        Ok(Self { kafka, name, letters: format!("{name}-letters"), folder: tempfile::tempdir()? })
    }

    fn file(&self, flush_interval: &str) -> WorkerFile {
        WorkerFile::new(&self.kafka.bootstrap(), self.name)
            .with("session.timeout.ms", "6000")
            .with("heartbeat.interval.ms", "1000")
            .with("consumer.session.timeout.ms", "6000")
            .with("consumer.heartbeat.interval.ms", "1000")
            .with("offset.flush.interval.ms", flush_interval)
            .with("sluice.file.paths", &self.folder.path().display().to_string())
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("good")
    }

    async fn create(&self, worker: &ConnectWorker) -> Result<()> {
        let sink = json!({
            "connector.class": "FileStreamSink", "topics": self.name, "file": self.output(),
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": self.letters,
            "errors.deadletterqueue.topic.replication.factor": "1",
            // Many small batches, so that a kill finds work in the middle.
            "consumer.override.max.poll.records": "5",
        });
        let path = format!("/connectors/{}/config", self.name);
        wait::until_ok(PATIENCE, "the sink to be created", async || {
            worker.ask("PUT", &path, Some(&sink)).await.map(drop)
        })
        .await
    }

    /// How often each number came, as a dead letter and in the file.
    async fn came(&self, most: usize) -> Result<[BTreeMap<usize, usize>; 2]> {
        let letters = records::read(self.kafka, &self.letters, most).await?;
        let letters = letters.into_iter().filter_map(|it| String::from_utf8(it.value?).ok());
        let letters: Vec<String> = letters.collect();
        let bad = letters.iter().filter_map(|it| it.strip_prefix("bad ")?.parse().ok());
        let text = fs::read_to_string(self.output()).unwrap_or_default();
        let good = text.lines().filter_map(|it| {
            it.strip_prefix("{id=").and_then(|it| it.strip_suffix('}'))?.parse().ok()
        });
        Ok([counted(bad), counted(good)])
    }

    /// Fails unless every number came.
    async fn all_came(&self) -> Result<[BTreeMap<usize, usize>; 2]> {
        let [bad, good] = self.came(100 * BAD).await?;
        for number in 0..COUNT {
            let (came, other) = if number % 3 == 0 { (&bad, &good) } else { (&good, &bad) };
            ensure!(came.contains_key(&number), "{number} is lost");
            ensure!(!other.contains_key(&number), "{number} came the wrong way");
        }
        Ok([bad, good])
    }

    fn has_ended(&self) -> bool {
        let last = format!("{{id={}}}\n", COUNT - 1);
        fs::read_to_string(self.output()).is_ok_and(|it| it.ends_with(&last))
    }

    /// Waits until the sink's group has committed every record.
    async fn is_committed(&self, worker: &ConnectWorker) -> Result<()> {
        let path = format!("/connectors/{}/offsets", self.name);
        wait::until_ok(PATIENCE, "every record to be committed", async || {
            let told = worker.ask("GET", &path, None).await?;
            ensure!(told["offsets"][0]["offset"]["kafka_offset"] == COUNT, "{told}");
            Ok(())
        })
        .await
    }

    async fn ends(&self) -> Result<()> {
        wait::until(PATIENCE, "the last record to come", async || self.has_ended()).await
    }
}

fn counted(numbers: impl Iterator<Item = usize>) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    numbers.for_each(|it| *counts.entry(it).or_default() += 1);
    counts
}

#[tokio::test]
async fn a_letter_that_was_not_committed_is_written_again() -> Result<()> {
    sluice_kit::require!(java::missing());
    let numbers = Numbers::new("letter-then-kill").await?;
    // The commit would come in ten minutes.
    let mut worker = ConnectWorker::sluice(&numbers.file("600000")).await?;
    numbers.create(&worker).await?;
    let [bad, _] = wait::until_ok(PATIENCE, "all letters to be written", async || {
        let came = numbers.came(BAD).await?;
        ensure!(came[0].len() == BAD, "{} came", came[0].len());
        Ok(came)
    })
    .await?;
    ensure!(bad.values().all(|it| *it == 1), "{bad:?}");
    numbers.ends().await?;
    worker.crash()?;
    fs::remove_file(numbers.output())?;
    worker.start_again().await?;
    numbers.ends().await?;
    // Commits what it has, so that nothing comes a third time.
    ensure!(worker.terminate().await?.success(), "{}", worker.output()?);
    let [bad, good] = numbers.all_came().await?;
    ensure!(bad.values().all(|it| *it == 2), "not all letters came again: {bad:?}");
    ensure!(good.values().all(|it| *it == 1), "{good:?}");
    Ok(())
}

#[tokio::test]
async fn no_kill_loses_a_letter() -> Result<()> {
    sluice_kit::require!(java::missing());
    let numbers = Numbers::new("kill-among-letters").await?;
    let mut worker = ConnectWorker::sluice(&numbers.file("5")).await?;
    numbers.create(&worker).await?;
    for _ in 0..2 {
        // While letters are being written and positions behind them committed, unless the worker was faster.
        wait::until(PATIENCE, "letters to be sent", async || {
            numbers.has_ended() || sent(&worker).await.is_ok_and(|it| it > 10.0)
        })
        .await?;
        worker.crash()?;
        worker.start_again().await?;
    }
    // The file may have ended before the last kill, and letters still be to come.
    numbers.is_committed(&worker).await?;
    ensure!(worker.terminate().await?.success(), "{}", worker.output()?);
    numbers.all_came().await.map(drop)
}

/// Dead letters that the worker has begun to write.
async fn sent(worker: &ConnectWorker) -> Result<f64> {
    const NAME: &str = "kafka_connect_task_error_metrics_deadletterqueue_produce_requests";
    let metrics = worker.metrics().await?;
    let line = metrics.lines().find(|it| it.starts_with(NAME)).context("no such metric")?;
    Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
}
