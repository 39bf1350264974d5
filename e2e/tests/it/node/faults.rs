//! Crashes in the middle of the quickstart: nothing is lost, and what is repeated was not yet committed.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::kubernetes::Node;
use sluice_kit::wait;

use super::lines::{self, Passed};
use super::stage::{PATIENCE, Stage};
use super::traffic::{HEAD, TAIL, configure, rolled_out, running, while_lines_come};

#[tokio::test]
async fn a_killed_pod_loses_no_line() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let stage = running("killed-pod").await?;
    let delay = "{\"spec\":{\"config\":{\"scheduled.rebalance.max.delay.ms\":10000}}}";
    configure(&stage, delay).await?;
    let committed = committed(&stage).await?;
    let pod = stage.pod_of("lines-source").await?;
    let written = while_lines_come(&stage, async {
        stage.node.kill_container(stage.namespace, &pod, "connect").await?;
        restarted(&stage, &pod).await?;
        stage.all_ready().await
    });
    let written = written.await?;
    expect_repeats_after(committed, written, &stage)
}

#[tokio::test]
async fn a_killed_pod_has_its_tasks_back_long_before_the_default_delay() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let stage = running("default-delay").await?;
    let committed = committed(&stage).await?;
    let pod = stage.pod_of("lines-sink").await?;
    let written = while_lines_come(&stage, async {
        stage.node.kill_container(stage.namespace, &pod, "connect").await?;
        restarted(&stage, &pod).await?;
        stage.all_ready().await
    });
    // PATIENCE, with which this waits, is less than the five minutes.
    let written = written.await?;
    ensure!(stage.pod_of("lines-sink").await? == pod, "the task is back where it was");
    expect_repeats_after(committed, written, &stage)
}

#[tokio::test]
async fn a_killed_broker_loses_no_line() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let mut stage = running("killed-broker").await?;
    let committed = committed(&stage).await?;
    lines::append(&stage.source(), HEAD..HEAD + TAIL)?;
    stage.kafka.kill9()?;
    lines::append(&stage.source(), HEAD + TAIL..HEAD + 2 * TAIL)?;
    stage.kafka.restart().await?;
    lines::append(&stage.source(), HEAD + 2 * TAIL..HEAD + 3 * TAIL)?;
    stage.copied(HEAD + 3 * TAIL).await?;
    expect_repeats_after(committed, HEAD + 3 * TAIL, &stage)
}

#[tokio::test]
async fn a_rolling_restart_neither_loses_nor_repeats_a_line() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let stage = running("rolling-restart").await?;
    let written = while_lines_come(&stage, async {
        stage.kubectl(&["rollout", "restart", "statefulset/my-connect-connect"]).await?;
        rolled_out(&stage).await?;
        stage.all_ready().await
    });
    let written = written.await?;
    let passed = lines::read(&stage.copy())?;
    assert_eq!(passed, Passed { count: written, ..Passed::default() });
    Ok(())
}

/// Waits until the kubelet has seen that the container was killed.
async fn restarted(stage: &Stage, pod: &str) -> Result<()> {
    let count = "jsonpath={.status.containerStatuses[0].restartCount}";
    wait::until_ok(PATIENCE, "the container to be restarted", async || {
        let restarts = stage.kubectl(&["get", "pod", pod, "-o", count]).await?;
        ensure!(restarts == "1", "{restarts} restarts");
        Ok(())
    })
    .await
}

/// The line up to which both connectors have committed. Lines and messages of the topic go by the same numbers as long
/// as nothing was repeated.
async fn committed(stage: &Stage) -> Result<u64> {
    wait::until_ok(PATIENCE, "both connectors to commit", async || {
        Ok(source_position(stage).await?.min(sink_position(stage).await?))
    })
    .await
}

async fn source_position(stage: &Stage) -> Result<u64> {
    let bootstrap = stage.kafka.bootstrap();
    let connect = ["--bootstrap-server", &bootstrap, "--topic", "my-connect-offsets"];
    let read = ["--from-beginning", "--timeout-ms", "3000"];
    let arguments: Vec<&str> = connect.into_iter().chain(read).collect();
    let consumer = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let values = stage.kafka.tool(consumer, &arguments).await?;
    let position = values
        .lines()
        .filter_map(|it| serde_json::from_str::<Value>(it).ok()?["position"].as_u64())
        .next_back();
    Ok(position.with_context(|| format!("no position in {values:?}"))? / lines::LENGTH)
}

async fn sink_position(stage: &Stage) -> Result<u64> {
    let bootstrap = stage.kafka.bootstrap();
    let group = ["--describe", "--offsets", "--group", "connect-lines-sink"];
    let arguments: Vec<&str> =
        ["--bootstrap-server", &bootstrap].into_iter().chain(group).collect();
    let groups = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    let table = stage.kafka.tool(groups, &arguments).await?;
    let row = table.lines().map(str::split_whitespace).find_map(|mut row| {
        (row.next()? == "connect-lines-sink" && row.next()? == "lines").then(|| row.nth(1))?
    });
    let offset = row.with_context(|| format!("no committed offset in {table:?}"))?;
    offset.parse().with_context(|| format!("the committed offset is {offset:?}"))
}

/// All lines are there, and whatever came twice had not been committed before the fault.
fn expect_repeats_after(committed: u64, written: u64, stage: &Stage) -> Result<()> {
    let passed = lines::read(&stage.copy())?;
    ensure!(passed.count == written, "{} of {written} lines are there", passed.count);
    ensure!(
        passed.repeats.iter().all(|start| *start >= committed),
        "repeats start at {:?}; committed was {committed}",
        passed.repeats
    );
    Ok(())
}
