//! `sluice convert`: others' resources, or the connectors of a live cluster, as ours.
//!
//! read → convert (pure; a book says what became of each field) → check as the API server would → print. What is left out
//! is named on standard error, field by field.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sluice_crds::yaml::{self, Document};
use sluice_crds::{CLUSTER_LABEL, GROUP, KafkaConnect, KafkaConnector, admit};

use super::files;

mod cfk;
mod conversion;
mod files_allowed;
mod fit;
mod ledger;
mod metadata;
mod rest;
mod settings;
mod strimzi;
mod values;

use conversion::Conversion;
use ledger::Ledger;
use values::{Placeholder, Providers};

/// Why nothing is converted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Files.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// A manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] yaml::Error),
    /// A live cluster.
    #[error(transparent)]
    Workers(#[from] crate::connect_api::Error),
    /// The system takes no output, or gives no threads.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Turn others' resources, or the connectors of a live cluster, into manifests of Sluice.
///
/// The manifests go to standard output. What has no meaning here is named on standard error, field by field, and so is
/// what was added and what to look at. The exit code is 1 if the API server would refuse a manifest as it is.
///
/// Examples:
///   sluice convert strimzi -f connect.yaml > sluice.yaml
///   kubectl get kafkaconnects.kafka.strimzi.io,kafkaconnectors.kafka.strimzi.io -o yaml | sluice convert strimzi
///   sluice convert cfk -f confluent/
///   sluice convert rest --url http://localhost:8083 --cluster my-connect
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Convert {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// KafkaConnect and KafkaConnector of Strimzi (kafka.strimzi.io/v1 and v1beta2).
    Strimzi(Manifests),
    /// Connect and Connector of Confluent for Kubernetes (platform.confluent.io/v1beta1).
    Cfk(Manifests),
    /// The connectors of a running Kafka Connect, Java's or Sluice's, over its REST API.
    Rest(rest::Rest),
}

#[derive(Debug, Args)]
struct Manifests {
    /// File or folder with manifests, `-` for standard input; may be given several times.
    #[arg(short = 'f', long = "file", value_name = "PATH", default_value = "-")]
    files: Vec<PathBuf>,
    /// KafkaConnect of connectors that do not say which one they run on.
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Output {
    /// Form of the manifests: YAML documents, or one JSON List.
    #[arg(short, long, value_name = "yaml|json", default_value = "yaml", value_parser = ["yaml", "json"])]
    output: String,
}

/// A resource of ours, made of another one.
#[derive(Debug)]
struct Converted {
    object: Value,
    ledger: Ledger,
}

/// Ends a conversion: the resource that it made.
fn converted(kind: &str, metadata: &Value, mut conversion: Conversion) -> Converted {
    for field in ["apiVersion", "kind"] {
        if let Some(value) = conversion.take(field) {
            conversion.ledger.moved(field, field, &value);
        }
    }
    let (spec, ledger) = conversion.finish();
    let version = format!("{GROUP}/v1alpha1");
    let object = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec});
    Converted { object, ledger }
}

/// A converter of one kind of source; none if a manifest is not of that kind.
type Converter = fn(&Value) -> Option<Converted>;

/// What came out of a conversion of many.
#[derive(Debug, Default)]
struct Outcome {
    objects: Vec<Value>,
    /// Lines for people.
    told: Vec<String>,
    is_refused: bool,
}

/// Converts, prints, and says whether all of it can be applied.
pub(super) async fn run(arguments: Convert) -> Result<ExitCode, Error> {
    let (outcome, output) = match arguments.from {
        From::Strimzi(manifests) => {
            (convert_files(&manifests, strimzi::GROUP, strimzi::convert)?, manifests.output)
        }
        From::Cfk(manifests) => {
            (convert_files(&manifests, cfk::GROUP, cfk::convert)?, manifests.output)
        }
        From::Rest(rest) => rest::run(rest).await?,
    };
    let text = match output.output.as_str() {
        "json" => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": outcome.objects});
            format!("{list:#}\n")
        }
        _ => documents(&outcome.objects)?,
    };
    super::print(&text)?;
    for line in &outcome.told {
        eprintln!("{line}");
    }
    Ok(if outcome.is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn documents(objects: &[Value]) -> Result<String, yaml::Error> {
    let texts: Result<Vec<String>, _> = objects.iter().map(yaml::write).collect();
    Ok(texts?.join("---\n"))
}

fn convert_files(
    manifests: &Manifests,
    group: &str,
    converter: Converter,
) -> Result<Outcome, Error> {
    let mut documents = Vec::new();
    for source in files::read(&manifests.files)? {
        let read = yaml::read(&source.name, &source.text)?;
        documents.extend(read.into_iter().flat_map(Document::items));
    }
    let providers = Providers::of(&documents);
    let theirs = Theirs { group, converter, providers, cluster: manifests.cluster.as_deref() };
    let mut outcome = Outcome::default();
    for document in &documents {
        theirs.convert(document, &mut outcome);
    }
    note_providers(&mut outcome);
    files_allowed::allow(&mut outcome);
    note_guests(&mut outcome);
    Ok(outcome)
}

/// What is known of the manifests that are read.
struct Theirs<'a> {
    group: &'a str,
    converter: Converter,
    providers: Providers,
    /// KafkaConnect of connectors that do not name one.
    cluster: Option<&'a str>,
}

