//! Sessions with PostgreSQL, over tokio-postgres. Values come and go in binary form.

mod read;
mod write;

use std::{pin::Pin, sync::Arc};

use futures::StreamExt as _;
use tokio::task::JoinSet;
use tokio_postgres::{
    Config, RowStream, Statement,
    config::{SslMode as Mode, TargetSessionAttrs},
    types::{Kind, Type},
};

use super::{From, Login, Rows, tls};
use crate::{Cell, Class, Column, DbError, SqlType, SslMode};

/// A connection to PostgreSQL.
pub struct Client {
    client: tokio_postgres::Client,
    /// Reads and writes the socket; ends with the client.
    _connection: JoinSet<()>,
}

impl Client {
    /// Connects to the first host that answers.
    pub(super) async fn open(login: &Login) -> Result<Self, DbError> {
        let options = &login.url.options;
        let tls = tls::Rustls(Arc::new(tls::client(options)?));
        let (client, connection) = config(login).connect(tls).await?;
        let mut running = JoinSet::new();
        running.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL has ended");
            }
        });
        // Not by options of the start: poolers between do not let those through.
        client.batch_execute("SET TimeZone = 'UTC'").await?;
        if let Some(schema) = &options.current_schema {
            client.query("SELECT set_config('search_path', $1, false)", &[schema]).await?;
        }
        Ok(Self { client, _connection: running })
    }

    /// The driver's own client.
    pub const fn driver(&mut self) -> &mut tokio_postgres::Client {
        &mut self.client
    }

    pub(super) async fn describe(&mut self, sql: &str) -> Result<Vec<Column>, DbError> {
        let statement = self.client.prepare(sql).await?;
        self.columns(&statement).await
    }

    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<Rows, DbError> {
        let statement = self.client.prepare(sql).await?;
        let columns = self.columns(&statement).await?;
        let types = statement.columns().iter().map(|it| it.type_().clone()).collect();
        let parameters = write::checked(&statement, parameters)?;
        let rows = self.client.query_raw(&statement, parameters).await?;
        Ok(Rows { columns, from: From::Postgres(Stream { rows: Box::pin(rows), types }) })
    }

    pub(super) async fn execute(
        &mut self,
        sql: &str,
        parameters: Vec<Cell>,
    ) -> Result<u64, DbError> {
        let statement = self.client.prepare(sql).await?;
        let parameters = write::checked(&statement, parameters)?;
        Ok(self.client.execute_raw(&statement, parameters).await?)
    }

    /// The columns of a statement. Whether they may be null, only the catalog knows; of an expression it knows nothing.
    async fn columns(&mut self, statement: &Statement) -> Result<Vec<Column>, DbError> {
        const SQL: &str = "SELECT a.attnotnull, a.attidentity::text <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) \
                           LIKE 'nextval(%', false) FROM unnest($1::oid[], $2::int2[]) WITH ORDINALITY AS c (relation, \
                           number, place) LEFT JOIN pg_attribute a ON a.attrelid = c.relation AND a.attnum = c.number \
                           LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum ORDER BY c.place";
        let columns = statement.columns();
        let relations: Vec<u32> =
            columns.iter().map(|it| it.table_oid().unwrap_or_default()).collect();
        let numbers: Vec<i16> =
            columns.iter().map(|it| it.column_id().unwrap_or_default()).collect();
        let known = if relations.iter().any(|it| *it != 0) {
            self.client.query(SQL, &[&relations, &numbers]).await?
        } else {
            Vec::new()
        };
        let column = |(index, column): (usize, &tokio_postgres::Column)| {
            let row = known.get(index);
            let is = |place| row.and_then(|it| it.try_get(place).ok().flatten()).unwrap_or(false);
            Column {
                name: column.name().to_owned(),
                r#type: sql_type(column.type_(), column.type_modifier()),
                type_name: column.type_().name().to_owned(),
                nullable: !is(0),
                auto_increment: is(1),
            }
        };
        Ok(columns.iter().enumerate().map(column).collect())
    }
}

