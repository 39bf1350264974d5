//! Brings connectors to their specs and watches workers and records, by asking the workers again and again. Each
//! resource has a loop of its own, so that one that hangs delays no other.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use k8s_openapi::jiff::Timestamp;
use sluice_crds::condition;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::layout::Connector;
use crate::conditions;
use crate::connect_api::{self, ConnectApi, Connections};
use crate::connector::{Error, bring, status};
use crate::reason::Reason;

const PAUSE: Duration = Duration::from_millis(300);
const RECORDS_PAUSE: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(5);
/// Largest page of metrics that is read.
const MAX_PAGE: usize = 16 << 20;

/// News for the board.
#[derive(Debug)]
pub(super) enum Update {
    /// How a resource is.
    Resource {
        kind: &'static str,
        name: String,
        is_ready: bool,
        reason: String,
        parts: String,
        message: String,
    },
    /// Records that each connector has moved since its workers began, and the time since the last update.
    Records { totals: BTreeMap<String, f64>, seconds: f64 },
}

/// Addresses of one worker.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) rest: String,
    pub(super) metrics: String,
}

/// Watches the workers of a cluster; never returns.
pub(super) async fn cluster(
    name: String,
    workers: Vec<Worker>,
    connections: Connections,
    updates: mpsc::Sender<Update>,
) {
    loop {
        let mut ready = 0;
        let mut message = String::new();
        for worker in &workers {
            match get(&connections, &format!("{}/health", worker.rest)).await {
                Ok(_) => ready += 1,
                Err(why) => message = why,
            }
        }
        let is_ready = ready == workers.len();
        let reason = match (workers.is_empty(), is_ready) {
            (true, _) => Reason::Suspended,
            (false, true) => Reason::AllWorkersReady,
            (false, false) => Reason::WorkersNotReady,
        };
        let update = Update::Resource {
            kind: "KafkaConnect",
            name: name.clone(),
            is_ready,
            reason: reason.as_str().to_owned(),
            parts: format!("{ready}/{}", workers.len()),
            message,
        };
        if updates.send(update).await.is_err() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// Makes a connector what it shall be, over whichever worker answers; never returns.
pub(super) async fn connector(
    mut connector: Connector,
    workers: Vec<ConnectApi>,
    updates: mpsc::Sender<Update>,
) {
    let mut turn = 0;
    let mut has_answered = false;
    loop {
        let outcome = match workers.get(turn % workers.len().max(1)) {
            Some(worker) => bring(&connector.resource, &connector.desired, worker).await,
            None => Err(Error::NoWorkers { cluster: connector.desired.place.cluster.clone() }),
        };
        let is_unreachable =
            matches!(outcome, Err(Error::Workers(connect_api::Error::Unreachable { .. })));
        if is_unreachable {
            turn += 1;
        } else {
            has_answered = true;
        }
        let report = status::report(&connector.resource, outcome.as_ref());
        let status = report.into_status(&connector.resource, Timestamp::now());
        let ready = conditions::find(&status.conditions, condition::READY);
        let update = Update::Resource {
            kind: "KafkaConnector",
            name: connector.desired.place.name.clone(),
            is_ready: ready.is_some_and(|ready| ready.status == "True"),
            // Workers that have just been started are no news until they answer.
            reason: match ready {
                Some(ready) if has_answered => ready.reason.clone(),
                _ => Reason::Starting.as_str().to_owned(),
            },
            parts: status.tasks_running.clone().unwrap_or_default(),
            message: ready.map(|ready| ready.message.clone()).unwrap_or_default(),
        };
        connector.resource.status = Some(status);
        if updates.send(update).await.is_err() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// Adds up what all workers count; never returns.
pub(super) async fn records(
    workers: Vec<Worker>,
    connections: Connections,
    updates: mpsc::Sender<Update>,
) {
    let mut last = Instant::now();
    loop {
        sleep(RECORDS_PAUSE).await;
        let mut totals = BTreeMap::new();
        for worker in &workers {
            if let Ok(page) = get(&connections, &format!("{}/metrics", worker.metrics)).await {
                add_records(&page, &mut totals);
            }
        }
        let seconds = last.elapsed().as_secs_f64();
        last = Instant::now();
        if updates.send(Update::Records { totals, seconds }).await.is_err() {
            return;
        }
    }
}

/// The counters that tell what left a source for Kafka and what a sink took.
const COUNTERS: [&str; 2] = [
    "kafka_connect_source_task_source_record_write_total",
    "kafka_connect_sink_task_sink_record_send_total",
];

fn add_records(page: &str, totals: &mut BTreeMap<String, f64>) {
    for line in page.lines() {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let Some((labels, value)) = rest.rsplit_once('}') else { continue };
        let label = labels.split_once("connector=\"").and_then(|(_, rest)| rest.split_once('"'));
        let value = value.split_whitespace().next().and_then(|value| value.parse::<f64>().ok());
        if let (true, Some((connector, _)), Some(value)) = (COUNTERS.contains(&name), label, value)
        {
            *totals.entry(connector.to_owned()).or_default() += value;
        }
    }
}

/// The text at an address, if it answers well.
async fn get(connections: &Connections, url: &str) -> Result<String, String> {
    let address = url.parse().map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let exchange = async {
        let answer =
            connections.get(address).await.map_err(|_| format!("{url} does not answer"))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_PAGE).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() { Ok(text) } else { Err(said(&text, url)) }
    };
    timeout(DEADLINE, exchange).await.unwrap_or_else(|_| Err(format!("{url} does not answer")))
}

fn said(body: &str, url: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(body)
        .ok()
        .and_then(|it| it["message"].as_str().map(str::to_owned));
    message.unwrap_or_else(|| format!("{url} refuses"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_all_tasks_add_up() {
        let page = "# HELP x\n\
            kafka_connect_source_task_source_record_write_total{connector=\"a\",task=\"0\"} 5\n\
            kafka_connect_source_task_source_record_write_total{connector=\"a\",task=\"1\"} 2.0\n\
            kafka_connect_source_task_source_record_poll_total{connector=\"a\",task=\"0\"} 9\n\
            kafka_connect_sink_task_sink_record_send_total{task=\"0\",connector=\"b\"} 1e3\n\
            process_cpu_seconds_total 1\n";
        let mut totals = BTreeMap::new();
        add_records(page, &mut totals);
        assert_eq!(totals, [("a".to_owned(), 7.0), ("b".to_owned(), 1000.0)].into());
    }
}
