//! `sluice offsets`: positions of a connector, listed, changed and forgotten through its resource. The operator asks the
//! workers; positions go through a ConfigMap, as in Strimzi.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnector, TargetState};
use sluice_rest_model::ConnectorOffsets;
use tokio::time::Instant;

use super::access::{self, Access, Session, refused};
use super::change::{MANAGER, annotation, send};
use crate::connector::requests::OFFSETS;

/// Key of the ConfigMap that holds positions.
const KEY: &str = "offsets.json";

/// Time within which the operator has looked at a change: a warning that was there before is about this one then.
const LOOK: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);

/// Why positions were not listed or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kubernetes.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The file with positions.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Positions can only be changed of a stopped connector.
    #[error("{0} is not stopped; positions can only be changed then: sluice stop {0}")]
    NotStopped(String),
    /// The operator said no.
    #[error("{name}: {message}")]
    Refused {
        /// The connector.
        name: String,
        /// The operator's words.
        message: String,
    },
    /// The operator does not answer.
    #[error(
        "the operator has not done it within {seconds} s; it may still do it: the annotation {OFFSETS} goes once it \
         has. Is the operator running, and the cluster Ready? See: sluice status"
    )]
    TooLate {
        /// How long was waited.
        seconds: u64,
    },
    /// The ConfigMap has not what was asked for.
    #[error("ConfigMap {0} has no key {KEY} with positions")]
    NoOffsets(String),
    /// The system takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// List, change or forget the positions of a connector.
