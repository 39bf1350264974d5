//! `sluice dev`: the manifests of a folder, run on this machine by real processes until Ctrl-C or the time is over.
//!
//! manifests → layout → files → processes → connectors over REST → board. What a cluster would do is decided by the
//! same code as in the operator.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sluice_crds::yaml;

use super::arguments::Dev;
use super::files;

mod board;
mod carried;
mod follow;
mod layout;
mod manifests;
mod mounts;
mod ports;
pub(super) mod preview;
mod processes;
mod run;
mod screen;

use layout::Kafka;
use manifests::Manifests;
use mounts::{Folder, Places};
use ports::Ports;
use run::Run;

/// Where Kafka brokers usually listen.
const BROKER_PORT: u16 = 9092;

/// Why manifests do not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Manifests are wrong.
    #[error("{}", lines(.0))]
    Manifests(Vec<yaml::Error>),
    /// There is nothing to run.
    #[error("no KafkaConnect in {0}")]
    Nothing(PathBuf),
    /// A connector has to be named.
    #[error("{0}")]
    Choose(String),
    /// A file or folder cannot be used.
    #[error("cannot {what} {path}")]
    File {
        /// What was being done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No port is free, or no signal can be received.
    #[error("the system has no room for another run")]
    System(#[source] std::io::Error),
    /// The broker did not start.
    #[error(
        "the embedded broker does not listen; see what it says above, or name a Kafka with --bootstrap-servers"
    )]
    Broker,
}

fn lines(errors: &[yaml::Error]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Runs manifests. Success is a run that was ended by hand, or one of limited time in which all became Ready.
pub(super) async fn run(settings: Dev) -> Result<ExitCode, Error> {
    let state = tempfile::tempdir().map_err(Error::System)?;
    let state_path = settings.data_dir.clone().unwrap_or_else(|| state.path().to_owned());
    let state_path = absolute(&state_path)?;
    let manifests = read(&settings.path)?;
    let mut ports = Ports::default();
    let embedded = format!("127.0.0.1:{}", ports.free(BROKER_PORT).map_err(Error::System)?);
    let named = settings.bootstrap_servers.clone();
    let kafka = match &named {
        Some(address) => Kafka::Named(address),
        None => Kafka::Embedded(&embedded),
    };
    let manifests_path = absolute(&settings.path)?;
    let places =
        Places { manifests: beside(&manifests_path), state: &state_path, given: &settings.mounts };
    let layout = layout::of(&manifests, kafka, places).map_err(Error::Manifests)?;
    if layout.clusters.is_empty() {
        return Err(Error::Nothing(settings.path));
    }
    for folder in &layout.folders {
        make(folder)?;
    }
    let mut run = Run::new(settings, state_path, ports)?;
    let outcome = run.live(layout, kafka).await;
    run.stop().await;
    outcome
}

/// The folder with the manifests of a path.
fn beside(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("/")) }
}

fn read(path: &Path) -> Result<Manifests, Error> {
    let file = |what, path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { what, path, source }
    };
    let mut manifests = Manifests::default();
    let mut errors = Vec::new();
    for path in files::of_path(path).map_err(file("read", path))? {
        let text = std::fs::read_to_string(&path).map_err(file("read", &path))?;
        if let Err(more) = manifests::take(&path.display().to_string(), &text, &mut manifests) {
            errors.extend(more);
        }
    }
    if errors.is_empty() { Ok(manifests) } else { Err(Error::Manifests(errors)) }
}

/// Makes a folder and its files, for this user alone where it makes them.
fn make(folder: &Folder) -> Result<(), Error> {
    let failed = |source| Error::File { what: "make", path: folder.path.clone(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder.path).map_err(failed)?;
    for (name, content) in &folder.files {
        write(&folder.path.join(name), content)?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { what: "write", path: path.to_owned(), source };
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, content)).map_err(failed)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::File {
        what: "find",
        path: path.to_owned(),
        source,
    })
}
