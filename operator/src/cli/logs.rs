//! `sluice logs`: what all workers of a cluster say about one connector.

use std::process::ExitCode;

use clap::Args;
use futures::stream::{self, StreamExt};
use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{ListParams, LogParams};
use sluice_crds::KafkaConnector;

use super::access::{self, Access, Session, refused};
use crate::connector::place;
use crate::names;

mod line;

use line::Line;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kubernetes.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// It has no cluster.
    #[error(
        "KafkaConnector {0} runs on no KafkaConnect of this namespace: there are no pods to ask"
    )]
    NoCluster(String),
    /// The cluster has no pods.
    #[error("KafkaConnect {0} has no worker pods; see: sluice status {0}")]
    NoWorkers(String),
    /// A log broke off, or nobody takes it.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Show what the workers log about a connector, wherever it runs.
///
/// Reads the logs of all worker pods of the connector's cluster and keeps the lines of this connector, in the order of
/// their times.
///
/// Examples:
///   sluice logs orders --tail 100
///   sluice logs orders --task 0 --follow
///   sluice logs orders -o json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Logs {
    /// The KafkaConnector.
    connector: String,
    #[command(flatten)]
    access: Access,
    /// Only the lines of this task.
    #[arg(long, value_name = "NUMBER")]
    task: Option<u32>,
    /// Go on as the workers do.
    #[arg(short, long)]
    follow: bool,
    /// Lines of each worker to look at, from the end. All unless given.
    #[arg(long, value_name = "LINES")]
    tail: Option<i64>,
    /// Only what is newer than so many seconds.
    #[arg(long, value_name = "SECONDS")]
    since: Option<i64>,
    /// The log of the containers before the last restart.
    #[arg(long, conflicts_with = "follow")]
    previous: bool,
    /// Form: lines for people, or the workers' own JSON with the pod in it.
    #[arg(short, long, value_name = "text|json", default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Reads, filters, prints.
pub(super) async fn run(arguments: Logs) -> Result<ExitCode, Error> {
    let session = arguments.access.connect().await?;
    let connector: KafkaConnector = session.get(&arguments.connector).await?;
    let cluster =
        place::asked_cluster(&connector).filter(|_| connector.spec.connect_rest.is_none());
    let cluster = cluster.ok_or_else(|| Error::NoCluster(arguments.connector.clone()))?;
    let session = Session { namespace: place::asked_namespace(&connector), ..session };
    let select = ListParams::default().labels(&names::selector_text(cluster));
    let pods: Vec<Pod> = session.list(false, &select).await?;
    if pods.is_empty() {
        return Err(Error::NoWorkers(cluster.to_owned()));
    }
    let name = place::asked_name(&connector);
    let mut logs = Vec::new();
    for pod in &pods {
        let lines = read(&session, pod.name_any(), &arguments).await?;
        let (name, task) = (name.clone(), arguments.task);
        let of_connector = move |line: &Line| line.is_of(&name, task);
        logs.push(lines.try_filter(move |line| futures::future::ready(of_connector(line))).boxed());
    }
    let mut lines = stream::select_all(logs);
    let is_json = arguments.output == "json";
    let mut held = Vec::new();
    while let Some(line) = lines.try_next().await? {
        if arguments.follow {
            super::print(&line.show(is_json))?;
        } else {
            held.push(line);
        }
    }
    held.sort_by(|one, other| one.time().cmp(other.time()));
    for line in held {
        super::print(&line.show(is_json))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines of one pod.
async fn read(
    session: &Session,
    pod: String,
    arguments: &Logs,
) -> Result<impl stream::Stream<Item = std::io::Result<Line>> + use<>, Error> {
    let parameters = LogParams {
        container: Some(names::CONTAINER.to_owned()),
        follow: arguments.follow,
        previous: arguments.previous,
        tail_lines: arguments.tail,
        since_seconds: arguments.since,
        ..LogParams::default()
    };
    let log = session.api::<Pod>().log_stream(&pod, &parameters).await;
    let log = log.map_err(|error| refused(&format!("read the log of pod {pod}"), error))?;
    Ok(log.lines().map_ok(move |text| Line::new(&pod, text)))
}
