//! A real MariaDB on a free port of this machine, from Debian's package.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::database::{Folder, as_user, missing_user, succeeds};
use crate::kubernetes::on_path;
use crate::lasting::Process;
use crate::{ports, wait};

/// How long its start may take on a busy machine.
const START: Duration = Duration::from_mins(1);
/// The user that Debian's package makes; the server refuses to be root.
const USER: &str = "mysql";
const SERVER: &str = "/usr/sbin/mariadbd";

/// A running MariaDB with a user `root` of all rights; dropped, it is killed, and its data are removed.
#[derive(Debug)]
pub struct MariaDb {
    port: u16,
    process: Process,
    folder: Folder,
}

impl MariaDb {
    /// The password of `root`.
    pub const PASSWORD: &str = "mariadb-secret";

    /// What this machine lacks, in one line.
    pub fn missing() -> Option<String> {
        if !Path::new(SERVER).exists() || !on_path("mariadb-install-db") {
            return Some("MariaDB (Debian: mariadb-server) is not installed".to_owned());
        }
        missing_user(USER)
    }

    /// Starts an empty server that writes a binary log by rows.
    pub async fn start() -> Result<Self> {
        let folder = Folder::of(USER, "mariadb")?;
        // Without the normal root, anonymous users would stand before those of tests.
        let mut create = as_user(USER, Path::new("mariadb-install-db"));
        create.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        create.arg(format!("--datadir={}", folder.path("data").display()));
        succeeds("mariadb-install-db", &mut create)?;
        let port = ports::free()?;
        let process = serve(&folder, port)?;
        let mut started = Self { port, process, folder };
        started.ready("").await?;
        let grant = format!(
            "SET PASSWORD FOR root@localhost = PASSWORD('{0}'); CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '{0}'; GRANT \
             ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION",
            Self::PASSWORD
        );
        started.ask("", "", &grant)?;
        Ok(started)
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The JDBC URL of a database, as Connector/J and MariaDB's own driver both take it.
    pub fn url(&self, database: &str) -> String {
        format!("jdbc:mysql://127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database of its own for a test.
    pub fn database(&self, name: &str) -> Result<()> {
        self.run("", &format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4")).map(drop)
    }

    /// Runs SQL in a database as `root`; its answer as the client prints it, tab-separated.
    pub fn run(&self, database: &str, sql: &str) -> Result<String> {
        self.ask(Self::PASSWORD, database, sql)
    }

    fn ask(&self, password: &str, database: &str, sql: &str) -> Result<String> {
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "--batch", "--skip-column-names", "--user=root"]);
        client.arg("--default-character-set=utf8mb4");
        client.arg(format!("--socket={}", self.folder.path("socket").display()));
        client.env("MYSQL_PWD", password).arg(format!("--execute={sql}"));
        if !database.is_empty() {
            client.arg(database);
        }
        succeeds("mariadb", &mut client)
    }

    /// SIGKILL, as if the machine had failed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again on its data and its port.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = serve(&self.folder, self.port)?;
        self.ready(Self::PASSWORD).await
    }

    async fn ready(&mut self, password: &str) -> Result<()> {
        let mut died = Ok(());
        wait::until(START, "MariaDB to answer", async || {
            died = self.process.check();
            died.is_err() || self.ask(password, "", "SELECT 1").is_ok()
        })
        .await
        .with_context(|| self.process.tail())?;
        died
    }
}

fn serve(folder: &Folder, port: u16) -> Result<Process> {
    let mut server = as_user(USER, Path::new(SERVER));
    server.args(["--no-defaults", "--bind-address=127.0.0.1", "--log-bin", "--binlog-format=ROW"]);
    server.args([
        "--binlog-row-metadata=FULL",
        "--server-id=1",
        "--innodb-flush-log-at-trx-commit=2",
    ]);
    server.arg(format!("--datadir={}", folder.path("data").display()));
    server.arg(format!("--socket={}", folder.path("socket").display()));
    server.arg(format!("--pid-file={}", folder.path("pid").display()));
    server.arg(format!("--port={port}"));
    Process::run("MariaDB", server, &folder.path("log"))
}