///
/// Sets the annotation sluice.dev/connector-offsets and waits until the operator has done it. Positions can only be
/// changed or forgotten while the connector is stopped.
///
/// Examples:
///   sluice offsets list orders
///   sluice offsets list orders -o json > offsets.json
///   sluice stop orders && sluice offsets alter orders -f offsets.json && sluice resume orders
///   sluice offsets reset orders
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Offsets {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Show the positions.
    List {
        #[command(flatten)]
        target: Target,
        /// Form: a table for people, or JSON or YAML; JSON is what `alter` reads.
        #[arg(short, long, value_name = "text|json|yaml", default_value = "text", value_parser = ["text", "json", "yaml"])]
        output: String,
    },
    /// Set positions; those that are not named stay, and one whose offset is null is forgotten.
    Alter {
        #[command(flatten)]
        target: Target,
        /// File with positions, as `list -o json` writes it.
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
    },
    /// Forget all positions: the connector begins anew.
    Reset {
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
struct Target {
    /// The KafkaConnector.
    connector: String,
    #[command(flatten)]
    access: Access,
    /// Seconds to wait for the operator.
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    timeout: u64,
}

/// Does what is asked for and shows it.
pub(super) async fn run(arguments: Offsets) -> Result<ExitCode, Error> {
    match arguments.work {
        Work::List { target, output } => {
            let offsets = list(&target).await?;
            let text = match output.as_str() {
                "text" => table(&offsets),
                form => super::structured(&offsets, form),
            };
            super::print(&text)?;
        }
        Work::Alter { target, file } => {
            let offsets = read(&file)?;
            let session = target.access.connect().await?;
            let connector = stopped(&session, &target.connector).await?;
            let map = alter_map(&connector);
            write_map(&session, &map, &offsets).await?;
            let from = json!({"alterOffsets": {"fromConfigMap": {"name": map}}});
            ask(&session, &target, "alter", &from).await?;
            super::print(&format!("the positions of {} are changed\n", target.connector))?;
        }
        Work::Reset { target } => {
            let session = target.access.connect().await?;
            stopped(&session, &target.connector).await?;
            ask(&session, &target, "reset", &json!({})).await?;
            super::print(&format!("the positions of {} are forgotten\n", target.connector))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(target: &Target) -> Result<ConnectorOffsets, Error> {
    let session = target.access.connect().await?;
    let connector: KafkaConnector = session.get(&target.connector).await?;
    let spec = serde_json::to_value(&connector.spec).unwrap_or_default();
    let usual = format!("{}-offsets", connector.name_any());
    let map = spec["listOffsets"]["toConfigMap"]["name"].as_str().unwrap_or(&usual);
    let to = json!({"listOffsets": {"toConfigMap": {"name": map}}});
    ask(&session, target, "list", &to).await?;
    let listed: ConfigMap = session.get(map).await?;
    let text = listed.data.as_ref().and_then(|data| data.get(KEY));
    let offsets = text.and_then(|text| serde_json::from_str(text).ok());
    offsets.ok_or_else(|| Error::NoOffsets(map.to_owned()))
}

/// The ConfigMap that new positions are put into.
fn alter_map(connector: &KafkaConnector) -> String {
    let spec = serde_json::to_value(&connector.spec).unwrap_or_default();
    let given = spec["alterOffsets"]["fromConfigMap"]["name"].as_str();
    given.map_or_else(|| format!("{}-new-offsets", connector.name_any()), str::to_owned)
}

/// Annotates the connector and waits until the operator has removed that.
async fn ask(session: &Session, target: &Target, what: &str, spec: &Value) -> Result<(), Error> {
    let name = &target.connector;
    let mut patch = annotation(OFFSETS, what);
    if spec.as_object().is_some_and(|fields| !fields.is_empty()) {
        patch["spec"] = spec.clone();
    }
    let before = refusal(&session.get(name).await?);
    send(session, name, &patch, false).await?;
    let asked = Instant::now();
    let deadline = asked + Duration::from_secs(target.timeout);
    loop {
        let connector: KafkaConnector = session.get(name).await?;
        if !connector.annotations().contains_key(OFFSETS) {
            return Ok(());
        }
        let refusal = refusal(&connector);
        let is_news = refusal != before || asked.elapsed() > LOOK;
        if let Some(message) = refusal.filter(|_| is_news) {
            return Err(Error::Refused { name: name.clone(), message });
        }
        if Instant::now() > deadline {
            return Err(Error::TooLate { seconds: target.timeout });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What the operator says against work on positions. It looks at an annotation only after it has seen it: a warning of
/// the generation before does not count.
fn refusal(connector: &KafkaConnector) -> Option<String> {
    let status = connector.status.as_ref()?;
    if status.observed_generation != connector.metadata.generation {
        return None;
    }
    let warning = status
        .conditions
        .iter()
        .find(|it| it.type_ == "Warning" && it.status == "True" && it.reason.contains("Offsets"));
    warning.map(|it| it.message.clone())
}

async fn stopped(session: &Session, name: &str) -> Result<KafkaConnector, Error> {
    let connector: KafkaConnector = session.get(name).await?;
    if connector.spec.state == Some(TargetState::Stopped) {
        Ok(connector)
    } else {
        Err(Error::NotStopped(name.to_owned()))
    }
}

fn read(path: &Path) -> Result<ConnectorOffsets, Error> {
    let wrong = |message: String| Error::File { path: path.to_owned(), message };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let offsets: ConnectorOffsets = serde_json::from_str(&text).map_err(|error| {
        wrong(format!(
            "{error}; expected {{\"offsets\": [{{\"partition\": {{…}}, \"offset\": {{…}}}}]}}"
        ))
    })?;
    match &offsets.offsets {
        Some(all) if !all.is_empty() => Ok(offsets),
        _ => {
            Err(wrong("holds no positions; to forget all of them: sluice offsets reset".to_owned()))
        }
    }
}

async fn write_map(
    session: &Session,
    name: &str,
    offsets: &ConnectorOffsets,
) -> Result<(), access::Error> {
    let text = serde_json::to_string_pretty(offsets).unwrap_or_default();
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {KEY: text},
    });
    let parameters = PatchParams::apply(MANAGER).force();
    let written = session.api::<ConfigMap>().patch(name, &parameters, &Patch::Apply(&map)).await;
    written.map(drop).map_err(|error| refused(&format!("write ConfigMap {name}"), error))
}

/// A line for each position.
fn table(offsets: &ConnectorOffsets) -> String {
    let rows = offsets.offsets.iter().flatten();
    let cell = |map: &Option<serde_json::Map<String, Value>>| match map {
        Some(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
            entries.join(" ")
        }
        None => "-".to_owned(),
    };
    let rows: Vec<[String; 2]> =
        rows.map(|row| [cell(&row.partition), cell(&row.offset)]).collect();
    if rows.is_empty() {
        return "no positions yet\n".to_owned();
    }
    super::table(["PARTITION", "OFFSET"], &rows)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_a_table() {
        let offsets: ConnectorOffsets = serde_json::from_value(json!({"offsets": [
            {"partition": {"filename": "/data/lines.txt"}, "offset": {"position": 30}},
            {"partition": {"kafka_topic": "t", "kafka_partition": 0}, "offset": null},
        ]}))
        .unwrap();
        assert_eq!(
            table(&offsets),
            "PARTITION                        OFFSET\n\
             filename=/data/lines.txt         position=30\n\
             kafka_partition=0 kafka_topic=t  -\n"
        );
        assert_eq!(table(&ConnectorOffsets::default()), "no positions yet\n");
    }

    #[test]
    fn files_without_positions_are_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offsets.json");
        for (text, expected) in
            [("[", "expected {\"offsets\": ["), (r#"{"offsets": []}"#, "sluice offsets reset")]
        {
            std::fs::write(&file, text).unwrap();
            let error = read(&file).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        std::fs::write(&file, r#"{"offsets":[{"partition":{"a":1},"offset":null}]}"#).unwrap();
        assert!(read(&file).is_ok());
    }

    #[test]
    fn only_the_operator_s_warning_about_this_very_spec_counts() {
        let connector = |observed: i64, reason: &str| -> KafkaConnector {
            serde_json::from_value(json!({
                "apiVersion": "sluice.dev/v1alpha1",
                "kind": "KafkaConnector",
                "metadata": {"name": "a", "generation": 2},
                "spec": {"class": "X"},
                "status": {"observedGeneration": observed, "conditions": [{
                    "type": "Warning", "status": "True", "reason": reason, "message": "no",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }]},
            }))
            .unwrap()
        };
        assert_eq!(refusal(&connector(2, "OffsetsRefused")).as_deref(), Some("no"));
        assert_eq!(refusal(&connector(1, "OffsetsRefused")), None);
        assert_eq!(refusal(&connector(2, "UnknownFields")), None);
    }
}
