//! What a new user does: the README's commands, then mistakes, each of which `kubectl get`, `kubectl describe` and
//! `sluice status` have to explain. Nothing else is looked at: no log, no topic, no REST API.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sluice_kit::binaries;
use sluice_kit::kafka::{KafkaOptions, KafkaServer, Listener, SCRAM_USER};
use sluice_kit::kubernetes::Node;
use sluice_kit::wait;

use super::stage::{PATIENCE, images, turn};
use super::{lines, readme};

/// The password that is not the user's.
const WRONG: &str = "hunter2-wrong";
/// Lines of the file that the quickstart reads.
const LINES: u64 = 1_000;

/// A mistake, by the name of its connector.
struct Mistake {
    connector: &'static str,
    /// What `kubectl get` shows, by its columns.
    columns: &'static [(&'static str, &'static str)],
    /// The reason of a warning among its events.
    event: &'static str,
    /// What the message has to name.
    names: &'static [&'static str],
}

const MISTAKES: [Mistake; 4] = [
    Mistake {
        connector: "wrong-class",
        columns: &[("READY", "False"), ("REASON", "InvalidConfig")],
        event: "InvalidConfig",
        names: &["spec.class", "FileStreamSuorce", "file.FileStreamSourceConnector", "correct it"],
    },
    Mistake {
        connector: "no-topics",
        columns: &[("READY", "False"), ("REASON", "InvalidConfig")],
        event: "InvalidConfig",
        names: &["Must configure one of topics or topics.regex"],
    },
    Mistake {
        connector: "missing-topic",
        columns: &[("READY", "True"), ("REASON", "Running"), ("WARNING", "TopicNotFound")],
        event: "TopicNotFound",
        names: &["there is no topic linse", "create it, or correct spec.config[topics]"],
    },
    Mistake {
        connector: "bad-password",
        columns: &[("READY", "False"), ("REASON", "TaskFailed"), ("TASKS", "0/1")],
        event: "TaskFailed",
        names: &["authentication", SCRAM_USER.0, "SCRAM-SHA-512", "check sasl.jaas.config"],
    },
];

#[tokio::test]
async fn a_new_user_finds_the_way_and_every_mistake() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let _turn = turn().await;
    let user = User::begin().await?;
    for command in readme::commands("On a cluster")? {
        user.run(&command).await.with_context(|| format!("{command:?}, as the README has it"))?;
    }
    let table = user.kubectl(&["get", "slctr"]).await?;
    for connector in ["lines-source", "lines-sink", "orders"] {
        let row = row(&table, connector)?;
        ensure!(row["READY"] == "True" && row["WARNING"].is_empty(), "{table}");
    }
    user.err().await?;
    for mistake in &MISTAKES {
        user.finds(mistake).await.with_context(|| mistake.connector)?;
    }
    user.corrects().await?;
    // What the user made outlives the chart.
    user.node.helm(["uninstall", "sluice", "--wait"]).await?;
    user.kubectl(&["get", "kafkaconnects.sluice.dev/my-connect"]).await?;
    Ok(())
}

/// Somebody with an empty cluster, a broker that makes no topics by itself, and this repository.
struct User {
    kafka: KafkaServer,
    node: Node,
}

impl User {
    async fn begin() -> Result<Self> {
        let node = Node::start(images().await?).await?;
        let kafka = KafkaServer::start(KafkaOptions {
            secured: true,
            host: Node::ADDRESS.to_string(),
            network_of: Some(node.process_id()),
            properties: [("auto.create.topics.enable".to_owned(), "false".to_owned())].into(),
            ..KafkaOptions::default()
        });
        let kafka = kafka.await?;
        for topic in ["lines", "orders"] {
            kafka.create_topic(topic, 1, &[]).await?;
        }
        let bootstrap = kafka.bootstrap();
        let (_, port) = bootstrap.rsplit_once(':').context("an address has a port")?;
        node.offer_server("default", ("kafka", 9_092), port.parse()?).await?;
        let folder = node.shared_folder("first-steps")?;
        lines::append(&folder.join("lines.txt"), 0..LINES)?;
        node.offer_volume("default", "quickstart-files", &folder).await?;
        Ok(Self { kafka, node })
    }

    async fn run(&self, command: &[String]) -> Result<String> {
        let (program, arguments) = command.split_first().context("a command")?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match program.as_str() {
            "helm" => self.node.helm(&arguments).await,
            "kubectl" => self.kubectl(&arguments).await,
            "sluice" => self.sluice(&arguments).await,
            other => bail!("no new user has {other}"),
        }
    }

