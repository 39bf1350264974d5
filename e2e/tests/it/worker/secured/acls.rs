//! A broker that lets nobody do what no ACL allows: what Java's worker needs is enough for ours, and what is missing is
//! named as Java names it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, Launch, WorkerFile};
use sluice_kit::kafka::{KafkaOptions, KafkaServer, Listener, SCRAM_USER, Settings};
use sluice_kit::{binaries, java, wait};

use super::super::pipeline::PATIENCE;
use super::file;

/// What each worker and its connectors are allowed, and no more: Java's what it is known to need, ours what we tell.
async fn allow(kafka: &KafkaServer) -> Result<()> {
    let names = |sides: &[&str], ends: &[&str]| -> Vec<String> {
        let of = |side: &&str| ends.iter().map(|end| end.replace('$', side)).collect::<Vec<_>>();
        sides.iter().flat_map(of).collect()
    };
    // The worker's own topics, which it creates; and the topic of a source, which is read by a sink.
    let (java, both) = (["acls-java"], ["acls-java", "acls-sluice"]);
    let topics = names(&java, &["$-configs", "$-offsets", "$-status", "$-lines"]);
    acl(kafka, &["Create", "Read", "Write"], "--topic", &topics).await?;
    acl(kafka, &["Read"], "--group", &names(&java, &["$", "connect-$-sink"])).await?;
    allow_as_told(kafka, "acls-sluice").await?;
    // The connectors that are to fail lack one thing alone.
    acl(kafka, &["Read"], "--group", &names(&both, &["connect-$-unreadable"])).await?;
    acl(kafka, &["Read"], "--topic", &names(&both, &["$-read-only"])).await
}

/// Does what `sluice acls` says of the worker and of the two connectors that shall work.
async fn allow_as_told(kafka: &KafkaServer, side: &str) -> Result<()> {
    let labels = json!({"sluice.dev/cluster": side});
    let connector = |name: &str, class: &str, key: &str| {
        json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnector",
            "metadata": {"name": format!("{side}-{name}"), "labels": labels},
            "spec": {"class": class, "config": {key: format!("{side}-lines")}},
        })
    };
    let cluster = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": side},
        "spec": {
            "bootstrapServers": kafka.bootstrap(),
            "groupId": side,
            "configStorageTopic": format!("{side}-configs"),
            "offsetStorageTopic": format!("{side}-offsets"),
            "statusStorageTopic": format!("{side}-status"),
        },
    });
    let source = connector("source", "FileStreamSource", "topic");
    let sink = connector("sink", "FileStreamSink", "topics");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("manifests.yaml");
    std::fs::write(&file, format!("{cluster}\n---\n{source}\n---\n{sink}\n"))?;
    let mut sluice = tokio::process::Command::new(binaries::binary("sluice")?);
    let user = format!("User:{}", SCRAM_USER.0);
    let told = sluice.args(["acls", "--principal", &user, "-f"]).arg(&file).output().await?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    for line in String::from_utf8(told.stdout)?.lines().filter(|it| !it.starts_with('#')) {
        let words = line.split_whitespace().skip(1).filter(|it| *it != "$ADMIN");
        let words: Vec<&str> = words.collect();
        kafka.tool("org.apache.kafka.tools.AclCommand", &words).await?;
    }
    Ok(())
}

async fn acl(kafka: &KafkaServer, operations: &[&str], kind: &str, names: &[String]) -> Result<()> {
    let (bootstrap, user) = (kafka.bootstrap(), format!("User:{}", SCRAM_USER.0));
    let mut arguments = vec!["--bootstrap-server", &bootstrap, "--add", "--allow-principal", &user];
    arguments.extend(operations.iter().flat_map(|it| ["--operation", it]));
    arguments.extend(names.iter().flat_map(|it| [kind, it]));
    kafka.tool("org.apache.kafka.tools.AclCommand", &arguments).await.map(drop)
}

/// One of the two workers.
struct Side {
    name: &'static str,
    launch: Launch,
}

impl Side {
    fn file(&self, kafka: &KafkaServer) -> WorkerFile {
        file(kafka, self.name, Listener::SaslPlaintext, Settings::new())
            .with("offset.flush.interval.ms", "500")
    }