fn config(login: &Login) -> Config {
    let options = &login.url.options;
    let mut config = Config::new();
    for host in &login.url.hosts {
        config.host(&host.name).port(host.port);
    }
    if let Some(user) = login.user() {
        config.user(user);
    }
    if let Some(password) = login.password() {
        config.password(password.reveal());
    }
    if let Some(database) = login.url.database.as_deref().or_else(|| login.user()) {
        config.dbname(database);
    }
    if let Some(timeout) = options.connect_timeout {
        config.connect_timeout(timeout);
    }
    if let Some(server) = &options.server_options {
        config.options(server);
    }
    config.application_name(options.application_name.as_deref().unwrap_or("sluice"));
    if options.writable {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    config.ssl_mode(match options.ssl_mode {
        SslMode::Disable => Mode::Disable,
        SslMode::Prefer => Mode::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Mode::Require,
    });
    config
}

/// What a type is to connectors, as PostgreSQL's own JDBC driver tells them.
fn sql_type(r#type: &Type, modifier: i32) -> SqlType {
    match *r#type {
        Type::BOOL => SqlType::Boolean,
        Type::BIT => match u32::try_from(modifier) {
            Ok(1) => SqlType::Boolean,
            Ok(bits) => SqlType::Bit(bits),
            // An expression, whose values may have any length.
            Err(_) => SqlType::Other,
        },
        Type::INT2 => SqlType::SmallInt { unsigned: false },
        Type::INT4 => SqlType::Integer { unsigned: false },
        Type::INT8 | Type::OID => SqlType::BigInt { unsigned: false },
        Type::FLOAT4 => SqlType::Real,
        Type::FLOAT8 => SqlType::Double,
        Type::NUMERIC => SqlType::Numeric { digits: digits(modifier) },
        Type::CHAR | Type::BPCHAR | Type::VARCHAR | Type::TEXT | Type::NAME | Type::XML => {
            SqlType::Text
        }
        Type::JSON | Type::JSONB | Type::UUID => SqlType::Text,
        Type::BYTEA => SqlType::Bytes,
        Type::DATE => SqlType::Date,
        Type::TIME | Type::TIMETZ => SqlType::Time,
        Type::TIMESTAMP => SqlType::Timestamp { zoned: false },
        Type::TIMESTAMPTZ => SqlType::Timestamp { zoned: true },
        _ => match r#type.kind() {
            Kind::Enum(_) => SqlType::Text,
            Kind::Domain(of) => sql_type(of, modifier),
            _ => SqlType::Other,
        },
    }
}

/// Precision and scale out of a modifier (`numeric_typmod_precision` of the server; a scale of 11 bits with a sign).
fn digits(modifier: i32) -> Option<(u32, i32)> {
    let packed = modifier.checked_sub(4).filter(|it| *it >= 0)?;
    let scale = packed & 0x7FF;
    Some(((packed >> 16) as u32, (scale ^ 1024) - 1024))
}

/// Rows as they come.
pub(super) struct Stream {
    rows: Pin<Box<RowStream>>,
    types: Vec<Type>,
}

impl Stream {
    pub(super) async fn next(&mut self, columns: &[Column]) -> Result<Option<Vec<Cell>>, DbError> {
        let Some(row) = self.rows.next().await.transpose()? else { return Ok(None) };
        let mut cells = Vec::with_capacity(self.types.len());
        for (index, r#type) in self.types.iter().enumerate() {
            let read::Raw(bytes) = row.try_get(index)?;
            let cell = bytes.map_or(Some(Cell::Null), |it| read::cell(r#type, it));
            cells.push(cell.ok_or_else(|| {
                let Column { name, type_name, .. } = &columns[index];
                let text = format!(
                    "the value of column {name} is no {type_name} as PostgreSQL documents it"
                );
                DbError::new(Class::Other, text)
            })?);
        }
        Ok(Some(cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_scale_are_those_of_the_declaration() {
        for (precision, scale) in [(10, 2), (38, 0), (1000, 1000), (5, -3), (1, 0)] {
            let modifier = ((precision << 16) | (scale & 0x7FF)) + 4;
            assert_eq!(digits(modifier), Some((precision as u32, scale)));
        }
        assert_eq!(digits(-1), None);
    }
}
