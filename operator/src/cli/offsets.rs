//! `sluice offsets`: positions of a connector, listed and changed by way of a `KafkaConnectorOffsets`. The operator asks the
//! workers; the resource of the connector is left as it is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Map, Value, json};
use sluice_crds::{KafkaConnector, KafkaConnectorOffsets, Position, TargetState};
use sluice_rest_model::ConnectorOffsets;

use super::access::{self, Access};
use crate::connector::offsets::KEY;

mod operation;

/// Seconds that operations are kept which have changed nothing.
const KEPT: i32 = 300;

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
    #[error("{message} (KafkaConnectorOffsets {name})")]
    Refused {
        /// The operation.
        name: String,
        /// The operator's words.
        message: String,
    },
    /// It has not been done in time.
    #[error(
        "not done within {seconds} s: {message}. It may still be done; to take it back: kubectl delete \
         kafkaconnectoroffsets.sluice.dev {name}"
    )]
    TooLate {
        /// The operation.
        name: String,
        /// What it waits for.
        message: String,
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

/// List or change the positions of a connector.
///
/// Makes a KafkaConnectorOffsets and waits until the operator has carried it out. Positions can only be changed while the
/// connector is stopped; those before are kept in a ConfigMap.
///
/// Examples:
///   sluice offsets list orders
///   sluice offsets list orders -o json > offsets.json
///   sluice stop orders && sluice offsets alter orders -f offsets.json && sluice resume orders
///   sluice offsets seek a-sink --to 2026-01-31T08:00:00Z --dry-run
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
        #[command(flatten)]
        change: Change,
        /// File with positions, as `list -o json` writes it.
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
    },
    /// Have a sink go on from a time, from the end or from the beginning of its topics.
    Seek {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        change: Change,
        /// `beginning`, `end`, or a time such as 2026-01-31T08:00:00Z.
        #[arg(long, value_name = "beginning|end|TIME", value_parser = place)]
        to: Place,
    },
    /// Make the positions what they were, no more and no less.
    Restore {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        change: Change,
        /// The ConfigMap that has them: the backup of a change.
        #[arg(long, value_name = "CONFIGMAP")]
        from: String,
    },
    /// Forget all positions: the connector begins anew.
    Reset {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        change: Change,
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

#[derive(Debug, Args)]
struct Change {
    /// Change nothing, and show what the positions would be. The connector may run.
    #[arg(long)]
    dry_run: bool,
}

/// Where to seek.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Beginning,
    End,
    Time(Timestamp),
}

fn place(text: &str) -> Result<Place, String> {
    match text {
        "beginning" => Ok(Place::Beginning),
        "end" => Ok(Place::End),
        time => time.parse().map(Place::Time).map_err(|_| {
            "must be beginning, end, or a time with its zone, such as 2026-01-31T08:00:00Z"
                .to_owned()
        }),
    }
}

/// Does what is asked for and shows it.
pub(super) async fn run(arguments: Offsets) -> Result<ExitCode, Error> {
    let (target, change, spec) = match arguments.work {
        Work::List { target, output } => return list(&target, &output).await,
        Work::Alter { target, change, file } => {
            let offsets = read(&file)?;
            (target, change, json!({"operation": "Alter", "alter": offsets}))
        }
        Work::Seek { target, change, to } => (target, change, seek(&to)),
        Work::Restore { target, change, from } => {
            (target, change, json!({"operation": "Restore", "restoreFrom": {"name": from}}))
        }
        Work::Reset { target, change } => (target, change, json!({"operation": "Reset"})),
    };
    make(&target, change.dry_run, spec).await
}

fn seek(to: &Place) -> Value {
    match to {
        Place::Beginning => json!({"operation": "SeekToBeginning"}),
        Place::End => json!({"operation": "SeekToEnd"}),
        Place::Time(time) => {
            json!({"operation": "SeekToTime", "seekToTime": {"time": time.to_string()}})
        }
    }
}

