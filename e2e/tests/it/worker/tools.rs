//! Kafka's connectors for tests, on a Java worker and on ours: the same records, positions, lines and failures.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;

/// Records of each source that are compared.
const RECORDS: usize = 4;

/// One kind of worker, and what the tools have done on it.
struct Side {
    name: &'static str,
    worker: ConnectWorker,
}

impl Side {
    fn topic(&self, connector: &str) -> String {
        format!("tools-{}-{connector}", self.name)
    }

    /// Sources by name.
    fn sources(&self) -> Vec<(&'static str, Value)> {
        let tool = |connector: &str, class: &str, more: &[(&str, &str)]| {
            let class = format!("org.apache.kafka.connect.tools.{class}SourceConnector");
            let mut config = json!({
                "connector.class": class, "topic": self.topic(connector), "throughput": "40",
                "key.converter": "org.apache.kafka.connect.json.JsonConverter",
                "value.converter": "org.apache.kafka.connect.json.JsonConverter",
                "key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true",
            });
            for (key, value) in more {
                config[*key] = json!(value);
            }
            config
        };
        let structs =
            [("num.messages", "4"), ("partition.count", "3"), ("multiple.schema", "true")];
        vec![
            ("counted", tool("counted", "Verifiable", &[])),
            ("complete", tool("complete", "Verifiable", &[("complete.record.data", "true")])),
            ("structs", tool("structs", "Schema", &structs)),
        ]
    }

    fn sink(&self) -> Value {
        json!({
            "connector.class": "org.apache.kafka.connect.tools.VerifiableSinkConnector",
            "topics": self.topic("counted"),
            "key.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true",
            // Both sinks have the same name; each reads on its own.
            "consumer.override.group.id": self.topic("sink"),
            "consumer.override.auto.offset.reset": "earliest",
        })
    }

    async fn create(&self, name: &str, config: &Value) -> Result<()> {
        let path = format!("/connectors/{name}/config");
        wait::until_ok(PATIENCE, "the connector to be created", async || {
            self.worker.ask("PUT", &path, Some(config)).await.map(drop)
        })
        .await
    }

    /// The lines of a connector about its first records, without the time in them.
    async fn lines(&self, kafka_topic: &str, name: &str, count: usize) -> Result<BTreeSet<String>> {
        let mut lines = BTreeSet::new();
        let named = format!("\"name\":\"{name}\"");
        let is_early =
            |line: &str| (0..RECORDS).any(|it| line.contains(&format!("\"seqno\":{it},")));
        wait::until(PATIENCE, &format!("{count} lines of {name}"), async || {
            let output = self.worker.output().unwrap_or_default();
            let told = output.lines().filter(|it| it.starts_with('{') && it.contains(&named));
            lines =
                told.filter(|it| is_early(it)).map(|it| without_time(it, kafka_topic)).collect();
            lines.len() >= count
        })
        .await
        .with_context(|| format!("{}: {lines:#?}", self.name))?;
        Ok(lines)
    }

    async fn records(&self, kafka: &KafkaServer, connector: &str) -> Result<Vec<String>> {
        let topic = self.topic(connector);
        let text = read(kafka, &topic, RECORDS).await?;
        Ok(text.lines().map(|it| without_time(it, &topic)).collect())
    }

    /// State and exception of the connector or its task, once it has failed.
    async fn failure(&self, name: &str, mode: &str, class: &str) -> Result<String> {
        let config = json!({
            "connector.class": format!("org.apache.kafka.connect.tools.{class}"),
            "topics": self.topic("counted"), "mock_mode": mode, "delay_ms": "200",
        });
        let mut config = config;
        if class.contains("Source") {
            config.as_object_mut().context("an object")?.remove("topics");
        }
        self.create(name, &config).await?;
        wait::until_ok(PATIENCE, &format!("{name} to fail"), async || {
            let status =
                self.worker.ask("GET", &format!("/connectors/{name}/status"), None).await?;
            let part = |it: &Value| {
                let trace = it["trace"].as_str().unwrap_or_default();
                let lines = trace.lines().filter(|it| !it.starts_with('\t'));
                format!("{} {}", it["state"], lines.collect::<Vec<_>>().join(" | "))
            };
            let told = format!("{} / {}", part(&status["connector"]), part(&status["tasks"][0]));
            ensure!(told.contains("FAILED") && status["tasks"][0].is_object(), "{status}");
            Ok(told)
        })
        .await
    }
}

