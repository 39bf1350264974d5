//! A real PostgreSQL on a free port of this machine, from Debian's package.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::database::{Folder, as_user, missing_user, succeeds};
use crate::lasting::{self, Process};
use crate::{ports, wait};

/// How long its start may take on a busy machine.
const START: Duration = Duration::from_mins(1);
/// The user that Debian's package makes; the server refuses to be root.
const USER: &str = "postgres";

/// A running PostgreSQL with a superuser `postgres`; dropped, it is killed, and its data are removed.
#[derive(Debug)]
pub struct Postgres {
    place: Place,
    programs: PathBuf,
    process: Process,
    folder: Folder,
}

/// Where a server listens.
#[derive(Clone, Debug)]
struct Place {
    address: IpAddr,
    port: u16,
    /// A process whose network it shares.
    network_of: Option<u32>,
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
        let port = ports::free()?;
        Self::start_at(Place { address: Ipv4Addr::LOCALHOST.into(), port, network_of: None }).await
    }

    /// Starts one that listens in the network of a process, to everybody there who has the password.
    pub async fn start_in_network(process: u32, address: IpAddr, port: u16) -> Result<Self> {
        Self::start_at(Place { address, port, network_of: Some(process) }).await
    }

    async fn start_at(place: Place) -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed")?;
        let folder = Folder::of(USER, "postgres")?;
        let password = folder.path("password");
        std::fs::write(&password, Self::PASSWORD)?;
        let mut create = as_user(USER, &programs.join("initdb"));
        create.args(["-N", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"]);
        create.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        create.arg("-D").arg(folder.path("data")).arg("--pwfile").arg(password);
        succeeds("initdb", &mut create)?;
        if place.network_of.is_some() {
            let rules = OpenOptions::new().append(true).open(folder.path("data/pg_hba.conf"));
            writeln!(rules?, "host all all all scram-sha-256")?;
        }
        let process = serve(&programs, &folder, &place)?;
        let mut started = Self { place, programs, process, folder };
        started.ready().await?;
        Ok(started)
    }

    /// The port that it listens on.
    pub const fn port(&self) -> u16 {
        self.place.port
    }

    /// The JDBC URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("jdbc:postgresql://{}:{}/{database}", self.place.address, self.place.port)
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
            &self.place.port.to_string(),
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

    /// Starts it again on its data and its port, unless it is in another network.
    pub async fn restart(&mut self) -> Result<()> {
        let wanted = self.folder.path("data").join("postmaster.pid");
        ensure!(self.place.network_of.is_none(), "ports of another network cannot be seen");
        // Left by a server that was killed; its children are gone once the port is.
        let (address, port) = (self.place.address, self.place.port);
        wait::until(START, "the port to be free", async || {
            std::net::TcpListener::bind((address, port)).is_ok()
        })
        .await?;
        if wanted.exists() {
            std::fs::remove_file(wanted)?;
        }
        self.process = serve(&self.programs, &self.folder, &self.place)?;
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

fn serve(programs: &Path, folder: &Folder, place: &Place) -> Result<Process> {
    let mut server = as_user(USER, &programs.join("postgres"));
    server.arg("-D").arg(folder.path("data")).args(["-p", &place.port.to_string()]);
    server.args(["-h", &place.address.to_string()]);
    server.arg("-k").arg(folder.root());
    for setting in
        ["fsync=off", "wal_level=logical", "max_connections=200", "log_min_messages=fatal"]
    {
        server.args(["-c", setting]);
    }
    if let Some(process) = place.network_of {
        let process = process.to_string();
        server = lasting::within(&["nsenter", "-t", &process, "-n", "--"], &server);
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
