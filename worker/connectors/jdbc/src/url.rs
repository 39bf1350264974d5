//! JDBC URLs: which database, where, and with what options.

mod options;
mod parse;

use std::fmt;

use sluice_plugin::config::Secret;

use crate::Dialect;
pub use options::{Options, SslMode, ZeroDates};
pub use parse::UrlError;

/// Why and how a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Name or address.
    pub name: String,
    /// Port.
    pub port: u16,
}

/// A JDBC URL, parsed. Its text names hosts and database, never a user, a password or an option.
#[derive(Debug, Clone)]
pub struct JdbcUrl {
    /// Whose database.
    pub dialect: Dialect,
    /// The servers, to be tried in order; none for SQLite.
    pub hosts: Vec<Host>,
    /// Database on the server, or the path of SQLite's file.
    pub database: Option<String>,
    /// User that the URL names.
    pub user: Option<String>,
    /// Password that the URL holds.
    pub password: Option<Secret>,
    /// Options that mean something here.
    pub options: Options,
    /// Options that were given and mean nothing here.
    pub ignored: Vec<String>,
}

impl JdbcUrl {
    /// Reads a URL as the drivers of the databases document it. Options that load files or code of the user's choice into
    /// the process are errors, and so are values that an option cannot have.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        parse::parse(text)
    }
}

impl fmt::Display for JdbcUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.database.as_deref().unwrap_or_default();
        if self.dialect == Dialect::Sqlite {
            return write!(out, "SQLite file {database}");
        }
        write!(out, "{} at ", self.dialect)?;
        for (index, host) in self.hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{}:{}", host.name, host.port)?;
        }
        write!(out, "/{database}")
    }
}

#[cfg(test)]
mod tests;
