//! Databases to write to and to look into.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use sluice_jdbc::{Cell, Dialect, JdbcUrl, Login, Session};
use sluice_kit::{mariadb::MariaDb, postgres::Postgres};
use sluice_plugin::{Properties, config::Secret};

use crate::databases;

/// Names databases.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A database of a test's own.
pub(crate) struct Bed {
    pub(crate) url: String,
    pub(crate) dialect: Dialect,
    user: Option<(&'static str, &'static str)>,
    _folder: Option<tempfile::TempDir>,
}

impl Bed {
    /// A file of SQLite that waits 200 ms for a lock.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("jdbc:sqlite:{}?busy_timeout=200", folder.path().join("a.db").display());
        Self { url, dialect: Dialect::Sqlite, user: None, _folder: Some(folder) }
    }

    /// One database of each kind.
    pub(crate) async fn all() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        all.extend(Self::postgres().await);
        all.extend(Self::mariadb().await);
        all
    }

    /// A database of PostgreSQL that waits 50 ms for a lock; none where the server is not installed.
    pub(crate) async fn postgres() -> Option<Self> {
        if let Some(missing) = Postgres::missing() {
            sluice_kit::skip::skipped::<()>(module_path!(), &missing);
            return None;
        }
        let server = databases::postgres().await;
        let name = format!("bed{}", NEXT.fetch_add(1, Ordering::Relaxed));
        server.database(&name).expect("a database");
        let url = format!("{}?options=-c%20lock_timeout=50", server.url(&name));
        let user = Some(("postgres", Postgres::PASSWORD));
        Some(Self { url, dialect: Dialect::Postgres, user, _folder: None })
    }

    /// A database of MariaDB that waits a second for a lock; none where the server is not installed.
    pub(crate) async fn mariadb() -> Option<Self> {
        if let Some(missing) = MariaDb::missing() {
            sluice_kit::skip::skipped::<()>(module_path!(), &missing);
            return None;
        }
        let server = databases::mariadb().await;
        let name = format!("bed{}", NEXT.fetch_add(1, Ordering::Relaxed));
        server.database(&name).expect("a database");
        let url = format!(
            "{}?sessionVariables=lock_wait_timeout=1,innodb_lock_wait_timeout=1",
            server.url(&name)
        );
        let user = Some(("root", MariaDb::PASSWORD));
        Some(Self { url, dialect: Dialect::MySql, user, _folder: None })
    }

    /// A session that keeps all others from writing to a table, and nobody from reading it.
    pub(crate) async fn lock(&self, table: &str) -> Session {
        let mut session = self.session().await;
        let statements = match self.dialect {
            Dialect::Postgres => {
                vec!["BEGIN".to_owned(), format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")]
            }
            Dialect::MySql => {
                vec!["SET autocommit = 0".to_owned(), format!("LOCK TABLES {table} READ")]
            }
            Dialect::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
        };
        for statement in &statements {
            session.execute(statement, Vec::new()).await.expect(statement);
        }
        session
    }

    pub(crate) async fn session(&self) -> Session {
        let login = Login {
            url: JdbcUrl::parse(&self.url).expect("a URL"),
            user: self.user.map(|it| it.0.to_owned()),
            password: self.user.map(|it| Secret::new(it.1)),
            attempts: 1,
            backoff: Duration::ZERO,
            read_only: false,
        };
        Session::open(&login).await.expect("a session")
    }

    /// Ends all other connections to this database, as an operator or a failing server does.
    pub(crate) async fn cut(&self) {
        let mut session = self.session().await;
        let (others, end) = match self.dialect {
            Dialect::Postgres => (
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
                "SELECT pg_terminate_backend(",
            ),
            _ => (
                "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
                "KILL ",
            ),
        };
        for row in session.rows(others, Vec::new()).await.expect("connections") {
            let number = match row[..] {
                [Cell::Int(number)] => i128::from(number),
                [Cell::Unsigned(number)] => i128::from(number),
                _ => panic!("{row:?}"),
            };
            let bracket = if end.ends_with('(') { ")" } else { "" };
            // It may have ended by itself.
            let _ = session.execute(&format!("{end}{number}{bracket}"), Vec::new()).await;
        }
    }

    /// Runs a statement.
    pub(crate) async fn run(&self, sql: &str) {
        self.session().await.execute(sql, Vec::new()).await.expect(sql);
    }

    /// The rows of a query as text: cells with a blank between, rows with a comma.
    pub(crate) async fn told(&self, sql: &str) -> String {
        let rows = self.session().await.rows(sql, Vec::new()).await.expect(sql);
        let cell = |cell: &Cell| match cell {
            Cell::Null => "-".to_owned(),
            Cell::Int(it) => it.to_string(),
            Cell::Unsigned(it) => it.to_string(),
            Cell::Text(it) => it.to_string(),
            Cell::Double(it) => it.to_string(),
            Cell::Decimal(it) => it.to_string(),
            Cell::Boolean(it) => it.to_string(),
            other => format!("{other:?}"),
        };
        let row = |row: &Vec<Cell>| row.iter().map(cell).collect::<Vec<_>>().join(" ");
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    /// Settings of Confluent's sink for this database.
    pub(crate) fn settings(&self, more: &[(&str, &str)]) -> Properties {
        let mut settings = Properties::from([("connection.url".to_owned(), self.url.clone())]);
        if let Some((user, password)) = self.user {
            settings.insert("connection.user".to_owned(), user.to_owned());
            settings.insert("connection.password".to_owned(), password.to_owned());
        }
        settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        settings
    }

    /// An identifier in this database's quotes.
    pub(crate) fn quoted(&self, name: &str) -> String {
        sluice_jdbc::Names::quoted(self.dialect).identifier(name)
    }
}
