//! A real PostgreSQL on a free port of this machine, from Debian's package.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::database::{Folder, as_user, missing_user, succeeds};
use crate::lasting::Process;
use crate::{ports, wait};

/// How long its start may take on a busy machine.
const START: Duration = Duration::from_mins(1);
/// The user that Debian's package makes; the server refuses to be root.
const USER: &str = "postgres";

/// A running PostgreSQL with a superuser `postgres`; dropped, it is killed, and its data are removed.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    programs: PathBuf,
    process: Process,
    folder: Folder,
}

impl Postgres {
    /// The password of the superuser.
    pub const PASSWORD: &str = "postgres-secret";

    /// What this machine lacks, in one line.
    pub fn missing() -> Option<String> {
        match programs() {
            None => Some("PostgreSQL (Debian: postgresql-15) is not installed".to_owned()),
            Some(_) => missing_user(USER),
        }
    }

    /// Starts an empty server; changes are on the disk when the machine pleases, as they need only outlive the server.
    pub async fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed")?;
        let folder = Folder::of(USER, "postgres")?;
        let password = folder.path("password");
        std::fs::write(&password, Self::PASSWORD)?;
        let mut create = as_user(USER, &programs.join("initdb"));
        create.args(["-N", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"]);
        create.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        create.arg("-D").arg(folder.path("data")).arg("--pwfile").arg(password);
        succeeds("initdb", &mut create)?;
        let port = ports::free()?;
        let process = serve(&programs, &folder, port)?;
        let mut started = Self { port, programs, process, folder };
        started.ready().await?;
        Ok(started)
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The JDBC URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("jdbc:postgresql://127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database of its own for a test.
    pub fn database(&self, name: &str) -> Result<()> {
        self.run("postgres", &format!("CREATE DATABASE \"{name}\"")).map(drop)
    }

    /// Runs SQL in a database as the superuser; its answer as psql prints it, unaligned.
    pub fn run(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", USER, "-h"]);
        psql.arg(self.folder.root()).args([
            "-p",
            &self.port.to_string(),
            "-d",
            database,
            "-c",
            sql,
        ]);
        succeeds("psql", &mut psql)
    }

    /// SIGKILL to all of the server, as if the machine had failed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again on its data and its port.
    pub async fn restart(&mut self) -> Result<()> {
        let port = self.port;
        let wanted = self.folder.path("data").join("postmaster.pid");
        // Left by a server that was killed; its children are gone once the port is.
        wait::until(START, "the port to be free", async || {
            std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
        })
        .await?;
        if wanted.exists() {
            std::fs::remove_file(wanted)?;
        }
        self.process = serve(&self.programs, &self.folder, port)?;
        self.ready().await
    }

    async fn ready(&mut self) -> Result<()> {
        let mut died = Ok(());
        wait::until(START, "PostgreSQL to answer", async || {
            died = self.process.check();
            died.is_err() || self.run("postgres", "SELECT 1").is_ok()
        })
        .await
        .with_context(|| self.process.tail())?;
        died
    }
}

fn serve(programs: &std::path::Path, folder: &Folder, port: u16) -> Result<Process> {
    let mut server = as_user(USER, &programs.join("postgres"));
    server.arg("-D").arg(folder.path("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
    server.arg("-k").arg(folder.root());
    for setting in
        ["fsync=off", "wal_level=logical", "max_connections=200", "log_min_messages=fatal"]
    {
        server.args(["-c", setting]);
    }
    Process::run("PostgreSQL", server, &folder.path("log"))
}

/// The folder of the newest version's programs, which Debian keeps off the PATH.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let folders = versions.filter_map(|it| it.ok().map(|it| it.path()));
    let newest = folders.filter(|it| it.join("bin/initdb").exists()).max_by_key(number)?;
    Some(newest.join("bin"))
}
