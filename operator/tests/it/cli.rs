//! The command line against a real API server: what it converts is taken, what it asks for is done.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result, ensure};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;
use sluice_kit::kubernetes::{ControlPlane, missing_for_control_plane};
use sluice_kit::require;
use tokio::process::Command;

use crate::bed::{Bed, root};

/// Runs `sluice` with the kubeconfig of the control plane.
async fn sluice(bed: &Bed, arguments: &[&str]) -> Result<Output> {
    let plane = ControlPlane::shared().await?;
    let output = Command::new(env!("CARGO_BIN_EXE_sluice"))
        .args(arguments)
        .args(["-n", &bed.namespace])
        .env("KUBECONFIG", plane.kubeconfig())
        .output()
        .await?;
    Ok(output)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Manifests with every field that there is, and some as users have them, which a test of the whole runs.
fn fixture(name: &str) -> [PathBuf; 2] {
    ["operator/src/cli/convert/tests", "e2e/tests/it/converted"]
        .map(|it| root().join(it).join(name))
}

async fn convert(from: &str, file: &Path) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sluice"))
        .args(["convert", from, "-f"])
        .arg(file)
        .output()
        .await?;
    ensure!(output.status.success(), "{}", stderr(&output));
    Ok(stdout(&output))
}

#[tokio::test]
async fn what_is_converted_is_taken_by_the_api_server_with_all_its_fields() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let plane = ControlPlane::shared().await?;
    let folder = tempfile::tempdir()?;
    let sources =
        [("strimzi", "strimzi_v1.yaml"), ("strimzi", "strimzi_v1beta2.yaml"), ("cfk", "cfk.yaml")];
    let sources = sources.map(|(from, file)| fixture(file).map(|path| (from, path)));
    for (from, file) in sources.into_iter().flatten() {
        let text = convert(from, &file).await?;
        let documents = sluice_crds::yaml::read("output", &text)?;
        ensure!(!documents.is_empty());
        for mut document in documents {
            // All of them into the namespace of this test; dry, so that no operator begins with them.
            document.value["metadata"]["namespace"] = json!(bed.namespace);
            let text = document.value.to_string();
            let path = folder.path().join("manifest.json");
            std::fs::write(&path, &text)?;
            let path = path.to_str().context("a path in UTF-8")?;
            let strict = ["create", "--dry-run=server", "--validate=strict", "-o=json", "-f", path];
            let taken = plane.kubectl().run(strict).await.with_context(|| text.clone())?;
            let taken: Value = serde_json::from_str(&taken)?;
            ensure!(holds(&taken["spec"], &document.value["spec"]), "{taken} is not {text}");
        }
    }
    Ok(())
}

/// Whether everything of `part` is in `whole`: the API server adds defaults.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(a, b)| holds(a, b))
        }
        _ => whole == part,
    }
}

