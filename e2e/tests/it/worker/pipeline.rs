//! A file that goes through a topic into another file.

mod committed;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;
use tempfile::TempDir;

use super::lines::{self, Replay, WIDTH, line};

/// For what includes session time-outs on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

/// Lines of a file on their way to another file.
pub(super) struct Pipeline {
    cluster: &'static str,
    name: &'static str,
    folder: Arc<TempDir>,
}

impl Pipeline {
    /// One in a cluster of its own.
    pub(super) fn new(name: &'static str) -> Result<Self> {
        let pipeline = Self { cluster: name, name, folder: Arc::new(tempfile::tempdir()?) };
        pipeline.append(0..0)?;
        Ok(pipeline)
    }

    /// Another one in the same cluster.
    pub(super) fn beside(&self, name: &'static str) -> Result<Self> {
        let pipeline = Self { cluster: self.cluster, name, folder: Arc::clone(&self.folder) };
        pipeline.append(0..0)?;
        Ok(pipeline)
    }

    /// The worker file: the shortest sessions that the broker allows, many commits, the default delay of rebalances.
    pub(super) fn file(&self, kafka: &KafkaServer) -> WorkerFile {
        WorkerFile::new(&kafka.bootstrap(), self.cluster)
            .with("session.timeout.ms", "6000")
            .with("heartbeat.interval.ms", "1000")
            .with("consumer.session.timeout.ms", "6000")
            .with("consumer.heartbeat.interval.ms", "1000")
            .with("consumer.metadata.max.age.ms", "1000")
            .with("offset.flush.interval.ms", "200")
            .with("sluice.file.paths", &self.folder.path().display().to_string())
    }

    /// Creates its connectors and waits until their tasks run.
    pub(super) async fn create(&self, worker: &ConnectWorker) -> Result<()> {
        for (connector, config) in self.connectors().iter().zip(self.configs()) {
            self.put(worker, connector, &config).await?;
        }
        Ok(())
    }

    /// The names of its source and its sink.
    pub(super) fn connectors(&self) -> [String; 2] {
        ["source", "sink"].map(|end| format!("{}-{end}", self.name))
    }

    /// The settings of its source and its sink.
    pub(super) fn configs(&self) -> [Value; 2] {
        let source = json!({
            "connector.class": "FileStreamSource", "file": self.input(), "topic": self.name,
            "value.converter": STRING,
        });
        let sink = json!({
            "connector.class": "FileStreamSink", "file": self.output(), "topics": self.name,
            "value.converter": STRING,
        });
        [source, sink]
    }

    async fn put(&self, worker: &ConnectWorker, connector: &str, config: &Value) -> Result<()> {
        let path = format!("/connectors/{connector}/config");
        wait::until_ok(PATIENCE, &format!("{connector} to be created"), async || {
            // A rebalance in progress answers 409; clients try again.
            worker.ask("PUT", &path, Some(config)).await.map(drop)
        })
        .await
    }

    fn input(&self) -> PathBuf {
        self.folder.path().join(format!("{}.in", self.name))
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join(format!("{}.out", self.name))
    }

    /// Writes these lines at the end of the file that the source reads.
    pub(super) fn append(&self, numbers: Range<usize>) -> Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(self.input())?;
        let mut file = BufWriter::new(file);
        for number in numbers {
            writeln!(file, "{}", line(number))?;
        }
        Ok(file.flush()?)
    }

    /// How many lines have come out, those that came twice included.
    pub(super) fn came_out(&self) -> usize {
        std::fs::metadata(self.output()).map_or(0, |it| it.len() as usize / WIDTH)
    }

    /// Waits until so many lines have come out.
    pub(super) async fn comes_out(&self, count: usize) -> Result<()> {
        let what = format!("{count} lines to come out");
        wait::until(PATIENCE, &what, async || self.came_out() >= count)
            .await
            .with_context(|| format!("{} came", self.came_out()))
    }

    /// Waits until this line is the last that came out.
    pub(super) async fn ends_with(&self, number: usize) -> Result<()> {
        let wanted = format!("{}\n", line(number));
        wait::until(PATIENCE, &format!("line {number} to come out"), async || {
            end_of(&self.output()).is_ok_and(|it| it == wanted.as_bytes())
        })
        .await
        .with_context(|| format!("{} lines came", self.came_out()))
    }

    /// The steps back in what came out; no line of `count` may be missing.
    pub(super) fn replays(&self, count: usize) -> Result<Vec<Replay>> {
        lines::replays(&std::fs::read_to_string(self.output())?, count)
    }

    /// Whether every line came out, however often and in whichever order.
    pub(super) fn has_all(&self, count: usize) -> Result<()> {
        lines::all_there(&std::fs::read_to_string(self.output())?, count)
    }
}

fn end_of(path: &Path) -> Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-i64::try_from(WIDTH)?))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end)
}
