//! `sluice preview`: what one connector of some manifests makes of records, shown by the program sluice-worker. The
//! connector and its worker have the settings that they have in `sluice dev`.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use clap::Args;
use kube::ResourceExt;
use sluice_crds::KafkaConnector;
use tokio::process::Command;

use super::layout::{self, Kafka, Layout};
use super::manifests::{Located, Manifests};
use super::mounts::Places;
use super::{Error, absolute, beside, make, read, write};
use crate::cli::arguments::mount;
use crate::cli::worker_program;
use crate::connector::place;
use crate::properties;

/// Show what a connector makes of some records, before and after its converters and transforms.
///
/// Nothing is written anywhere: no record, no position, no topic, no group. A source polls its system itself, as if the
/// connector were new; the records of a sink come from its topics, or from a file with one JSON object a line, such as
/// {"key": "k", "value": {"a": 1}, "headers": {"h": "x"}}. The exit code is 1 if a record fails, or the settings do.
///
/// Examples:
///   sluice preview orders -f deploy/ -n 5
///   sluice preview a-sink -f deploy/ --bootstrap-servers localhost:9092
///   sluice preview a-sink -f deploy/ --records records.jsonl -o json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Preview {
    /// The connector; needed if there are several.
    connector: Option<String>,
    /// Folder with manifests, or a single file: the KafkaConnector, its KafkaConnect, and Secrets and ConfigMaps that they
    /// take values from.
    #[arg(short = 'f', long = "file", value_name = "DIR")]
    path: PathBuf,
    /// Kafka to read from in place of the one that the KafkaConnect names.
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_servers: Option<String>,
    /// File with records for a sink, in place of its topics.
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Most records to show.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    limit: usize,
    /// How many seconds to wait for records.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,
    /// Show schemas beside values.
    #[arg(long)]
    schemas: bool,
    /// Folder that stands for a volume; may be given several times.
    #[arg(long = "mount", value_name = "VOLUME=PATH", value_parser = mount)]
    mounts: Vec<(String, PathBuf)>,
    /// The program sluice-worker. Looked for beside this program and on the PATH unless given.
    #[arg(long, value_name = "FILE")]
    worker_binary: Option<PathBuf>,
    /// Form of the records.
    #[arg(short, long, value_name = "text|json", default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Runs the worker's own preview, and passes on what it prints and its exit code.
pub(in crate::cli) async fn run(arguments: Preview) -> Result<ExitCode, Error> {
    let state = tempfile::tempdir().map_err(Error::System)?;
    let manifests = chosen(read(&arguments.path)?, arguments.connector.as_deref())?;
    let laid_out = lay_out(&arguments, &manifests, state.path())?;
    for note in &laid_out.notes {
        eprintln!("{note}");
    }
    let program = worker_program(arguments.worker_binary.as_deref()).map_err(Error::System)?;
    let mut command = command(&program, &arguments, &laid_out, state.path())?;
    let status = command.status().await;
    let status = status.map_err(|source| Error::File { what: "start", path: program, source })?;
    // Ended by a signal, it has no code.
    Ok(ExitCode::from(status.code().and_then(|it| u8::try_from(it).ok()).unwrap_or(1)))
}

/// The manifests of one connector: it, and the cluster that runs it.
fn chosen(mut manifests: Manifests, name: Option<&str>) -> Result<Manifests, Error> {
    let is_meant =
        |it: &Located<KafkaConnector>| name.is_none_or(|name| it.object.name_any() == name);
    let names = |all: &[Located<KafkaConnector>]| {
        all.iter().map(|it| it.object.name_any()).collect::<Vec<_>>().join(", ")
    };
    let there = names(&manifests.connectors);
    manifests.connectors.retain(is_meant);
    match manifests.connectors.as_slice() {
        [one] => {
            let cluster = place::asked_cluster(&one.object).unwrap_or_default().to_owned();
            manifests.clusters.retain(|it| it.object.name_any() == cluster);
            Ok(manifests)
        }
        _ if there.is_empty() => Err(Error::Choose("there is no KafkaConnector".to_owned())),
        _ => Err(Error::Choose(format!("name one of the connectors: {there}"))),
    }
}

fn lay_out(arguments: &Preview, manifests: &Manifests, state: &Path) -> Result<Layout, Error> {
    let manifests_path = absolute(&arguments.path)?;
    let places = Places { manifests: beside(&manifests_path), state, given: &arguments.mounts };
    let own = manifests.clusters.first().map(|it| it.object.spec.bootstrap_servers.clone());
    let address = arguments.bootstrap_servers.clone().or(own).unwrap_or_default();
    let laid_out = layout::of(manifests, Kafka::Named(&address), places);
    let laid_out = laid_out.map_err(Error::Manifests)?;
    for folder in &laid_out.folders {
        make(folder)?;
    }
    Ok(laid_out)
}

fn command(
    program: &Path,
    arguments: &Preview,
    laid_out: &Layout,
    state: &Path,
) -> Result<Command, Error> {
    let (worker, connector) = (state.join("worker.properties"), state.join("connector.properties"));
    for cluster in &laid_out.clusters {
        write(&worker, properties::render(&cluster.settings).as_bytes())?;
    }
    for one in &laid_out.connectors {
        write(&connector, properties::render(&one.desired.config).as_bytes())?;
    }
    let mut command = Command::new(program);
    command.arg("preview").arg(&connector).arg("--worker").arg(&worker);
    command.args(["--limit", &arguments.limit.to_string()]);
    command.args(["--timeout", &arguments.timeout.to_string(), "--output", &arguments.output]);
    if arguments.schemas {
        command.arg("--schemas");
    }
    if let Some(records) = &arguments.records {
        command.arg("--records").arg(records);
    }
    command.envs(laid_out.clusters.iter().flat_map(|it| &it.environment));
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::super::manifests::tests::{CLUSTER, CONNECTOR, read};
    use super::*;

    #[test]
    fn one_connector_is_laid_out_with_the_cluster_that_runs_it() {
        let other = CONNECTOR.replace("name: lines", "name: more");
        let spare = CLUSTER.replace("name: my-connect", "name: spare");
        let text = format!("{CLUSTER}---\n{spare}---\n{CONNECTOR}---\n{other}");
        let manifests = chosen(read(&text).unwrap(), Some("more")).unwrap();
        let names = |all: Vec<String>| all.join(" ");
        assert_eq!(
            names(manifests.connectors.iter().map(|it| it.object.name_any()).collect()),
            "more"
        );
        assert_eq!(
            names(manifests.clusters.iter().map(|it| it.object.name_any()).collect()),
            "my-connect"
        );
        for (text, name, expected) in [
            (&*text, None, "name one of the connectors: lines, more"),
            (&text, Some("none"), "name one of the connectors: lines, more"),
            (CLUSTER, None, "there is no KafkaConnector"),
        ] {
            let error = chosen(read(text).unwrap(), name).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert!(chosen(read(CONNECTOR).unwrap(), None).is_ok());
    }
}
