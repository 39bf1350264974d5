//! JDBC connectors, without JDBC: the databases are spoken to in their own protocols.
//!
//! This is what source and sink share: addresses, names, sessions, values, metadata and errors.

mod cell;
mod column;
mod dialect;
mod error;
mod identifiers;
mod metadata;
mod session;
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
pub use url::{Host, JdbcUrl, Options, SslMode, UrlError, ZeroDates};