    /// A pipeline that has all it needs, and how each connector fails that lacks something.
    async fn works(&self, kafka: &KafkaServer) -> Result<Vec<String>> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::write(&from, "one\ntwo\n")?;
        let file = self.file(kafka).with("sluice.file.paths", &folder.path().display().to_string());
        let worker = ConnectWorker::start(&file, &self.launch).await?.answering().await?;
        let source = |topic: &str| {
            let class = "org.apache.kafka.connect.file.FileStreamSourceConnector";
            json!({"connector.class": class, "file": from, "topic": format!("{}-{topic}", self.name)})
        };
        let sink = |topic: &str| {
            let class = "org.apache.kafka.connect.file.FileStreamSinkConnector";
            json!({"connector.class": class, "file": to, "topics": format!("{}-{topic}", self.name)})
        };
        self.put(&worker, "source", &source("lines")).await?;
        self.put(&worker, "sink", &sink("lines")).await?;
        wait::until(PATIENCE, "the lines to come out", async || {
            std::fs::read_to_string(&to).is_ok_and(|it| it == "one\ntwo\n")
        })
        .await
        .with_context(|| worker.output().unwrap_or_default())?;
        let path = format!("/connectors/{}-sink/offsets", self.name);
        wait::until_ok(PATIENCE, "the sink's position", async || {
            let told = worker.ask("GET", &path, None).await?;
            ensure!(told["offsets"][0]["offset"]["kafka_offset"] == 2, "{told}");
            Ok(())
        })
        .await?;
        let mut failures = Vec::new();
        for (name, config) in [
            ("unwritable", source("read-only")),
            ("unreadable", sink("forbidden")),
            ("groupless", sink("lines")),
        ] {
            self.put(&worker, name, &config).await?;
            failures.push(self.failure(&worker, name).await?);
        }
        worker.stop().await?;
        Ok(failures)
    }

    async fn put(&self, worker: &ConnectWorker, name: &str, config: &Value) -> Result<()> {
        let path = format!("/connectors/{}-{name}/config", self.name);
        wait::until_ok(PATIENCE, &format!("{name} to be created"), async || {
            worker.ask("PUT", &path, Some(config)).await.map(drop)
        })
        .await
    }

    /// The exceptions that a task ended with, each in its line.
    async fn failure(&self, worker: &ConnectWorker, name: &str) -> Result<String> {
        let path = format!("/connectors/{}-{name}/tasks/0/status", self.name);
        let trace = wait::until_ok(PATIENCE, &format!("{name} to fail"), async || {
            let status = worker.ask("GET", &path, None).await?;
            ensure!(status["state"] == "FAILED", "{status}");
            Ok(status["trace"].as_str().context("a trace")?.to_owned())
        })
        .await
        .with_context(|| self.name)?;
        let lines: Vec<&str> =
            trace.lines().filter(|it| !it.starts_with(['\t', ' ']) && !it.is_empty()).collect();
        Ok(format!("{name}: {}", lines.join(" | ")).replace(self.name, "SIDE"))
    }

    /// What is said last by a worker that lacks something.
    async fn ends(&self, kafka: &KafkaServer, key: &str, name: &str) -> Result<String> {
        let file = self.file(kafka).with(key, &format!("{}-{name}", self.name));
        let (status, output) = ConnectWorker::refused_by(&file, &self.launch).await?;
        ensure!(!status.success(), "{}, {key}={name}: {status}", self.name);
        Ok(output)
    }
}

#[tokio::test]
async fn the_acls_of_java_and_those_that_we_tell_are_enough() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut options = KafkaOptions { secured: true, ..KafkaOptions::default() };
    let strict = ("allow.everyone.if.no.acl.found".to_owned(), "false".to_owned());
    options.properties.extend([strict]);
    let kafka = KafkaServer::start(options).await?;
    let java = Side { name: "acls-java", launch: Launch::java(java::QUICK) };
    let program = binaries::binary("sluice-worker")?;
    let sluice = Side { name: "acls-sluice", launch: Launch::sluice(&program) };
    for side in [&java, &sluice] {
        kafka
            .create_topic(&format!("{}-read-only", side.name), 1, &["cleanup.policy=compact"])
            .await?;
        kafka.create_topic(&format!("{}-forbidden", side.name), 1, &[]).await?;
    }
    allow(&kafka).await?;
    let (expected, got) = tokio::try_join!(java.works(&kafka), sluice.works(&kafka))?;
    ensure!(expected == got, "{expected:#?}\n{got:#?}");
    // All at the same time: Java tries for a minute before it gives up.
    let lacks = async |key: &str, name: &str, told: &str| -> Result<()> {
        let (of_java, of_ours) =
            tokio::try_join!(java.ends(&kafka, key, name), sluice.ends(&kafka, key, name))?;
        for (side, output) in [(&java, of_java), (&sluice, of_ours)] {
            let told = told.replace("SIDE", side.name);
            // What a pod says last is all that its status shows.
            let output = match side.name {
                "acls-sluice" => output.lines().last().unwrap_or_default().to_owned(),
                _ => output,
            };
            ensure!(output.contains(&told), "{told} is not in what {} said:\n{output}", side.name);
        }
        Ok(())
    };
    let topic = "Not authorized to access topics: [SIDE-forbidden]";
    tokio::try_join!(
        lacks("group.id", "other", "Not authorized to access group: SIDE-other"),
        lacks("config.storage.topic", "forbidden", topic),
        lacks("status.storage.topic", "forbidden", topic),
    )?;
    Ok(())
}
