//! Dashboards and alerts on what real programs tell a real Prometheus: each query finds something, and what goes wrong
//! raises its alert.

mod queries;
mod subjects;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::java;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::prometheus::Prometheus;
use sluice_kit::wait;

use queries::{alerts, panels, rules};
use subjects::Subjects;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What goes wrong in this test, and so must be told.
const RAISED: [&str; 6] = [
    "SluiceConnectorFailed",
    "SluiceDeadLetters",
    "SluiceReconcilesFail",
    "SluiceRecordsSkipped",
    "SluiceTaskFailed",
    "SluiceTaskLeftBehind",
];

/// What Strimzi's dashboard for Kafka Connect asks for, but for what only a Java process or the kubelet has (`jvm_…`,
/// `container_…`) and the counters of producers, which docs/install.md names as missing.
const STRIMZIS: [&str; 11] = [
    "kafka_connect_worker_connector_count",
    "kafka_connect_worker_task_count",
    "kafka_connect_worker_connector_running_task_count",
    "kafka_connect_worker_connector_paused_task_count",
    "kafka_connect_worker_connector_failed_task_count",
    "kafka_connect_worker_connector_unassigned_task_count",
    "kafka_connect_worker_connector_destroyed_task_count",
    "kafka_connect_connector_status",
    "kafka_connect_connector_task_status",
    "kafka_consumer_incoming_byte_total",
    "kafka_consumer_connection_count",
];

#[tokio::test]
async fn every_query_finds_something_and_every_fault_is_told() -> Result<()> {
    sluice_kit::require!(java::missing());
    sluice_kit::require!(missing_for_control_plane());
    sluice_kit::require!(Prometheus::missing());
    let subjects = Subjects::start().await?;
    let prometheus = Prometheus::start(&subjects.targets()?, &rules()?).await?;

    let mut queries = panels()?;
    ensure!(queries.len() >= 30, "the dashboards have {} queries", queries.len());
    queries.extend(alerts()?.into_iter().map(|(name, query)| (name, queries::data_of(&query))));
    for name in STRIMZIS {
        let labels = "strimzi_io_kind=~\"KafkaConnect.*\",strimzi_io_cluster=\"my-connect\"";
        let query = format!("sum({name}{{{labels},namespace=\"shop\"}}) by (kubernetes_pod_name)");
        queries.push((format!("Strimzi's {name}"), query));
    }
    for (about, query) in &queries {
        wait::until_ok(PATIENCE, about, async || {
            let found = prometheus.query(query).await?;
            ensure!(!found.is_empty(), "{query} finds nothing");
            Ok(())
        })
        .await?;
    }
    is_told(&prometheus).await
}

/// Waits until all that goes wrong has raised its alert, with whose it is.
async fn is_told(prometheus: &Prometheus) -> Result<()> {
    wait::until_ok(PATIENCE, "the alerts", async || {
        let alerts = prometheus.alerts().await?;
        let name = |it: &Value| it["labels"]["alertname"].as_str().unwrap_or_default().to_owned();
        let raised: BTreeSet<String> = alerts.iter().map(name).collect();
        for expected in RAISED {
            ensure!(raised.contains(expected), "no {expected} among {raised:?}");
        }
        let failed = alerts.iter().find(|it| name(it) == "SluiceTaskFailed").context("it")?;
        let summary = failed["annotations"]["summary"].as_str().unwrap_or_default();
        ensure!(summary.contains("shop/my-connect"), "{summary}");
        for quiet in ["SluiceNoLeader", "SluiceWorkerDown", "SluiceCommitsFail"] {
            ensure!(!raised.contains(quiet), "{quiet} is raised for nothing");
        }
        Ok(())
    })
    .await
}

#[test]
fn every_alert_has_a_runbook() -> Result<()> {
    let page = std::fs::read_to_string(queries::root().join("docs/alerts.md"))?;
    let mut chapters: BTreeSet<&str> =
        page.lines().filter_map(|it| it.strip_prefix("## ")).collect();
    for (name, _) in alerts()? {
        ensure!(chapters.remove(name.as_str()), "docs/alerts.md has no chapter {name}");
    }
    ensure!(chapters.is_empty(), "docs/alerts.md speaks of {chapters:?}, which are no alerts");
    Ok(())
}
