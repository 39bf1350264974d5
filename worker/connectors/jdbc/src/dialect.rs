//! The databases that are known, and what their SQL writes in ways of its own.

use std::fmt;

/// Whose SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// The character around identifiers; it is doubled inside of them.
    pub const fn quote(self) -> char {
        match self {
            Self::Postgres | Self::Sqlite => '"',
            Self::MySql => '`',
        }
    }

    /// The placeholder of the parameter with this number, from 1.
    pub fn placeholder(self, number: usize) -> String {
        match self {
            Self::Postgres => format!("${number}"),
            Self::MySql => "?".to_owned(),
            Self::Sqlite => format!("?{number}"),
        }
    }

    /// The dialect that users name in `dialect.name`, by the names of the Java connectors.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "PostgreSqlDatabaseDialect" => Some(Self::Postgres),
            "MySqlDatabaseDialect" => Some(Self::MySql),
            "SqliteDatabaseDialect" => Some(Self::Sqlite),
            _ => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::Sqlite => "SQLite",
        })
    }
}
