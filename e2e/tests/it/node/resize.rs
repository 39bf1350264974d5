//! Other CPU and memory for workers that run: the kubelet does it, and no line notices.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::kubernetes::Node;
use sluice_kit::wait;

use super::lines::{self, Passed};
use super::stage::{PATIENCE, Stage};
use super::traffic::{change, configure, running, while_lines_come};

const WORKERS: &str = "sluice.dev/cluster=my-connect";

#[tokio::test]
async fn workers_get_other_resources_while_lines_pass() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let stage = running("resize").await?;
    configure(&stage, &resources("100m", "128Mi")).await?;
    let before = workers(&stage).await?;
    ensure!(before.len() == 2 && before.values().all(|it| it.memory == "128Mi"), "{before:?}");
    let written = while_lines_come(&stage, async {
        change(&stage, &resources("150m", "256Mi")).await?;
        let resized = |it: &Worker| it.memory == "256Mi" && it.cpu == "150m";
        wait::until_ok(PATIENCE, "the kubelet to resize the pods", async || {
            let now = workers(&stage).await?;
            ensure!(now.len() == 2 && now.values().all(resized), "{now:?}");
            Ok(())
        })
        .await?;
        stage.all_ready().await
    });
    let written = written.await?;
    for (name, now) in workers(&stage).await? {
        let before = before.get(&name).context("a worker that was there before")?;
        ensure!((&now.uid, now.restarts) == (&before.uid, 0), "{name}: {before:?} → {now:?}");
        wait::until_ok(PATIENCE, "the worker to see its new limit", async || {
            let told = stage.kubectl(&["logs", &name]).await?;
            ensure!(told.contains(&(256 * 1024 * 1024).to_string()), "{name} said {told}");
            Ok(())
        })
        .await?;
    }
    let passed = lines::read(&stage.copy())?;
    // The pods were replaced once before, for their first resources: that repeats nothing either.
    assert_eq!(passed, Passed { count: written, ..Passed::default() });
    Ok(())
}

fn resources(cpu: &str, memory: &str) -> String {
    let resources =
        json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}});
    json!({"spec": {"resources": resources}}).to_string()
}

/// A pod as the kubelet tells of it.
#[derive(Debug)]
struct Worker {
    uid: String,
    restarts: u64,
    /// What its container may use now.
    memory: String,
    cpu: String,
}

/// The workers by name.
async fn workers(stage: &Stage) -> Result<BTreeMap<String, Worker>> {
    let pods = stage.kubectl(&["get", "pods", "--selector", WORKERS, "-o", "json"]).await?;
    let pods: Value = serde_json::from_str(&pods)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let worker = |pod: &Value| {
        let container = &pod["status"]["containerStatuses"][0];
        let worker = Worker {
            uid: text(&pod["metadata"]["uid"]),
            restarts: container["restartCount"].as_u64().unwrap_or_default(),
            memory: text(&container["resources"]["limits"]["memory"]),
            cpu: text(&container["resources"]["requests"]["cpu"]),
        };
        (text(&pod["metadata"]["name"]), worker)
    };
    Ok(pods["items"].as_array().context("a list of pods")?.iter().map(worker).collect())
}
