//! `sluice lint`: what is wrong with manifests, found without a cluster.
//!
//! files → documents → schema and rules of the CRDs → what the operator would refuse → findings.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use kube::ResourceExt;
use sluice_crds::yaml::{self, Document};
use sluice_crds::{GROUP, KafkaConnect, KafkaConnector, KafkaConnectorOffsets, admit};

use super::files;

mod checks;
mod findings;
mod settings;

use findings::{Finding, Findings, Severity};

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Files.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// The program that checks settings of connectors does not answer.
    #[error("{0}")]
    NoWorker(String),
    /// The system takes no output, or gives no folder.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Say what is wrong with manifests, without a cluster.
///
/// Checks what the API server would check (schema and rules) and what the operator would refuse (forbidden keys, values
/// that are no scalars, names), and, with the program sluice-worker, what workers would say of the settings of connectors;
/// values that stand in Secrets and ConfigMaps are not read. Each finding has its file and line; the exit code is 1 if one of them is an error.
///
/// Examples:
///   sluice lint -f deploy/
///   kubectl kustomize overlays/prod | sluice lint -f - -o json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Lint {
    /// File or folder with manifests, `-` for standard input; may be given several times.
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    files: Vec<PathBuf>,
    /// The program sluice-worker. Looked for beside this program and on the PATH unless given.
    #[arg(long, value_name = "FILE")]
    worker_binary: Option<PathBuf>,
    /// Form of the findings: lines for people, or one JSON object.
    #[arg(short, long, value_name = "text|json", default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// A resource and where it stands.
#[derive(Clone, Debug)]
struct Located<K> {
    object: K,
    document: Document,
}

/// The resources that passed the API server's checks.
#[derive(Debug, Default)]
struct Admitted {
    clusters: Vec<Located<KafkaConnect>>,
    connectors: Vec<Located<KafkaConnector>>,
}

/// Checks, prints, and says whether there is no error.
pub(super) async fn run(arguments: &Lint) -> Result<ExitCode, Error> {
    let mut findings = Findings::default();
    let mut admitted = Admitted::default();
    for source in files::read(&arguments.files)? {
        take(&source, &mut admitted, &mut findings);
    }
    checks::all(&admitted, &mut findings);
    let program = super::worker_program(arguments.worker_binary.as_deref())?;
    settings::all(&admitted, &program, &mut findings).await?;
    findings.sort();
    let is_json = arguments.output == "json";
    super::print(&if is_json { findings.json() } else { findings.text() })?;
    Ok(if findings.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn take(source: &files::Source, admitted: &mut Admitted, findings: &mut Findings) {
    let documents = match yaml::read(&source.name, &source.text) {
        Ok(documents) => documents,
        Err(error) => return findings.add(Finding::new(Severity::Error, "", error)),
    };
    for document in documents {
        for item in document.items() {
            take_document(item, admitted, findings);
        }
    }
}

fn take_document(document: Document, admitted: &mut Admitted, findings: &mut Findings) {
    let kind = document.text_of("kind").unwrap_or_default().to_owned();
    let version = document.text_of("apiVersion").unwrap_or_default().to_owned();
    let name = document.value["metadata"]["name"].as_str().unwrap_or("?");
    let resource = format!("{kind} {name}");
    let Some(version) = version.strip_prefix(&format!("{GROUP}/")) else {
        let note = document.refuse(None, format!("{resource} is not looked at"));
        return findings.add(Finding::new(Severity::Note, &resource, note));
    };
    findings.resources += 1;
    let errors = match (version, kind.as_str()) {
        ("v1alpha1", "KafkaConnect") => {
            admit(&document).map(|object| admitted.clusters.push(Located { object, document }))
        }
        ("v1alpha1", "KafkaConnector") => {
            admit(&document).map(|object| admitted.connectors.push(Located { object, document }))
        }
        ("v1alpha1", "KafkaConnectorOffsets") => {
            admit::<KafkaConnectorOffsets>(&document).map(drop)
        }
        ("v1alpha1", _) => Err(vec![document.refuse(Some("kind"), "no such kind in this group")]),
        _ => Err(vec![document.refuse(Some("apiVersion"), format!("is {GROUP}/v1alpha1 only"))]),
    };
    for error in errors.err().unwrap_or_default() {
        findings.add(Finding::new(Severity::Error, &resource, error));
    }
}

/// How findings call a resource.
fn called<K: kube::Resource<DynamicType = ()>>(resource: &K) -> String {
    format!("{} {}", K::kind(&()), resource.name_any())
}

#[cfg(test)]
mod tests;
