//! `sluice report`: what somebody who helps needs to see, in one file, without secrets.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use futures::AsyncReadExt;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod};
use kube::ResourceExt;
use kube::api::{ListParams, LogParams};
use serde::Serialize;
use serde_json::Value;
use sluice_crds::{KafkaConnectorOffsets, yaml};

use super::access::{self, Access, Session, refused};
use crate::names;

mod archive;
mod secrets;

use archive::Archive;
use secrets::Secrets;

/// Lines of each log.
const TAIL: i64 = 5_000;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kubernetes.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The file.
    #[error("cannot write {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Write a support bundle: resources, objects, events and logs of a namespace, without secrets.
///
/// Secrets are not read. Values of settings, variables and log lines that are secret by the name of their key are replaced
/// by [hidden], and so are these values wherever they stand. Look through the file before you give it away all the same.
///
/// Examples:
///   sluice report -n shop
///   sluice report -n shop -f /tmp/shop.tar.gz
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Report {
    #[command(flatten)]
    access: Access,
    /// The file to write.
    #[arg(short = 'f', long = "file", value_name = "FILE", default_value = "sluice-report.tar.gz")]
    file: PathBuf,
}

/// Reads, hides, writes.
pub(super) async fn run(arguments: Report) -> Result<ExitCode, Error> {
    let session = arguments.access.connect().await?;
    let mut gathered = gather(&session).await?;
    let mut secrets = Secrets::default();
    for value in &gathered.objects {
        secrets.learn(&value.1);
    }
    let mut archive = Archive::new();
    let written = |source| Error::File { path: arguments.file.clone(), source };
    for (name, mut value) in gathered.objects.drain(..) {
        secrets::hide(&mut value);
        let text = yaml::write(&value).unwrap_or_else(|error| error.to_string());
        archive.add(&name, &secrets.hide_text(&text)).map_err(written)?;
    }
    for (name, text) in gathered.texts {
        archive.add(&name, &secrets.hide_text(&text)).map_err(written)?;
    }
    let bytes = archive.finish().map_err(written)?;
    std::fs::write(&arguments.file, bytes).map_err(written)?;
    super::print(&format!(
        "{} is written; look through it before you give it away\n",
        arguments.file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Files of the report before anything is hidden.
#[derive(Debug, Default)]
struct Gathered {
    objects: Vec<(String, Value)>,
    texts: Vec<(String, String)>,
}

impl Gathered {
    fn objects<K: Serialize>(&mut self, file: &str, objects: &[K]) {
        let value = serde_json::to_value(objects).expect("objects of an API are JSON");
        self.objects.push((format!("{file}.yaml"), value));
    }
}

async fn gather(session: &Session) -> Result<Gathered, Error> {
    let mut gathered = Gathered::default();
    let (clusters, connectors) = session.resources(false).await?;
    gathered.objects("kafkaconnects", &clusters);
    gathered.objects("kafkaconnectors", &connectors);
    let everything = ListParams::default();
    match session.list::<KafkaConnectorOffsets>(false, &everything).await {
        Ok(operations) => gathered.objects("kafkaconnectoroffsets", &operations),
        // A cluster of an older release does not know them.
        Err(error) => {
            let told = format!("{error}\n");
            gathered.texts.push(("kafkaconnectoroffsets.txt".to_owned(), told));
        }
    }
    let ours = ListParams::default().labels(names::MANAGED);
    gathered.objects("statefulsets", &session.list::<StatefulSet>(false, &ours).await?);
    gathered.objects("configmaps", &session.list::<ConfigMap>(false, &ours).await?);
    gathered.objects("events", &session.list::<Event>(false, &ListParams::default()).await?);
    let pods: Vec<Pod> = session.list(false, &ours).await?;
    gathered.objects("pods", &pods);
    for pod in &pods {
        let name = pod.name_any();
        for (previous, file) in
            [(false, format!("logs/{name}.log")), (true, format!("logs/{name}.previous.log"))]
        {
            match log(session, &name, previous).await {
                Ok(text) => gathered.texts.push((file, text)),
                // There is none before the first restart.
                Err(_) if previous => {}
                Err(error) => gathered.texts.push((file, format!("{error}\n"))),
            }
        }
    }
    let about = format!("sluice {}\nnamespace {}\n", env!("CARGO_PKG_VERSION"), session.namespace);
    gathered.texts.push(("about.txt".to_owned(), about));
    Ok(gathered)
}

async fn log(session: &Session, pod: &str, previous: bool) -> Result<String, access::Error> {
    let what = format!("read the log of pod {pod}");
    let parameters = LogParams {
        container: Some(names::CONTAINER.to_owned()),
        previous,
        tail_lines: Some(TAIL),
        ..LogParams::default()
    };
    let stream = session.api::<Pod>().log_stream(pod, &parameters).await;
    let mut stream = std::pin::pin!(stream.map_err(|error| refused(&what, error))?);
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    read.map_err(|error| access::Error::Api { what, cause: error.to_string() })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
