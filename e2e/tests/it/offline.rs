//! `sluice lint` and `sluice preview`: connectors looked at before they run anywhere, by the real programs.

use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sluice_kit::binaries;
use tempfile::TempDir;
use tokio::process::Command;

const CLUSTER: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnect
metadata: {name: c}
spec:
  bootstrapServers: 127.0.0.1:1
  groupId: c
  configStorageTopic: c-configs
  statusStorageTopic: c-status
  offsetStorageTopic: c-offsets
";

const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {word: hush-hush}
";

/// A source of the file beside the manifests, whose transform puts a secret into each record.
fn source(file: &Path) -> String {
    format!(
        "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnector
metadata: {{name: lines, labels: {{sluice.dev/cluster: c}}}}
spec:
  class: FileStreamSource
  tasksMax: 1
  config:
    file: {}
    topic: lines
    value.converter.schemas.enable: false
    value.converter: org.apache.kafka.connect.json.JsonConverter
    transforms: wrap,word
    transforms.wrap.type: org.apache.kafka.connect.transforms.HoistField$Value
    transforms.wrap.field: line
    transforms.word.type: org.apache.kafka.connect.transforms.InsertField$Value
    transforms.word.static.field: word
    transforms.word.static.value: {{secretKeyRef: {{name: s, key: word}}}}
",
        file.display()
    )
}

fn manifests(connector: impl Fn(&Path) -> String) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let lines = folder.path().join("lines.txt");
    std::fs::write(&lines, "one\ntwo\nthree\n")?;
    let paths = format!("  config: {{sluice.file.paths: {}}}\n", folder.path().display());
    let text = format!("{CLUSTER}{paths}---\n{SECRET}---\n{}", connector(&lines));
    std::fs::write(folder.path().join("all.yaml"), text)?;
    Ok(folder)
}

async fn sluice(arguments: &[&str], folder: &Path) -> Result<Output> {
    let mut command = Command::new(binaries::binary("sluice")?);
    command.args(arguments).arg("-f").arg(folder);
    command.arg("--worker-binary").arg(binaries::binary("sluice-worker")?);
    Ok(command.stdin(Stdio::null()).kill_on_drop(true).output().await?)
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it)).concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_previewed_without_kafka_and_without_its_secrets() -> Result<()> {
    let folder = manifests(source)?;
    let output =
        sluice(&["preview", "-n", "2", "-o", "json", "--timeout", "5"], folder.path()).await?;
    ensure!(output.status.success(), "{}", told(&output));
    let shown: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(shown.as_array().is_some_and(|it| it.len() == 2), "{shown}");
    ensure!(shown[1]["before"]["value"] == json!("two"), "{shown}");
    ensure!(shown[1]["after"]["value"] == r#"{"line":"two","word":"[hidden]"}"#, "{shown}");
    ensure!(!told(&output).contains("hush-hush"), "{}", told(&output));
    let output = sluice(&["preview", "-n", "1"], folder.path()).await?;
    ensure!(told(&output).contains("1 record; nothing was written"), "{}", told(&output));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_workers_would_refuse_are_refused_before_there_is_a_worker() -> Result<()> {
    let folder = manifests(source)?;
    let output = sluice(&["lint"], folder.path()).await?;
    ensure!(output.status.success(), "{}", told(&output));
    let wrong = |file: &Path| {
        let text = source(file).replace("static.field: word", "static.filed: word");
        text.replace("    topic: lines\n", "    topic: lines\n    batch.size: many\n")
    };
    let folder = manifests(wrong)?;
    let output = sluice(&["lint"], folder.path()).await?;
    let told_by_lint = told(&output);
    ensure!(output.status.code() == Some(1), "{told_by_lint}");
    let error = "error: KafkaConnector lines: spec.config[batch.size]: Invalid value many";
    ensure!(told_by_lint.contains(error), "{told_by_lint}");
    let typo = "warning: KafkaConnector lines: spec.config[transforms.word.static.filed]: is known to neither";
    ensure!(told_by_lint.contains(typo), "{told_by_lint}");
    let output = sluice(&["preview"], folder.path()).await?;
    ensure!(
        output.status.code() == Some(1) && told(&output).contains("batch.size"),
        "{}",
        told(&output)
    );
    Ok(())
}