    async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.node.kubectl().run(arguments).await
    }

    async fn sluice(&self, arguments: &[&str]) -> Result<String> {
        let program = binaries::binary("sluice")?.display().to_string();
        let mut command = self.node.run_in_network(&program);
        command.args(arguments).env("KUBECONFIG", self.node.kubectl().kubeconfig());
        let output = command.stdin(Stdio::null()).output().await?;
        let said = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it)).concat();
        ensure!(output.status.success(), "sluice {arguments:?}: {said}");
        Ok(said)
    }

    /// Makes all mistakes.
    async fn err(&self) -> Result<()> {
        let (name, _) = SCRAM_USER;
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "kafka-user"},
            "stringData": {"jaas": jaas_of(name, WRONG)},
        });
        let jaas = json!({"secretKeyRef": {"name": "kafka-user", "key": "jaas"}});
        let text = "org.apache.kafka.connect.storage.StringConverter";
        let sink = |mut config: Value| {
            config["key.converter"] = text.into();
            config["value.converter"] = text.into();
            ("FileStreamSink", config)
        };
        let manifests = [
            (
                "wrong-class",
                ("FileStreamSuorce", json!({"file": "/data/lines.txt", "topic": "lines"})),
            ),
            ("no-topics", sink(json!({"file": "/data/no-topics.txt"}))),
            ("missing-topic", sink(json!({"file": "/data/missing-topic.txt", "topics": "linse"}))),
            (
                "bad-password",
                sink(json!({
                    "file": "/data/bad-password.txt",
                    "topics": "lines",
                    "consumer.override.bootstrap.servers": self.kafka.address(Listener::SaslPlaintext),
                    "consumer.override.security.protocol": "SASL_PLAINTEXT",
                    "consumer.override.sasl.mechanism": "SCRAM-SHA-512",
                    "consumer.override.sasl.jaas.config": jaas,
                })),
            ),
        ];
        let manifests = manifests.map(|(name, (class, config))| {
            json!({
                "apiVersion": "sluice.dev/v1alpha1",
                "kind": "KafkaConnector",
                "metadata": {"name": name, "labels": {"sluice.dev/cluster": "my-connect"}},
                "spec": {"class": class, "tasksMax": 1, "config": config},
            })
            .to_string()
        });
        self.node.kubectl().apply(&format!("{secret}\n---\n{}", manifests.join("\n---\n"))).await?;
        Ok(())
    }

    /// Sees that something is wrong, where, what, and what to do.
    async fn finds(&self, mistake: &Mistake) -> Result<()> {
        let connector = mistake.connector;
        let table = self.shows(connector, mistake.columns).await?;
        let described = self.kubectl(&["describe", "slctr", connector]).await?;
        let tree = self.sluice(&["status", connector]).await?;
        for name in mistake.names {
            ensure!(
                described.contains(name),
                "kubectl describe says nothing of {name}:\n{described}"
            );
            ensure!(tree.contains(name), "sluice status says nothing of {name}:\n{tree}");
        }
        let (_, events) = described.split_once("\nEvents:").context("describe shows events")?;
        let tells = |line: &str| {
            let mut words = line.split_whitespace();
            words.next() == Some("Warning") && words.next() == Some(mistake.event)
        };
        ensure!(events.lines().any(tells), "no event {} in\n{described}", mistake.event);
        let whole = self.kubectl(&["get", "slctr", connector, "-o", "yaml"]).await?;
        for said in [&table, &described, &tree, &whole] {
            for password in [WRONG, SCRAM_USER.1] {
                ensure!(!said.contains(password), "a password in {said}");
            }
        }
        Ok(())
    }

    /// Waits until `kubectl get` shows this of a connector.
    async fn shows(&self, connector: &str, columns: &[(&str, &str)]) -> Result<String> {
        let what = format!("{connector} to show {columns:?}");
        wait::until_ok(PATIENCE, &what, async || {
            let table = self.kubectl(&["get", "slctr", connector, "-o", "wide"]).await?;
            let row = row(&table, connector)?;
            let is_shown =
                |(column, cell): &(&str, &str)| row.get(*column).map(String::as_str) == Some(*cell);
            ensure!(columns.iter().all(is_shown), "{table}");
            Ok(table)
        })
        .await
    }

    /// Does as the messages say, and is done.
    async fn corrects(&self) -> Result<()> {
        let class = json!({"spec": {"class": "FileStreamSource"}});
        let topics = json!({"spec": {"config": {"topics": "lines"}}});
        for (connector, patch) in [("wrong-class", class), ("no-topics", topics)] {
            let object = format!("slctr/{connector}");
            self.kubectl(&["patch", &object, "--type=merge", "-p", &patch.to_string()]).await?;
            self.shows(connector, &[("READY", "True"), ("REASON", "Running")]).await?;
        }
        Ok(())
    }
}

fn jaas_of(user: &str, password: &str) -> String {
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
    format!("{module} required username=\"{user}\" password=\"{password}\";")
}

/// The cells of a resource's row in a table of kubectl, by their columns.
fn row(table: &str, name: &str) -> Result<BTreeMap<String, String>> {
    let header = table.lines().next().unwrap_or_default();
    let is_meant = |line: &&str| line.split_whitespace().next() == Some(name);
    let row = table.lines().find(is_meant).with_context(|| format!("no {name} in\n{table}"))?;
    let starts: Vec<usize> = header
        .split_whitespace()
        .scan(0, |from, word| {
            let at = *from + header.get(*from..)?.find(word)?;
            *from = at + word.len();
            Some(at)
        })
        .collect();
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let cells = starts.iter().zip(ends).map(|(&start, end)| {
        let cell =
            |line: &str| line.get(start..end.min(line.len())).unwrap_or_default().trim().to_owned();
        (cell(header), cell(row))
    });
    Ok(cells.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_under_their_columns() -> Result<()> {
        let table = "NAME    READY   WARNING   AGE\nab      True              5s\nabcde   False   X         6s\n";
        let ab = row(table, "ab")?;
        assert_eq!(
            (ab["READY"].as_str(), ab["WARNING"].as_str(), ab["AGE"].as_str()),
            ("True", "", "5s")
        );
        assert_eq!(row(table, "abcde")?["WARNING"], "X");
        assert!(row(table, "a").is_err());
        Ok(())
    }
}