async fn list(target: &Target, form: &str) -> Result<ExitCode, Error> {
    let session = target.access.connect().await?;
    let _connector: KafkaConnector = session.get(&target.connector).await?;
    let spec = json!({"operation": "List", "ttlSecondsAfterFinished": KEPT});
    let done = operation::carry_out(&session, &target.connector, spec, target.timeout).await?;
    let map = done.status.and_then(|status| status.backup).unwrap_or_default();
    let listed: ConfigMap = session.get(&map).await?;
    let text = listed.data.as_ref().and_then(|data| data.get(KEY));
    let offsets: Option<ConnectorOffsets> = text.and_then(|text| serde_json::from_str(text).ok());
    let offsets = offsets.ok_or(Error::NoOffsets(map))?;
    super::print(&match form {
        "text" => table(&offsets),
        form => super::structured(&offsets, form),
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn make(target: &Target, is_dry: bool, mut spec: Value) -> Result<ExitCode, Error> {
    let name = &target.connector;
    let session = target.access.connect().await?;
    let connector: KafkaConnector = session.get(name).await?;
    if is_dry {
        spec["dryRun"] = json!(true);
        spec["ttlSecondsAfterFinished"] = json!(KEPT);
    } else if connector.spec.state != Some(TargetState::Stopped) {
        return Err(Error::NotStopped(name.clone()));
    }
    let done = operation::carry_out(&session, name, spec, target.timeout).await?;
    super::print(&if is_dry { comparison(&done) } else { outcome(name, &done) })?;
    Ok(ExitCode::SUCCESS)
}

/// What to know after a change.
fn outcome(connector: &str, done: &KafkaConnectorOffsets) -> String {
    match done.status.as_ref().and_then(|status| status.backup.as_ref()) {
        Some(backup) => format!(
            "the positions of {connector} are changed; to take it back: sluice offsets restore {connector} --from {backup}\n"
        ),
        None => format!("the positions of {connector} are so already\n"),
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

/// A line for each position.
fn table(offsets: &ConnectorOffsets) -> String {
    let rows = offsets.offsets.iter().flatten();
    let rows: Vec<[String; 2]> =
        rows.map(|row| [cell(row.partition.as_ref()), cell(row.offset.as_ref())]).collect();
    if rows.is_empty() {
        return "no positions yet\n".to_owned();
    }
    super::table(["PARTITION", "OFFSET"], &rows)
}

/// A line for each partition that would move.
fn comparison(done: &KafkaConnectorOffsets) -> String {
    let status = done.status.clone().unwrap_or_default();
    let offset = |among: &[Position], of: &Position| {
        let found = among.iter().find(|it| it.partition == of.partition);
        cell(found.and_then(|it| it.offset.as_ref()))
    };
    let gone = status.before.iter().filter(|it| offset(&status.after, it) == "-");
    let rows = status.after.iter().chain(gone).map(|it| {
        [cell(Some(&it.partition)), offset(&status.before, it), offset(&status.after, it)]
    });
    let rows: Vec<[String; 3]> = rows.filter(|[_, before, after]| before != after).collect();
    let total = status.before_total.max(status.after_total).unwrap_or_default();
    let shown = status.before.len().max(status.after.len());
    let more = match usize::try_from(total) {
        Ok(total) if total > shown => {
            format!("of {total} partitions the first {shown} are looked at\n")
        }
        _ => String::new(),
    };
    if rows.is_empty() {
        return format!("nothing would change\n{more}");
    }
    format!("{}{more}", super::table(["PARTITION", "NOW", "THEN"], &rows))
}

fn cell(map: Option<&Map<String, Value>>) -> String {
    let Some(map) = map else { return "-".to_owned() };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries: Vec<String> =
        map.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
    entries.join(" ")
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
    fn what_would_move_is_shown_beside_what_is() {
        let done = |before: Value, after: Value, total: i32| -> KafkaConnectorOffsets {
            serde_json::from_value(json!({
                "apiVersion": "sluice.dev/v1alpha1",
                "kind": "KafkaConnectorOffsets",
                "metadata": {"name": "a"},
                "spec": {"connector": "c", "operation": "Reset"},
                "status": {"before": before, "beforeTotal": total, "after": after, "afterTotal": 2},
            }))
            .unwrap()
        };
        let at = |partition: &str, position: i64| json!({"partition": {"p": partition}, "offset": {"o": position}});
        let before = json!([at("a", 1), at("b", 2), at("c", 3)]);
        let moved = done(before.clone(), json!([at("b", 2), at("c", 4), at("d", 5)]), 3);
        assert_eq!(
            comparison(&moved),
            "PARTITION  NOW  THEN\np=c        o=3  o=4\np=d        -    o=5\np=a        o=1  -\n"
        );
        let same = comparison(&done(before.clone(), before, 500));
        assert_eq!(same, "nothing would change\nof 500 partitions the first 3 are looked at\n");
    }

    #[test]
    fn places_are_words_or_times_with_a_zone() {
        assert_eq!(place("end"), Ok(Place::End));
        let time = place("2026-01-31T09:00:00+01:00").unwrap();
        assert_eq!(seek(&time)["seekToTime"]["time"], "2026-01-31T08:00:00Z");
        for text in ["", "now", "2026-01-31", "2026-01-31T08:00:00"] {
            assert!(place(text).unwrap_err().contains("beginning, end"), "{text}");
        }
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
}