#[tokio::test]
async fn a_connector_is_paused_and_resumed_and_its_status_shown() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let shown = sluice(&bed, &["status", "--tasks"]).await?;
    ensure!(shown.status.success(), "{}", stderr(&shown));
    let text = stdout(&shown);
    ensure!(text.contains(&format!("{}/my-connect  ", bed.namespace)), "{text}");
    ensure!(text.contains("└─ orders  Ready (Running)  RUNNING  tasks 1/1"), "{text}");
    ensure!(text.contains("└─ task 0  RUNNING  w-0:8083"), "{text}");
    let shown = sluice(&bed, &["status", "orders", "-o", "json"]).await?;
    let value: Value = serde_json::from_slice(&shown.stdout)?;
    ensure!(value["clusters"][0]["connectors"][0]["ready"] == "True", "{value}");

    let dry = sluice(&bed, &["pause", "orders", "--dry-run"]).await?;
    ensure!(stdout(&dry).contains(r#"would be patched: {"spec":{"state":"paused"}}"#));
    let before: KafkaConnector = bed.api().get("orders").await?;
    ensure!(before.spec.state.is_none());
    let paused = sluice(&bed, &["pause", "orders"]).await?;
    ensure!(paused.status.success(), "{}", stderr(&paused));
    bed.connector_is("orders", "Ready=True Paused").await?;
    sluice(&bed, &["stop", "orders"]).await?;
    bed.connector_is("orders", "Ready=True Stopped").await?;
    sluice(&bed, &["resume", "orders"]).await?;
    let running = bed.connector_is("orders", "Ready=True Running").await?;
    let managers = running.meta().managed_fields.iter().flatten();
    let managers: Vec<&str> = managers.filter_map(|it| it.manager.as_deref()).collect();
    ensure!(managers.contains(&"sluice-cli"), "{managers:?}");
    Ok(())
}

#[tokio::test]
async fn a_restart_is_asked_for_by_annotation() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    // Nobody runs it: the annotation stays where it is put.
    bed.connector("orders", &json!({"class": "X"})).await?;
    let asked = sluice(&bed, &["restart", "orders", "--include-tasks", "--only-failed"]).await?;
    ensure!(asked.status.success(), "{}", stderr(&asked));
    let expected = r#"kafkaconnector/orders patched: {"metadata":{"annotations":{"sluice.dev/restart":"includeTasks,onlyFailed"}}}"#;
    ensure!(stdout(&asked).trim() == expected, "{}", stdout(&asked));
    let asked = sluice(&bed, &["restart", "orders", "--task", "3"]).await?;
    ensure!(stdout(&asked).contains(r#""sluice.dev/restart-task":"3""#), "{}", stdout(&asked));
    Ok(())
}

#[tokio::test]
async fn positions_are_listed_tried_changed_and_taken_back() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.connector("orders", &json!({"class": "X", "state": "stopped"})).await?;
    bed.connector_is("orders", "Ready=True Stopped").await?;
    let at = |position: u32| json!({"offsets": [{"partition": {"file": "a"}, "offset": {"position": position}}]});
    let known = || {
        let world = bed.workers.world();
        anyhow::Ok(serde_json::to_value(&world.connectors["orders"].offsets)?)
    };
    bed.workers.world().connectors.get_mut("orders").context("orders")?.offsets =
        serde_json::from_value(at(5))?;
    let said = async |arguments: &[&str]| -> Result<String> {
        let output = sluice(&bed, arguments).await?;
        ensure!(output.status.success(), "{}", stderr(&output));
        Ok(stdout(&output))
    };
    let listed = said(&["offsets", "list", "orders", "-o", "json"]).await?;
    assert_eq!(serde_json::from_str::<Value>(&listed)?, at(5));

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("offsets.json");
    std::fs::write(&file, at(7).to_string())?;
    let file = file.to_str().context("a path in UTF-8")?;
    let dry = said(&["offsets", "alter", "orders", "-f", file, "--dry-run"]).await?;
    assert_eq!(dry, "PARTITION  NOW         THEN\nfile=a     position=5  position=7\n");
    assert_eq!(known()?, at(5));
    let changed = said(&["offsets", "alter", "orders", "-f", file]).await?;
    assert_eq!(known()?, at(7));
    let backup = changed.trim().rsplit(' ').next().context("a backup")?;
    said(&["offsets", "restore", "orders", "--from", backup]).await?;
    assert_eq!(known()?, at(5));
    let source = sluice(&bed, &["offsets", "seek", "orders", "--to", "end"]).await?;
    ensure!(stderr(&source).contains("only sinks read topics"), "{}", stderr(&source));
    said(&["offsets", "reset", "orders"]).await?;
    assert_eq!(known()?, json!({"offsets": []}));
    Ok(())
}

#[tokio::test]
async fn mistakes_are_told_with_what_to_do() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    for (arguments, expected) in [
        (&["pause", "nobody"][..], "there is no KafkaConnector nobody in namespace"),
        (&["status", "nobody"][..], "there is no KafkaConnect or KafkaConnector nobody here"),
        (&["logs", "nobody"][..], "there is no KafkaConnector nobody in namespace"),
        (&["offsets", "list", "nobody"][..], "there is no KafkaConnector nobody in namespace"),
    ] {
        let output = sluice(&bed, arguments).await?;
        ensure!(!output.status.success());
        ensure!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    bed.connector("orders", &json!({"class": "X"})).await?;
    let reset = sluice(&bed, &["offsets", "reset", "orders"]).await?;
    ensure!(stderr(&reset).contains("sluice stop orders"), "{}", stderr(&reset));
    let logs = sluice(&bed, &["logs", "orders"]).await?;
    ensure!(stderr(&logs).contains("has no worker pods"), "{}", stderr(&logs));
    Ok(())
}

#[tokio::test]
async fn a_report_holds_the_resources_and_no_secret() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let config = json!({"db.password": "hunter2-swordfish", "db.user": "bob"});
    bed.connector("orders", &json!({"class": "X", "config": config})).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("report.tar.gz");
    let path = file.to_str().context("a path in UTF-8")?;
    let output = sluice(&bed, &["report", "-f", path]).await?;
    ensure!(output.status.success(), "{}", stderr(&output));
    let unpacked = Command::new("tar").args(["-xzOf", path]).output().await?;
    let text = stdout(&unpacked);
    let connector: KafkaConnector = bed.api().get("orders").await?;
    let uid = connector.uid().context("a uid")?;
    ensure!(
        text.contains(&uid) && text.contains("bob") && text.contains("db.password: '[hidden]'"),
        "{text}"
    );
    ensure!(!text.contains("hunter2"), "{text}");
    Ok(())
}