impl Theirs<'_> {
    fn convert(&self, document: &Document, outcome: &mut Outcome) {
        let version = document.text_of("apiVersion").and_then(|it| it.strip_prefix(self.group));
        let is_theirs = version.is_some_and(|rest| rest.starts_with('/'));
        let made = is_theirs.then(|| (self.converter)(&document.value)).flatten();
        let Some(mut made) = made else {
            let [kind, name] = kind_and_name(&document.value);
            let why = format!("{kind} {name} is no resource of Kafka Connect, and not converted");
            return outcome.tell("left out", &document.refuse(None, why));
        };
        if let Some(cluster) = self.cluster {
            name_cluster(&mut made, cluster);
        }
        values::refer(&mut made, &self.providers);
        for (word, notes) in [("left out", &made.ledger.left), ("look at", &made.ledger.remarks)] {
            for note in notes {
                outcome.tell(word, &document.refuse(Some(&note.field), &*note.message));
            }
        }
        outcome.take(made.object);
    }
}

/// How people call a resource.
fn kind_and_name(resource: &Value) -> [&str; 2] {
    [&resource["kind"], &resource["metadata"]["name"]].map(|it| it.as_str().unwrap_or("?"))
}

/// Gives a connector the cluster that it does not name itself.
fn name_cluster(made: &mut Converted, cluster: &str) {
    let labels = &made.object["metadata"]["labels"];
    if made.object["kind"] == "KafkaConnector" && labels[CLUSTER_LABEL].is_null() {
        made.object["metadata"]["labels"][CLUSTER_LABEL] = json!(cluster);
    }
}

/// Says which settings name values of config providers that no cluster here configures.
fn note_providers(outcome: &mut Outcome) {
    let provided: BTreeSet<String> = outcome
        .objects
        .iter()
        .filter_map(|object| object["spec"]["config"]["config.providers"].as_str())
        .flat_map(|names| names.split(',').map(|name| name.trim().to_owned()))
        .collect();
    let mut lines = Vec::new();
    for object in &outcome.objects {
        let [kind, name] = kind_and_name(object);
        for (key, value) in object["spec"]["config"].as_object().into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            let of_connector = kind == "KafkaConnector";
            let is_known = |it: &Placeholder<'_>| {
                provided.contains(it.provider) || of_connector && it.is_ours()
            };
            for placeholder in values::placeholders(text).iter().filter(|it| !is_known(it)) {
                let provider = placeholder.provider;
                lines.push(format!(
                    "look at: {kind} {name}: spec.config[{key}]: its value comes from the config provider {provider}; \
                     add that to spec.config of the KafkaConnect, or name the value in another way"
                ));
            }
        }
    }
    outcome.told.extend(lines);
}

/// Says which clusters have to let connectors of another namespace in.
fn note_guests(outcome: &mut Outcome) {
    let is_guest = |it: &&Value| it["spec"]["clusterNamespace"].is_string();
    let line = |object: &Value| {
        let [namespace, name] = [&object["metadata"]["namespace"], &object["metadata"]["name"]]
            .map(|it| it.as_str().unwrap_or("?"));
        format!(
            "look at: KafkaConnector {name}: spec.clusterNamespace: its KafkaConnect has to name {namespace} in \
             spec.allowedNamespaces"
        )
    };
    let lines: Vec<String> = outcome.objects.iter().filter(is_guest).map(line).collect();
    outcome.told.extend(lines);
}

impl Outcome {
    fn tell(&mut self, word: &str, error: &yaml::Error) {
        self.told.push(format!("{word}: {error}"));
    }

    /// Takes a resource, and says what the API server would say against it.
    fn take(&mut self, object: Value) {
        for error in refusals(&object) {
            let [kind, name] = kind_and_name(&object);
            self.is_refused = true;
            self.told.push(format!("refused: {kind} {name}: {error}"));
        }
        self.objects.push(object);
    }
}

/// Why the API server would refuse a resource, or the operator could do nothing with it.
fn refusals(object: &Value) -> Vec<String> {
    let said = |error: yaml::Error| match error.field {
        Some(field) => format!("{field}: {}", error.message),
        None => error.message,
    };
    let read = yaml::write(object).and_then(|text| yaml::read("output", &text));
    let document = match read.map(|mut documents| documents.pop()) {
        Ok(Some(document)) => document,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![said(error)],
    };
    let is_cluster = object["kind"] == "KafkaConnect";
    let admitted = if is_cluster {
        admit::<KafkaConnect>(&document).map(drop)
    } else {
        admit::<KafkaConnector>(&document).map(drop)
    };
    let mut refusals: Vec<String> =
        admitted.err().unwrap_or_default().into_iter().map(said).collect();
    let is_somewhere = !object["metadata"]["labels"][CLUSTER_LABEL].is_null()
        || !object["spec"]["connectRest"].is_null();
    if !is_cluster && !is_somewhere {
        refusals.push(format!(
            "metadata.labels: nothing says which KafkaConnect runs it; give --cluster NAME, or add the label {CLUSTER_LABEL}"
        ));
    }
    refusals
}

#[cfg(test)]
mod tests;
