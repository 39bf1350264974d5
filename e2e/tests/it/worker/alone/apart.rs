//! A source and a sink in two workers of their own, as Kafka's system tests have them: `file_source_and_sink` and
//! `skip_and_log_to_dlq` of `connect_test`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};
use tempfile::TempDir;

use super::super::dead_letters::records;
use super::super::pipeline::PATIENCE;
use super::sluice;

const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const PROVIDER: &str = "org.apache.kafka.common.config.provider.FileConfigProvider";

/// The files of a source and a sink, each with a worker.
struct Stage {
    kafka: &'static KafkaServer,
    folder: TempDir,
    topic: String,
}

impl Stage {
    async fn new(topic: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Connectors find the name of their topic there.
        fs::write(folder.path().join("external.properties"), format!("topic.external={topic}\n"))?;
        fs::write(folder.path().join("in"), "")?;
        Ok(Self { kafka: KafkaServer::shared().await?, folder, topic: topic.to_owned() })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the worker of one end, with what it has beside its file and its topic.
    async fn worker(&self, end: &str, more: Value) -> Result<ConnectWorker> {
        let topic =
            format!("${{file:{}:topic.external}}", self.at("external.properties").display());
        let mut config = match end {
            "Source" => json!({"file": self.at("in"), "topic": topic}),
            _ => json!({"file": self.at("out"), "topics": topic}),
        };
        config["name"] = format!("{}-{end}", self.topic).into();
        config["connector.class"] = format!("FileStream{end}").into();
        for (key, value) in more.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let connector = self.at(&format!("{end}.json"));
        fs::write(&connector, config.to_string())?;
        let mut file = WorkerFile::new(&self.kafka.bootstrap(), "none")
            .with("config.providers", "file")
            .with("config.providers.file.class", PROVIDER)
            .with("consumer.metadata.max.age.ms", "500")
            .with("offset.flush.interval.ms", "200")
            .with("offset.storage.file.filename", &text(&self.at(&format!("{end}.offsets"))))
            .with("sluice.file.paths", &text(self.folder.path()));
        for key in
            ["group.id", "config.storage.topic", "offset.storage.topic", "status.storage.topic"]
        {
            file = file.without(key);
        }
        let launch = sluice()?.alone_with(&[connector]);
        ConnectWorker::start(&file, &launch).await?.answering().await
    }

    fn append(&self, lines: &str) -> Result<()> {
        let before = fs::read_to_string(self.at("in"))?;
        Ok(fs::write(self.at("in"), before + lines)?)
    }

    fn came_out(&self) -> String {
        fs::read_to_string(self.at("out")).unwrap_or_default()
    }

    async fn comes_out(&self, lines: &str) -> Result<()> {
        wait::until(PATIENCE, "all lines to come out", async || self.came_out() == lines)
            .await
            .with_context(|| self.came_out())
    }

    async fn values(&self, topic: &str, most: usize) -> Result<Vec<String>> {
        let records = records::read(self.kafka, topic, most).await?;
        let value = |it: records::Record| Ok(String::from_utf8(it.value.context("a value")?)?);
        records.into_iter().map(value).collect()
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
async fn lines_pass_two_workers_that_both_restart() -> Result<()> {
    sluice_kit::require!(java::missing());
    let schemas = json!({"key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true",
        "key.converter": JSON, "value.converter": JSON});
    let with_schema = |line: &str| {
        format!(r#"{{"schema":{{"type":"string","optional":false}},"payload":"{line}"}}"#)
    };
    tokio::try_join!(
        pass("apart-schemas", schemas, with_schema),
        pass("apart-json", json!({}), |line| format!("\"{line}\"")),
        pass(
            "apart-string",
            json!({"key.converter": STRING, "value.converter": STRING}),
            str::to_owned
        ),
    )?;
    Ok(())
}

/// Three lines before a restart of both and three after it, which are in the topic in this form.
async fn pass(topic: &str, converters: Value, in_topic: impl Fn(&str) -> String) -> Result<()> {
    const FIRST: &str = "foo\nbar\nbaz\n";
    const BOTH: &str = "foo\nbar\nbaz\nrazz\nma\ntazz\n";
    let stage = Stage::new(topic).await?;
    let mut source = stage.worker("Source", converters.clone()).await?;
    let mut sink = stage.worker("Sink", converters).await?;
    stage.append(FIRST)?;
    stage.comes_out(FIRST).await?;
    for worker in [&mut source, &mut sink] {
        let status = worker.terminate().await?;
        ensure!(status.success(), "it ended with {status}: {}", worker.output()?);
        worker.start_again().await?;
    }
    stage.append(&BOTH[FIRST.len()..])?;
    stage.comes_out(BOTH).await?;
    let expected: Vec<String> = BOTH.lines().map(in_topic).collect();
    let got = stage.values(topic, expected.len()).await?;
    ensure!(got == expected, "{got:#?}");
    source.stop().await?;
    sink.stop().await
}

#[tokio::test]
async fn records_that_cannot_be_read_are_skipped_where_that_is_tolerated() -> Result<()> {
    sluice_kit::require!(java::missing());
    tokio::try_join!(tolerate("all"), tolerate("none"))?;
    Ok(())
}

/// Every other of a thousand records is no JSON.
async fn tolerate(tolerance: &str) -> Result<()> {
    let (topic, letters) = (format!("tolerate-{tolerance}"), format!("tolerate-{tolerance}-dlq"));
    let stage = Stage::new(&topic).await?;
    let (mut input, mut good, mut bad) = (String::new(), String::new(), Vec::new());
    for number in 0..1000 {
        if number % 2 == 0 {
            writeln!(input, "{{\"some_key\":{number}}}")?;
            writeln!(good, "{{some_key={number}}}")?;
        } else {
            let line = format!("{{\"some_key:{number}}}");
            writeln!(input, "{line}")?;
            bad.push(line);
        }
    }
    let source = json!({"key.converter": STRING, "value.converter": STRING});
    let source = stage.worker("Source", source).await?;
    let sink = json!({
        "errors.tolerance": tolerance,
        "errors.deadletterqueue.topic.name": letters,
        "errors.deadletterqueue.topic.replication.factor": "1",
    });
    let sink = stage.worker("Sink", sink).await?;
    stage.append(&input)?;
    let written = if tolerance == "all" {
        stage.comes_out(&good).await?;
        stage.values(&letters, bad.len()).await?
    } else {
        wait::until_ok(PATIENCE, "the task to fail", async || {
            let path = format!("/connectors/{topic}-Sink/status");
            let status = sink.ask("GET", &path, None).await?;
            ensure!(status["tasks"][0]["state"] == "FAILED", "{status}");
            Ok(())
        })
        .await?;
        // The first of them alone: nothing behind it has been looked at.
        bad.truncate(1);
        ensure!(stage.came_out().lines().count() <= 1, "{}", stage.came_out());
        stage.values(&letters, 2).await?
    };
    ensure!(written == bad, "{written:#?}");
    source.stop().await?;
    sink.stop().await
}
