//! Sessions with MySQL and MariaDB, over mysql_async. Statements are prepared: values come and go in binary form.

mod columns;
mod read;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use mysql_async::{Conn, Opts, OptsBuilder, Params, SslOpts, prelude::Queryable as _};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Chunk, Login, Rows};
use crate::{Cell, Class, Column, DbError, Host, Options, SslMode, ZeroDates};

/// A connection to MySQL or MariaDB.
pub struct Client {
    /// The connection, unless a query has it. A query that is dropped does not give it back.
    place: Arc<Mutex<Option<Conn>>>,
    /// Reads the rows of a query; ends with the client.
    reader: JoinSet<()>,
    options: Arc<Options>,
}

impl Client {
    /// Connects to the first host that answers.
    pub(super) async fn open(login: &Login) -> Result<Self, DbError> {
        let mut last = None;
        for host in &login.url.hosts {
            match connect(login, host).await {
                Ok(conn) => {
                    let options = Arc::new(login.url.options.clone());
                    let place = Arc::new(Mutex::new(Some(conn)));
                    return Ok(Self { place, reader: JoinSet::new(), options });
                }
                // Another host would say the same of a wrong password.
                Err(error) if error.class != Class::Connection => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| DbError::new(Class::Other, "the URL names no host")))
    }

    fn taken(&mut self) -> Result<Conn, DbError> {
        let conn = self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        conn.ok_or_else(|| {
            DbError::new(Class::Connection, "a query that was given up has ended the connection")
        })
    }

    fn give_back(&mut self, conn: Conn) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(conn);
    }

    /// Lends the driver's own connection. If the future is dropped, the connection is gone with it: nobody knows how far
    /// it has got.
    pub async fn with<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, mysql_async::Error>,
    ) -> Result<T, DbError> {
        let mut conn = self.taken()?;
        let done = work(&mut conn).await;
        if done.as_ref().err().is_none_or(|error| !error.is_fatal()) {
            self.give_back(conn);
        }
        Ok(done?)
    }

    pub(super) async fn describe(&mut self, sql: &str) -> Result<Vec<Column>, DbError> {
        let options = Arc::clone(&self.options);
        self.with(async |conn| {
            let statement = conn.prep(sql).await?;
            let columns = statement.columns();
            let columns = columns.iter().map(|it| columns::column(it, &options)).collect();
            // Kept, it would describe the table as it was for ever.
            conn.close(statement).await?;
            Ok(columns)
        })
        .await
    }

    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<Rows, DbError> {
        let statement = self.with(async |conn| conn.prep(sql).await).await?;
        let columns: Vec<Column> =
            statement.columns().iter().map(|it| columns::column(it, &self.options)).collect();
        let parameters = write::parameters(parameters)?;
        let conn = self.taken()?;
        let (sender, queue) = mpsc::channel(2);
        let (place, names) = (Arc::clone(&self.place), columns.clone());
        let zero_dates = self.options.zero_dates;
        // The one before has ended: it had the connection.
        self.reader.detach_all();
        self.reader.spawn(async move {
            let mut conn = conn;
            let described = (&*names, zero_dates);
            let read = read_all(&mut conn, &statement, parameters, described, &sender).await;
            let is_lost = matches!(&read, Err(error) if error.class == Class::Connection);
            let is_sound =
                !is_lost && !matches!(read, Ok(false)) && conn.close(statement).await.is_ok();
            if is_sound {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(conn);
            }
            if let Err(error) = read {
                // Whoever has dropped the result does not want to know.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(Rows::queued(columns, queue))
    }

    pub(super) async fn execute(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<u64, DbError> {
        let parameters = write::parameters(parameters)?;
        self.with(async |conn| {
            conn.exec_drop(sql, parameters).await?;
            Ok(conn.affected_rows())
        })
        .await
    }
}

/// Sends all rows; false if nobody takes them any more.
async fn read_all(
    conn: &mut Conn,
    statement: &mysql_async::Statement,
    parameters: Params,
    (columns, zero_dates): (&[Column], ZeroDates),
    sender: &mpsc::Sender<Result<Vec<Vec<Cell>>, DbError>>,
) -> Result<bool, DbError> {
    let mut result = conn.exec_iter(statement, parameters).await?;
    let given = result.columns_ref().iter().map(mysql_async::Column::name_str);
    if !given.eq(columns.iter().map(|it| &*it.name)) {
        let text = "the table was altered while it was asked for";
        return Err(DbError::new(Class::Transient, text));
    }
    let types: Vec<read::Reader> = result.columns_ref().iter().map(read::Reader::of).collect();
    let mut chunk = Chunk::default();
    while let Some(row) = result.next().await? {
        let cells = read::row(row, columns, &types, zero_dates)?;
        if let Some(full) = chunk.add(cells)
            && sender.send(Ok(full)).await.is_err()
        {
            return Ok(false);
        }
    }
    let rest = chunk.take();
    Ok(rest.is_empty() || sender.send(Ok(rest)).await.is_ok())
}

async fn connect(login: &Login, host: &Host) -> Result<Conn, DbError> {
    let options = &login.url.options;
    let mut setup = vec![
        // TIMESTAMP columns are points in time then, whatever zone the server is in.
        "SET time_zone = '+00:00'".to_owned(),
    ];
    if let Some(variables) = &options.session_variables {
        setup.push(format!("SET {variables}"));
    }
    let builder = OptsBuilder::default()
        .ip_or_hostname(host.name.clone())
        .tcp_port(host.port)
        .user(login.user().map(str::to_owned))
        .pass(login.password().map(|it| it.reveal().to_owned()))
        .db_name(login.url.database.clone())
        .prefer_socket(false)
        .client_found_rows(true)
        .setup(setup);
    let tls = |mode| {
        let mut tls = SslOpts::default()
            .with_danger_accept_invalid_certs(
                mode == SslMode::Require && options.ssl_root_cert.is_none(),
            )
            .with_danger_skip_domain_validation(mode != SslMode::VerifyFull);
        if let Some(file) = &options.ssl_root_cert {
            tls = tls
                .with_root_certs(vec![std::path::PathBuf::from(file).into()])
                .with_disable_built_in_roots(true);
        }
        Opts::from(builder.clone().ssl_opts(tls))
    };
    let plain = Opts::from(builder.clone());
    let opts = match options.ssl_mode {
        SslMode::Disable => plain,
        SslMode::Prefer => {
            // Secured if the server can; what it cannot is told before anything secret is sent.
            match Conn::new(tls(SslMode::Require)).await {
                Err(mysql_async::Error::Driver(
                    mysql_async::DriverError::NoClientSslFlagFromServer,
                )) => plain,
                connected => return Ok(connected?),
            }
        }
        mode => tls(mode),
    };
    Ok(Conn::new(opts).await?)
}
