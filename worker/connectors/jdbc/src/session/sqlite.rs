//! Sessions with SQLite, in the process. Its calls block, so that they have a thread of their own.

mod classes;
mod columns;
pub(crate) mod order;
mod values;

use std::{collections::BTreeMap, path::Path, sync::mpsc as blocking, time::Duration};

use rusqlite::{Connection, OpenFlags, limits::Limit};
use tokio::sync::{mpsc, oneshot};

use self::classes::{Classes, Values};
use super::{Chunk, Login, Rows};
use crate::{Cell, Class, Column, DbError, Moment, Options};

/// How long a lock is waited for unless the URL says it, as in Java's driver.
const BUSY: Duration = Duration::from_secs(3);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection to a file. The thread ends with it, once the call that is under way has.
pub struct Client {
    jobs: blocking::Sender<Job>,
    /// Whether columns that nothing declares are told by their values: one that writes does not read its results twice.
    is_reader: bool,
    /// What those columns were, by statement.
    classes: BTreeMap<String, Classes>,
}

impl Client {
    pub(super) async fn open(login: &Login) -> Result<Self, DbError> {
        let path = login.url.database.clone().unwrap_or_default();
        let (options, read_only) = (login.url.options.clone(), login.read_only);
        let (opened, result) = oneshot::channel();
        let (jobs, queue) = blocking::channel::<Job>();
        let run = move || match connect(&path, &options, read_only) {
            Err(error) => drop(opened.send(Err(error))),
            Ok(mut connection) => {
                if opened.send(Ok(())).is_ok() {
                    while let Ok(job) = queue.recv() {
                        job(&mut connection);
                    }
                }
            }
        };
        std::thread::Builder::new().name("sqlite".to_owned()).spawn(run).map_err(|error| {
            DbError::new(Class::Connection, format!("no thread for SQLite: {error}"))
        })?;
        result.await.map_err(|_| ended())??;
        Ok(Self { jobs, is_reader: read_only, classes: BTreeMap::new() })
    }

    /// Does something on the connection's thread. It goes on there if the future is dropped.
    pub async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (sender, done) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever has dropped the future does not want to know.
            let _ = sender.send(work(connection));
        });
        self.jobs.send(job).map_err(|_| ended())?;
        done.await.map_err(|_| ended())?
    }

    /// Lets statements compare times ([`order::expression`]). `instant` is the point in time of a value of a timestamp
    /// column; none refuses the value.
    pub(crate) async fn order_times(
        &mut self,
        instant: impl Fn(&Cell) -> Option<Moment> + Send + 'static,
    ) -> Result<(), DbError> {
        self.call(move |connection| order::define(connection, instant)).await
    }

    pub(super) async fn describe(&mut self, sql: &str) -> Result<Vec<Column>, DbError> {
        Ok(self.described(sql, Vec::new()).await?.0)
    }

    /// The columns of a result, and the classes of those that nothing declares.
    async fn described(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<(Vec<Column>, Classes), DbError> {
        let known = self.classes.get(sql).cloned().unwrap_or_default();
        let (text, is_reader) = (sql.to_owned(), self.is_reader);
        let (columns, classes) = self
            .call(move |connection| {
                let mut columns = columns::of(connection, &text)?;
                let mut classes = Classes::new();
                if is_reader {
                    classes = classes::of(connection, &text, parameters, &columns, &known)?;
                    classes::apply(&mut columns, &classes);
                }
                Ok((columns, classes))
            })
            .await?;
        if !classes.is_empty() {
            self.classes.insert(sql.to_owned(), classes.clone());
        }
        Ok((columns, classes))
    }

    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<Rows, DbError> {
        let (mut columns, classes) = self.described(sql, parameters.clone()).await?;
        let kinds = classes::kinds(&mut columns, &classes);
        let (sender, queue) = mpsc::channel(2);
        let (sql, types) = (sql.to_owned(), columns.clone());
        let job: Job = Box::new(move |connection| {
            if let Err(error) = read_all(connection, &sql, parameters, (&types, &kinds), &sender) {
                let _ = sender.blocking_send(Err(error));
            }
        });
        self.jobs.send(job).map_err(|_| ended())?;
        Ok(Rows::queued(columns, queue))
    }

    pub(super) async fn execute(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<u64, DbError> {
        let sql = sql.to_owned();
        self.call(move |connection| {
            let parameters = values::parameters(parameters)?;
            let changed = connection.execute(&sql, rusqlite::params_from_iter(parameters))?;
            Ok(changed as u64)
        })
        .await
    }
}

fn ended() -> DbError {
    DbError::new(Class::Connection, "the thread of the connection to SQLite has ended")
}

fn connect(path: &str, options: &Options, read_only: bool) -> Result<Connection, DbError> {
    let flags = if read_only {
        if !Path::new(path).exists() {
            // As a server that does not answer: whoever makes it may be late.
            return Err(DbError::new(Class::Connection, format!("there is no file {path}")));
        }
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(options.busy_timeout.unwrap_or(BUSY))?;
    // A statement of users reads this one file: it attaches no other.
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    for (name, value) in &options.pragmas {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

fn read_all(
    connection: &Connection,
    sql: &str,
    parameters: Vec<Cell>,
    (columns, kinds): (&[Column], &[Values]),
    sender: &mpsc::Sender<Result<Vec<Vec<Cell>>, DbError>>,
) -> Result<(), DbError> {
    let parameters = values::parameters(parameters)?;
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let mut chunk = Chunk::default();
    while let Some(row) = rows.next().map_err(order::refusal)? {
        if let Some(full) = chunk.add(values::row(row, columns, kinds)?)
            && sender.blocking_send(Ok(full)).is_err()
        {
            return Ok(());
        }
    }
    let rest = chunk.take();
    if !rest.is_empty() {
        // Whoever has dropped the result does not want the rest.
        let _ = sender.blocking_send(Ok(rest));
    }
    Ok(())
}
