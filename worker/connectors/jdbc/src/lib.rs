//! JDBC connectors, without JDBC: the databases are spoken to in their own protocols.
//!
//! What source and sink share: addresses, names, sessions, values, metadata and errors.
//!
//! The source reads tables or one query. At least once: a position is committed behind rows that Kafka has, and with
//! `mode=timestamp` only once all rows of its time are handed out. What lies behind a position is never read, unless the
//! connector looks back. `docs/jdbc-source.md` has limits and differences to Java's connectors.

mod cell;
mod column;
mod dialect;
mod error;
mod identifiers;
mod metadata;
mod session;
mod sink;
mod source;
mod url;

pub use cell::{Cell, Moment};
pub use column::{Column, SqlType};
pub use dialect::Dialect;
pub use error::{Class, DbError};
pub use identifiers::{Names, Quoting, TableId};
pub use metadata::{TableColumn, TableFilter};
pub use session::{
    Login, Rows, Session, mysql::Client as MySqlClient, postgres::Client as PostgresClient,
    sqlite::Client as SqliteClient,
};
pub use sink::{AivenJdbcSink, ConfluentJdbcSink, DebeziumJdbcSink};
pub use source::{AivenJdbcSource, JdbcSource};
pub use url::{Host, JdbcUrl, Options, SslMode, UrlError, ZeroDates};
