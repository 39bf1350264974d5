//! One connection to a database, whichever it is: statements with parameters, and results that are read as they come.

pub(crate) mod mysql;
mod numeric;
pub(crate) mod postgres;
pub(crate) mod sqlite;
mod tls;

use std::time::Duration;

use sluice_plugin::config::Secret;
use tokio::{sync::mpsc, time::timeout};

use crate::{Cell, Class, Column, DbError, Dialect, JdbcUrl};

/// Most rows that a query which is answered as a whole may have: the connectors' own questions have far fewer.
const MOST_ROWS: usize = 1 << 20;

/// Where to connect, and as whom.
#[derive(Debug, Clone)]
pub struct Login {
    /// The database.
    pub url: JdbcUrl,
    /// User, before the one in the URL.
    pub user: Option<String>,
    /// Password, before the one in the URL.
    pub password: Option<Secret>,
    /// Attempts to connect, at least one (`connection.attempts`).
    pub attempts: u32,
    /// Pause between them (`connection.backoff.ms`).
    pub backoff: Duration,
    /// Whether nothing will be written.
    pub read_only: bool,
}

impl Login {
    /// The user to be.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref().or(self.url.user.as_deref())
    }

    /// The password.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref().or(self.url.password.as_ref())
    }
}

/// A connection.
pub struct Session {
    driver: Driver,
}

enum Driver {
    Postgres(postgres::Client),
    MySql(mysql::Client),
    Sqlite(sqlite::Client),
}

impl Session {
    /// Connects, with as many attempts as the login allows; only those are repeated that may go well the next time.
    pub async fn open(login: &Login) -> Result<Self, DbError> {
        let mut attempt = 1;
        loop {
            match Self::connect(login).await {
                Err(error)
                    if attempt < login.attempts
                        && matches!(error.class, Class::Connection | Class::Transient) =>
                {
                    tracing::info!(database = %login.url, attempt, %error, "no connection; trying again");
                    tokio::time::sleep(login.backoff).await;
                    attempt += 1;
                }
                opened => return opened,
            }
        }
    }

    async fn connect(login: &Login) -> Result<Self, DbError> {
        /// Time after which a server that says nothing is not there.
        const PATIENCE: Duration = Duration::from_secs(30);
        let patience = login.url.options.connect_timeout.unwrap_or(PATIENCE);
        let connecting = async {
            Ok(match login.url.dialect {
                Dialect::Postgres => Driver::Postgres(postgres::Client::open(login).await?),
                Dialect::MySql => Driver::MySql(mysql::Client::open(login).await?),
                Dialect::Sqlite => Driver::Sqlite(sqlite::Client::open(login).await?),
            })
        };
        let driver = timeout(patience, connecting).await.unwrap_or_else(|_| {
            let text = format!("{} gave no answer within {patience:?}", login.url);
            Err(DbError::new(Class::Connection, text))
        });
        driver.map(|driver| Self { driver })
    }

