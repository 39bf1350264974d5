//! How the process of a worker is started.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::java;
use crate::lasting::{self, Process};

/// Which worker to start, and how.
#[derive(Clone, Debug)]
pub struct Launch {
    kind: Kind,
    cores: Option<String>,
    /// The files of the connectors of a worker on its own.
    alone: Option<Vec<PathBuf>>,
    /// Variables of its environment, beside those of the test.
    variables: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum Kind {
    Java { flags: Vec<String>, jars: Vec<PathBuf> },
    Sluice { program: PathBuf },
}

impl Launch {
    /// Apache Kafka Connect with these flags of the JVM.
    pub fn java<F: Into<String>>(flags: impl IntoIterator<Item = F>) -> Self {
        let flags = flags.into_iter().map(Into::into).collect();
        Self::of(Kind::Java { flags, jars: Vec::new() })
    }

    /// With the jars of this folder too, where the worker is one on Java.
    #[must_use]
    pub fn with_jars(mut self, folder: &Path) -> Self {
        if let Kind::Java { jars, .. } = &mut self.kind {
            jars.push(folder.join("*"));
        }
        self
    }

    /// With the classes of this folder too, likewise.
    #[must_use]
    pub fn with_classes(mut self, folder: &Path) -> Self {
        if let Kind::Java { jars, .. } = &mut self.kind {
            jars.push(folder.to_owned());
        }
        self
    }

    /// This build of Sluice.
    pub fn sluice(program: &Path) -> Self {
        Self::of(Kind::Sluice { program: program.to_owned() })
    }

    const fn of(kind: Kind) -> Self {
        Self { kind, cores: None, alone: None, variables: Vec::new() }
    }

    /// With a variable of its environment.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// In standalone mode, with the connectors of these files.
    #[must_use]
    pub fn alone_with(mut self, connectors: &[PathBuf]) -> Self {
        self.alone = Some(connectors.to_vec());
        self
    }

    /// On these cores only, as `taskset` takes them.
    #[must_use]
    pub fn on_cores(mut self, cores: Option<&str>) -> Self {
        self.cores = cores.map(str::to_owned);
        self
    }

    pub(super) const fn is_sluice(&self) -> bool {
        matches!(self.kind, Kind::Sluice { .. })
    }

    /// Starts a worker in the folder that holds its file. Returns also when.
    pub(super) async fn run(&self, folder: &Path) -> Result<(Process, Instant)> {
        let (name, mut command) = match &self.kind {
            Kind::Java { flags, jars } => {
                let mut class_path = java::class_path().await?;
                for jars in jars {
                    class_path = format!("{class_path}:{}", jars.display());
                }
                let mut command = java::jvm(&class_path, flags);
                let mode = if self.alone.is_some() { "Standalone" } else { "Distributed" };
                command.arg(format!("org.apache.kafka.connect.cli.Connect{mode}"));
                ("Java Connect", command)
            }
            Kind::Sluice { program } => {
                let mut command = lasting::command(program);
                command.arg(if self.alone.is_some() { "standalone" } else { "distributed" });
                ("sluice-worker", command)
            }
        };
        command.arg(folder.join("worker.properties"));
        command.args(self.alone.iter().flatten());
        if let Some(cores) = &self.cores {
            command = lasting::within(&["taskset", "-c", cores], &command);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(folder);
        let started = Instant::now();
        Ok((Process::run(name, command, &folder.join("worker.log"))?, started))
    }
}