async fn read(kafka: &KafkaServer, topic: &str, count: usize) -> Result<String> {
    let (bootstrap, count) = (kafka.bootstrap(), count.to_string());
    let reader = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let arguments = [
        "--bootstrap-server",
        &bootstrap,
        "--topic",
        topic,
        "--from-beginning",
        "--max-messages",
        &count,
        "--timeout-ms",
        "30000",
        "--formatter-property",
        "print.key=true",
        "--formatter-property",
        "print.partition=true",
    ];
    kafka.tool(reader, &arguments).await
}

/// A line with the topic named alike and no time.
fn without_time(line: &str, topic: &str) -> String {
    let line = line.replace(topic, "TOPIC");
    match line.split_once("\"time_ms\":") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|it: char| it.is_ascii_digit());
            format!("{before}\"time_ms\":0{rest}")
        }
        None => line,
    }
}

#[tokio::test]
async fn kafkas_connectors_for_tests_do_the_same() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let jars = java::test_connectors().await?;
    let file = |group: &str| {
        WorkerFile::new(&kafka.bootstrap(), group).with("consumer.metadata.max.age.ms", "500")
    };
    let worker = ConnectWorker::java_with(&file("tools-java"), &jars).await?;
    let java = Side { name: "java", worker };
    let sluice =
        Side { name: "sluice", worker: ConnectWorker::sluice(&file("tools-sluice")).await? };
    for side in [&java, &sluice] {
        for (name, config) in side.sources() {
            side.create(name, &config).await?;
        }
        side.create("sink", &side.sink()).await?;
    }
    for name in ["counted", "complete", "structs"] {
        let (expected, got) =
            (java.records(kafka, name).await?, sluice.records(kafka, name).await?);
        ensure!(expected.len() == RECORDS && got == expected, "{name}\n{expected:#?}\n{got:#?}");
    }
    for name in ["counted", "sink"] {
        let mut sides = Vec::new();
        for side in [&java, &sluice] {
            sides.push(side.lines(&side.topic("counted"), name, 2 * RECORDS).await?);
        }
        ensure!(sides[0] == sides[1], "{name}\n{:#?}\n{:#?}", sides[0], sides[1]);
    }
    for (name, mode, class) in [
        ("source-task", "task-failure", "MockSourceConnector"),
        ("sink-task", "task-failure", "MockSinkConnector"),
        ("source-connector", "connector-failure", "MockSourceConnector"),
        ("sink-connector", "connector-failure", "MockSinkConnector"),
    ] {
        let expected = java.failure(name, mode, class).await?;
        let got = sluice.failure(name, mode, class).await?;
        ensure!(got == expected, "{name}\n  Java:   {expected}\n  Sluice: {got}");
    }
    positions_are_the_same(kafka, &java, &sluice).await
}

/// The offsets topics have the same keys, and values of the same form.
async fn positions_are_the_same(kafka: &KafkaServer, java: &Side, sluice: &Side) -> Result<()> {
    let mut sides = Vec::new();
    for side in [java, sluice] {
        let topic = format!("tools-{}-offsets", side.name);
        let mut forms = BTreeSet::new();
        wait::until_ok(PATIENCE, "the positions of all sources", async || {
            forms = read(kafka, &topic, 12).await?.lines().map(without_digits).collect();
            ensure!(forms.len() >= side.sources().len(), "{forms:#?}");
            Ok(())
        })
        .await?;
        sides.push(forms);
    }
    ensure!(sides[0] == sides[1], "{sides:#?}");
    Ok(())
}

/// Each number as one 0.
fn without_digits(line: &str) -> String {
    let mut form = String::new();
    for character in line.chars() {
        match character.is_ascii_digit() {
            true if form.ends_with('0') => {}
            true => form.push('0'),
            false => form.push(character),
        }
    }
    form
}