    /// Whose SQL is spoken.
    pub const fn dialect(&self) -> Dialect {
        match self.driver {
            Driver::Postgres(_) => Dialect::Postgres,
            Driver::MySql(_) => Dialect::MySql,
            Driver::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The columns that a query would give.
    pub async fn describe(&mut self, sql: &str) -> Result<Vec<Column>, DbError> {
        match &mut self.driver {
            Driver::Postgres(client) => client.describe(sql).await,
            Driver::MySql(client) => client.describe(sql).await,
            Driver::Sqlite(client) => client.describe(sql).await,
        }
    }

    /// Begins a query. Until its last row is read, or an error has come, the session does nothing else; a result that is
    /// dropped before that may cost the connection.
    pub async fn query(&mut self, sql: &str, parameters: Vec<Cell>) -> Result<Rows, DbError> {
        match &mut self.driver {
            Driver::Postgres(client) => client.query(sql, parameters).await,
            Driver::MySql(client) => client.query(sql, parameters).await,
            Driver::Sqlite(client) => client.query(sql, parameters).await,
        }
    }

    /// The rows of a query that has few.
    pub async fn rows(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<Vec<Vec<Cell>>, DbError> {
        let mut rows = self.query(sql, parameters).await?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().await? {
            if all.len() == MOST_ROWS {
                return Err(DbError::new(Class::Other, format!("more than {MOST_ROWS} rows came")));
            }
            all.push(row);
        }
        Ok(all)
    }

    /// Runs a statement that gives no rows; the number of rows that it changed.
    pub async fn execute(&mut self, sql: &str, parameters: Vec<Cell>) -> Result<u64, DbError> {
        match &mut self.driver {
            Driver::Postgres(client) => client.execute(sql, parameters).await,
            Driver::MySql(client) => client.execute(sql, parameters).await,
            Driver::Sqlite(client) => client.execute(sql, parameters).await,
        }
    }

    /// PostgreSQL's own client, for what only it can.
    pub fn postgres(&mut self) -> Option<&mut postgres::Client> {
        if let Driver::Postgres(client) = &mut self.driver { Some(client) } else { None }
    }

    /// MySQL's own client, for what only it can.
    pub fn mysql(&mut self) -> Option<&mut mysql::Client> {
        if let Driver::MySql(client) = &mut self.driver { Some(client) } else { None }
    }

    /// SQLite's own client, for what only it can.
    pub fn sqlite(&mut self) -> Option<&mut sqlite::Client> {
        if let Driver::Sqlite(client) = &mut self.driver { Some(client) } else { None }
    }
}

/// The result of a query. At most a few hundred rows of it are in memory, whatever it holds in all.
pub struct Rows {
    columns: Vec<Column>,
    from: From,
}

/// Where rows come from.
enum From {
    /// The connection, which stops reading while nobody takes rows.
    Postgres(postgres::Stream),
    /// Whoever reads the connection, and waits while nobody takes rows.
    Queue {
        queue: mpsc::Receiver<Result<Vec<Vec<Cell>>, DbError>>,
        ready: std::vec::IntoIter<Vec<Cell>>,
    },
}

/// How many rows go through a queue at once.
const AT_ONCE: usize = 128;
/// About how many bytes of rows go through a queue at once.
const BYTES_AT_ONCE: usize = 1 << 20;

/// Rows on their way into a queue.
#[derive(Default)]
struct Chunk {
    rows: Vec<Vec<Cell>>,
    bytes: usize,
}

/// About how many bytes a row takes.
pub(crate) fn bytes_of(row: &[Cell]) -> usize {
    let size = |cell: &Cell| match cell {
        Cell::Text(text) => text.len(),
        Cell::Bytes(bytes) | Cell::Bits(_, bytes) => bytes.len(),
        _ => 16,
    };
    row.iter().map(size).sum()
}

impl Chunk {
    /// Adds a row; the rows to send, once they are enough.
    fn add(&mut self, row: Vec<Cell>) -> Option<Vec<Vec<Cell>>> {
        self.bytes += bytes_of(&row);
        self.rows.push(row);
        let is_full = self.rows.len() >= AT_ONCE || self.bytes >= BYTES_AT_ONCE;
        is_full.then(|| self.take())
    }

    fn take(&mut self) -> Vec<Vec<Cell>> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

impl Rows {
    fn queued(
        columns: Vec<Column>,
        queue: mpsc::Receiver<Result<Vec<Vec<Cell>>, DbError>>,
    ) -> Self {
        Self { columns, from: From::Queue { queue, ready: Vec::new().into_iter() } }
    }

    /// The columns of each row.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next row; none behind the last one. May be dropped: what would have come comes the next time.
    pub async fn next(&mut self) -> Result<Option<Vec<Cell>>, DbError> {
        match &mut self.from {
            From::Postgres(stream) => stream.next(&self.columns).await,
            From::Queue { queue, ready } => loop {
                if let Some(row) = ready.next() {
                    return Ok(Some(row));
                }
                match queue.recv().await {
                    None => return Ok(None),
                    Some(chunk) => *ready = chunk?.into_iter(),
                }
            },
        }
    }
}
