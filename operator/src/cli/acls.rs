//! `sluice acls`: what workers and connectors need on Kafka, as commands or as a KafkaUser.
//!
//! manifests or Kubernetes → clusters with their connectors → needs → text.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use kube::ResourceExt;
use sluice_crds::yaml;
use sluice_crds::{GROUP, KafkaConnect, KafkaConnector, admit};

use super::access::{self, Access};
use super::files;
use crate::connector::place;

mod needs;
mod show;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kubernetes.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Files.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// A manifest.
    #[error("{0}")]
    Manifest(#[from] yaml::Error),
    /// No cluster of the name.
    #[error("there is no KafkaConnect {0} there")]
    NoCluster(String),
    /// Nothing says which one is meant.
    #[error("name one of the KafkaConnects: {0}")]
    WhichCluster(String),
    /// The spec does not name the user.
    #[error(
        "spec.authentication of KafkaConnect {0} does not say as whom Kafka knows the workers; name that with --principal"
    )]
    NoPrincipal(String),
    /// The system takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Print the rights on Kafka that the workers of a KafkaConnect and its connectors need.
///
/// As commands of kafka-acls.sh, or, with -o yaml, as a KafkaUser of Strimzi. What a connector needs follows from its
/// settings as they are written: topics that transforms make up, or that come from a Secret, are not known, and
/// standard error says so.
///
/// Examples:
///   sluice acls my-connect -n shop
///   sluice acls -f deploy/ --principal User:connect | sh
///   sluice acls my-connect --principal User:connect -o yaml > user.yaml
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Acls {
    /// The KafkaConnect. May be left out where there is only one.
    cluster: Option<String>,
    /// File or folder with manifests, `-` for standard input, to look there and not in Kubernetes; may be given several
    /// times.
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// As whom Kafka knows the workers. The user of spec.authentication unless given.
    #[arg(long, value_name = "TYPE:NAME")]
    principal: Option<String>,
    #[command(flatten)]
    access: Access,
    /// Form: commands of kafka-acls.sh, or a KafkaUser as YAML or JSON.
    #[arg(short, long, value_name = "text|json|yaml", default_value = "text", value_parser = ["text", "json", "yaml"])]
    output: String,
}

/// Looks, and prints.
pub(super) async fn run(arguments: Acls) -> Result<ExitCode, Error> {
    let (clusters, connectors) = if arguments.files.is_empty() {
        let session = arguments.access.connect().await?;
        let clusters = session.resources(false).await?.0;
        let guests = clusters.iter().any(|it| it.spec.allowed_namespaces.is_some());
        (clusters, session.resources(guests).await?.1)
    } else {
        read(&arguments.files)?
    };
    let cluster = choose(clusters, arguments.cluster.as_deref())?;
    let principal = principal(&cluster, arguments.principal)?;
    let is_ours = |it: &&KafkaConnector| {
        place::asked_cluster(it) == Some(cluster.name_any().as_str())
            && place::asked_namespace(it) == cluster.namespace().unwrap_or_default()
            && it.spec.connect_rest.is_none()
    };
    let connectors: Vec<&KafkaConnector> = connectors.iter().filter(is_ours).collect();
    let found = needs::of(&cluster, &connectors);
    for note in &found.unknown {
        eprintln!("look at: {note}");
    }
    let text = match arguments.output.as_str() {
        "text" => show::commands(&found.needs, &principal, &cluster.spec.bootstrap_servers),
        form => super::structured(&show::user(&found.needs, &principal, &cluster), form),
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn read(paths: &[PathBuf]) -> Result<(Vec<KafkaConnect>, Vec<KafkaConnector>), Error> {
    let (mut clusters, mut connectors) = (Vec::new(), Vec::new());
    let first = |errors: Vec<yaml::Error>| errors.into_iter().next();
    for source in files::read(paths)? {
        let documents = yaml::read(&source.name, &source.text)?;
        for document in documents.into_iter().flat_map(yaml::Document::items) {
            let version = document.text_of("apiVersion").unwrap_or_default();
            if !version.starts_with(&format!("{GROUP}/")) {
                continue;
            }
            let refused = match document.text_of("kind") {
                Some("KafkaConnect") => admit(&document).map(|it| clusters.push(it)).err(),
                Some("KafkaConnector") => admit(&document).map(|it| connectors.push(it)).err(),
                _ => None,
            };
            if let Some(error) = refused.and_then(first) {
                return Err(error.into());
            }
        }
    }
    Ok((clusters, connectors))
}

fn choose(clusters: Vec<KafkaConnect>, name: Option<&str>) -> Result<KafkaConnect, Error> {
    let names: Vec<String> = clusters.iter().map(ResourceExt::name_any).collect();
    let is_meant = |it: &KafkaConnect| name.is_none_or(|name| it.name_any() == name);
    let mut meant = clusters.into_iter().filter(is_meant);
    match (meant.next(), meant.next(), name) {
        (Some(one), None, _) => Ok(one),
        (None, _, Some(name)) => Err(Error::NoCluster(name.to_owned())),
        _ => Err(Error::WhichCluster(names.join(", "))),
    }
}

fn principal(cluster: &KafkaConnect, named: Option<String>) -> Result<String, Error> {
    let authentication = cluster.spec.authentication.as_ref();
    let user = authentication.and_then(|it| it.username.as_ref());
    let principal = named.or_else(|| user.map(|user| format!("User:{user}")));
    principal.ok_or_else(|| Error::NoPrincipal(cluster.name_any()))
}

#[cfg(test)]
mod tests;
