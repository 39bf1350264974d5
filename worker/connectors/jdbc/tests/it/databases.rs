//! The databases that the tests share, one server of each kind, and tasks that read from them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use sluice_jdbc::{JdbcSource, JdbcUrl, Login, Session};
use sluice_kit::{mariadb::MariaDb, postgres::Postgres};
use sluice_plugin::{
    AnySourceConnector, OffsetReader, Properties, Result, SourceContext, SourceTask,
    model::{SourceOffset, SourcePartition, SourceRecord, Value},
};
use tokio::{sync::OnceCell, time::timeout};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
    Sqlite,
}

/// All of them.
pub(crate) const KINDS: [Kind; 3] = [Kind::Postgres, Kind::MariaDb, Kind::Sqlite];

/// What this machine lacks.
pub(crate) fn missing() -> Option<String> {
    Postgres::missing().or_else(MariaDb::missing)
}

pub(crate) async fn postgres() -> &'static Postgres {
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    SERVER.get_or_init(async || Postgres::start().await.expect("PostgreSQL starts")).await
}

pub(crate) async fn mariadb() -> &'static MariaDb {
    static SERVER: OnceCell<MariaDb> = OnceCell::const_new();
    SERVER.get_or_init(async || MariaDb::start().await.expect("MariaDB starts")).await
}

/// A database of its own for a test.
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) settings: Properties,
    pub(crate) worker: Properties,
    pub(crate) session: Session,
    _folder: tempfile::TempDir,
}

impl Database {
    pub(crate) async fn new(kind: Kind, name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (url, user, password) = match kind {
            Kind::Postgres => {
                let server = postgres().await;
                server.database(name).expect("a database");
                (server.url(name), "postgres", Postgres::PASSWORD)
            }
            Kind::MariaDb => {
                let server = mariadb().await;
                server.database(name).expect("a database");
                (server.url(name), "root", MariaDb::PASSWORD)
            }
            Kind::Sqlite => (format!("jdbc:sqlite:{}/a.db", folder.path().display()), "", ""),
        };
        let mut settings = properties(&[
            ("connection.url", &url),
            ("connection.backoff.ms", "10"),
            ("topic.prefix", "shop-"),
            ("poll.interval.ms", "10"),
            ("table.poll.interval.ms", "10"),
        ]);
        if kind != Kind::Sqlite {
            settings.extend(properties(&[
                ("connection.user", user),
                ("connection.password", password),
            ]));
        }
        if kind == Kind::MariaDb {
            settings.insert("catalog.pattern".to_owned(), name.to_owned());
        }
        let login = Login {
            url: JdbcUrl::parse(&url).expect("a URL"),
            user: settings.get("connection.user").cloned(),
            password: settings
                .get("connection.password")
                .map(|it| sluice_plugin::config::Secret::new(it.as_str())),
            attempts: 1,
            backoff: Duration::ZERO,
            read_only: false,
        };
        let session = Session::open(&login).await.expect("a session");
        let worker = properties(&[("sluice.file.paths", &folder.path().display().to_string())]);
        Self { kind, settings, worker, session, _folder: folder }
    }

    /// Runs statements.
    pub(crate) async fn run(&mut self, statements: &[&str]) {
        for sql in statements {
            self.session.execute(sql, Vec::new()).await.expect(sql);
        }
    }

    /// The settings with more of them.
    pub(crate) fn with(&self, more: &[(&str, &str)]) -> Properties {
        let mut settings = self.settings.clone();
        settings.extend(properties(more));
        settings
    }

    /// The only task that the connector makes of the settings.
    pub(crate) async fn task(&self, more: &[(&str, &str)]) -> Result<Box<dyn SourceTask>> {
        self.task_at(more, BTreeMap::new()).await
    }

    /// The same where positions are committed, by the `table` or `query` of their partitions.
    pub(crate) async fn task_at(
        &self,
        more: &[(&str, &str)],
        stored: BTreeMap<String, SourceOffset>,
    ) -> Result<Box<dyn SourceTask>> {
        self.task_of(&JdbcSource, more, stored).await
    }

    /// The same of either connector.
    pub(crate) async fn task_of(
        &self,
        connector: &impl AnySourceConnector,
        more: &[(&str, &str)],
        stored: BTreeMap<String, SourceOffset>,
    ) -> Result<Box<dyn SourceTask>> {
        let tasks = connector.split_(&self.with(more), 1).await?;
        let settings = tasks.first().expect("a task");
        let context = SourceContext {
            offsets: Arc::new(Stored(stored)),
            worker: Arc::new(self.worker.clone()),
            transactions: None,
        };
        AnySourceConnector::open(connector, settings, context).await
    }
}

/// The erased call, which parses the settings.
#[async_trait]
pub(crate) trait Split {
    async fn split_(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>>;
}

#[async_trait]
impl<C: AnySourceConnector> Split for C {
    async fn split_(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>> {
        AnySourceConnector::split(self, settings, max_tasks).await
    }
}

pub(crate) fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Positions by the JSON-like text of their partitions: `protocol:1,table:x`.
struct Stored(BTreeMap<String, SourceOffset>);

#[async_trait]
impl OffsetReader for Stored {
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        Ok(partitions.iter().map(|it| self.0.get(&named(it)).cloned()).collect())
    }
}

/// The text of a partition.
pub(crate) fn named(partition: &SourcePartition) -> String {
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}:{text}"),
        other => format!("{name}:{other:?}"),
    };
    partition.0.iter().map(field).collect::<Vec<_>>().join(",")
}

/// The next records, at least so many.
pub(crate) async fn take(task: &mut dyn SourceTask, count: usize) -> Vec<SourceRecord> {
    let mut records = Vec::new();
    while records.len() < count {
        let polled = timeout(PATIENCE, task.poll()).await.expect("an answer in time");
        records.extend(polled.expect("records"));
    }
    records
}

/// The next error.
pub(crate) async fn failure(task: &mut dyn SourceTask) -> sluice_plugin::Error {
    loop {
        if let Err(error) = timeout(PATIENCE, task.poll()).await.expect("an answer in time") {
            return error;
        }
    }
}

/// The integers of a field.
pub(crate) fn numbers(records: &[SourceRecord], field: &str) -> Vec<i64> {
    let number = |record: &SourceRecord| match value(record, field) {
        Value::Int64(it) => it,
        Value::Int32(it) => i64::from(it),
        other => panic!("{field} is {other:?}"),
    };
    records.iter().map(number).collect()
}

/// A field of a record.
pub(crate) fn value(record: &SourceRecord, field: &str) -> Value {
    let Value::Struct(row) = &record.value.value else { panic!("a struct") };
    row.field(field).unwrap_or_else(|| panic!("no field {field}")).clone()
}

/// A position as Java stores it.
pub(crate) fn offset(fields: &[(&str, i64)]) -> SourceOffset {
    SourceOffset(fields.iter().map(|it| (it.0.to_owned(), Value::Int64(it.1))).collect())
}
