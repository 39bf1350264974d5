//! What databases say no to, classified: the one error of sessions.

use std::fmt;

use sluice_plugin::Error;

/// What can be done about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// No connection, or it was lost: what was under way may have been done or not.
    Connection,
    /// Nothing was done, and the same may go well the next time: a deadlock, a lock that was waited for, a server that
    /// is starting.
    Transient,
    /// A value that does not fit, or a constraint that forbids it: the record is to blame.
    Data,
    /// A table, a column or a schema that is not there, or is not as it was.
    Missing,
    /// Who asks may not.
    Denied,
    /// Anything else: trying again does not help.
    Other,
}

/// A refusal. Its text names what the database names; values of records are taken out of it.
#[derive(Debug)]
pub struct DbError {
    /// What can be done about it.
    pub class: Class,
    /// SQLSTATE, or SQLite's extended code as a number.
    pub state: Option<Box<str>>,
    /// Table that the database blames.
    pub table: Option<Box<str>>,
    /// Column that the database blames.
    pub column: Option<Box<str>>,
    /// Constraint that the database blames.
    pub constraint: Option<Box<str>>,
    message: Box<str>,
}

impl DbError {
    /// A refusal in our own words.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            state: None,
            table: None,
            column: None,
            constraint: None,
            message: message.into().into_boxed_str(),
        }
    }

    /// What the database said, with what it blames where that is known.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The error of a plugin: retriable where trying again can help. `doing` says what was wanted of which table.
    pub fn during(self, doing: &str) -> Error {
        let text = format!("{doing}: {self}");
        match self.class {
            Class::Connection | Class::Transient => Error::retriable(text),
            Class::Data | Class::Missing | Class::Denied | Class::Other => Error::fatal(text),
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        for (what, name) in
            [("table", &self.table), ("column", &self.column), ("constraint", &self.constraint)]
        {
            if let Some(name) = name.as_deref().filter(|it| !self.message.contains(*it)) {
                write!(out, ", {what} {name}")?;
            }
        }
        self.state.as_ref().map_or(Ok(()), |state| write!(out, " (SQLSTATE {state})"))
    }
}

impl std::error::Error for DbError {}

/// The class of an SQLSTATE (ISO/IEC 9075; PostgreSQL's table of error codes; MySQL's and MariaDB's mapping of theirs).
fn class_of(state: &str) -> Class {
    match state {
        // 57014 is a statement that was cancelled, as by statement_timeout.
        "55P03" | "57014" | "57P03" | "53300" | "53400" | "55006" | "25006" => Class::Transient,
        // 25P03 and 25P04 end the session with the transaction that took too long.
        "57P01" | "57P02" | "57P05" | "25P03" | "25P04" => Class::Connection,
        "42P01" | "42703" | "3F000" | "3D000" | "42704" | "42S02" | "42S22" | "42000_1049" => {
            Class::Missing
        }
        "42501" => Class::Denied,
        // What PostgreSQL's triggers raise.
        "P0001" => Class::Data,
        _ => match state.get(..2) {
            Some("08") => Class::Connection,
            Some("40" | "53") => Class::Transient,
            // Of those, 44 is a view's check option, 45 what MySQL's triggers signal.
            Some("22" | "23" | "44" | "45") => Class::Data,
            Some("28") => Class::Denied,
            _ => Class::Other,
        },
    }
}

/// A text without what stands between its first and its last quote: there databases cite values, which may have quotes of
/// their own.
fn without_values(text: &str) -> String {
    let mut last = ' ';
    // An apostrophe within a word opens nothing.
    let opens = |it: char| {
        let opens = it == '"' || it == '\'' && !last.is_alphanumeric();
        last = it;
        opens
    };
    let Some(first) = text.find(opens) else { return text.to_owned() };
    let (before, rest) = text.split_at(first + 1);
    let end = rest.rfind(['"', '\'']).unwrap_or(rest.len());
    format!("{before}…{}", &rest[end..])
}

/// The name in quotes behind some words.
fn quoted_after(text: &str, words: &str) -> Option<Box<str>> {
    let rest = text.split_once(words)?.1;
    let rest = rest.trim_start().strip_prefix(['\'', '`', '"'])?;
    rest.find(['\'', '`', '"']).map(|end| rest[..end].into())
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let class = if is_ours(&error) { Class::Other } else { Class::Connection };
            return Self::new(class, chain(&error));
        };
        let state = db.code().code();
        let class = class_of(state);
        let message = match class {
            Class::Data => without_values(db.message()),
            _ => db.message().to_owned(),
        };
        let owned = |text: Option<&str>| text.map(Into::into);
        Self {
            state: Some(state.into()),
            table: owned(db.table()),
            column: owned(db.column()),
            constraint: owned(db.constraint()),
            ..Self::new(class, message)
        }
    }
}

/// Whether an error is one of encoding or decoding, which no new connection mends.
fn is_ours(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    [
        "error serializing",
        "error deserializing",
        "invalid column",
        "expected ",
        "invalid configuration",
    ]
    .iter()
    .any(|it| text.starts_with(it))
}

/// An error with its causes, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let told = it.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = it.source();
    }
    text
}

impl From<mysql_async::Error> for DbError {
    fn from(error: mysql_async::Error) -> Self {
        use mysql_async::{DriverError, Error};
        let server = match error {
            Error::Server(server) => server,
            Error::Io(error) => return Self::new(Class::Connection, chain(&error)),
            // Both of them hold values.
            Error::Driver(DriverError::FromValue { .. } | DriverError::FromRow { .. }) => {
                return Self::new(Class::Other, "a value of the row could not be read");
            }
            Error::Driver(DriverError::PacketTooLarge) => {
                let text = "the row is larger than max_allowed_packet of the server";
                return Self::new(Class::Data, text);
            }
            Error::Driver(
                error @ (DriverError::MixedParams | DriverError::StmtParamsMismatch { .. }),
            ) => {
                return Self::new(Class::Other, chain(&error));
            }
            error => return Self::new(Class::Connection, chain(&error)),
        };
        // Numbers of MySQL and MariaDB whose SQLSTATE says too little.
        let class = match server.code {
            // 1317, 1969 and 3024 are statements that were interrupted or took too long; 1290 and 1836 a server that is
            // read-only, as it is while another one takes over.
            1040 | 1203 | 1205 | 1213 | 1290 | 1317 | 1637 | 1836 | 1969 | 3024 | 3572 => {
                Class::Transient
            }
            1053 | 1077 | 1079 | 1152 | 1158..=1161 | 1927 | 4031 => Class::Connection,
            1044 | 1045 | 1142 | 1143 | 1227 | 1370 => Class::Denied,
            1049 | 1054 | 1051 | 1146 => Class::Missing,
            // 1153 is a row that is larger than max_allowed_packet; the server ends the connection too.
            1048 | 1062 | 1153 | 1216 | 1217 | 1264 | 1265 | 1292 | 1364 | 1366 | 1367 | 1406
            | 1451 | 1452 | 1526 | 3140 | 3819 | 4025 => Class::Data,
            _ => class_of(&server.state),
        };
        let column = quoted_after(&server.message, "column").or_else(|| {
            quoted_after(&server.message, "Column")
                .or_else(|| quoted_after(&server.message, "Field"))
        });
        let constraint = quoted_after(&server.message, "for key");
        let message = match class {
            // The one whose value stands in no quotes.
            _ if server.code == 1526 => "the table has no partition for the value".to_owned(),
            Class::Data => without_values(&server.message),
            _ => server.message,
        };
        Self { state: Some(server.state.into()), column, constraint, ..Self::new(class, message) }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{Error, ErrorCode};
        let Error::SqliteFailure(failure, message) = error else {
            return match error {
                Error::SqlInputError { msg, .. } => Self::new(missing(&msg), msg),
                other => Self::new(Class::Other, other.to_string()),
            };
        };
        let message = message.unwrap_or_else(|| failure.to_string());
        let class = match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SchemaChanged => {
                Class::Transient
            }
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig => {
                Class::Data
            }
            ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::AuthorizationForStatementDenied => Class::Denied,
            ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::DiskFull => {
                Class::Connection
            }
            _ => missing(&message),
        };
        // `UNIQUE constraint failed: orders.id`
        let named = message.rsplit_once("failed: ").map(|it| it.1.into());
        let column = named.filter(|_| class == Class::Data);
        Self {
            state: Some(failure.extended_code.to_string().into()),
            column,
            ..Self::new(class, message)
        }
    }
}

fn missing(message: &str) -> Class {
    let is_missing = message.starts_with("no such") || message.contains("has no column named");
    if is_missing { Class::Missing } else { Class::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_of_messages() {
        for (text, expected) in [
            ("Duplicate entry 'secret' for key 'PRIMARY'", "Duplicate entry '…'"),
            ("Duplicate entry 'O'Brien secret' for key 'a'", "Duplicate entry '…'"),
            (
                "invalid input syntax for type integer: \"a b\"",
                "invalid input syntax for type integer: \"…\"",
            ),
            ("Column's value is bad", "Column's value is bad"),
            ("it is 'cut", "it is '…"),
        ] {
            assert_eq!(without_values(text), expected);
        }
    }

    #[test]
    fn what_a_rule_of_the_database_forbids_is_the_fault_of_the_data() {
        for (state, class) in [
            ("23505", Class::Data),
            ("44000", Class::Data),
            ("45000", Class::Data),
            ("P0001", Class::Data),
            ("P0002", Class::Other),
            ("42501", Class::Denied),
            ("40P01", Class::Transient),
            ("57014", Class::Transient),
            ("25P03", Class::Connection),
            ("57P01", Class::Connection),
        ] {
            assert_eq!(class_of(state), class, "{state}");
        }
    }

    #[test]
    fn refusals_of_mysql_name_what_they_blame_and_no_value() {
        for (code, state, message, class, column, key) in [
            (
                1062,
                "23000",
                "Duplicate entry 'x@y' for key 'orders.email'",
                Class::Data,
                None,
                Some("orders.email"),
            ),
            (
                1366,
                "22007",
                "Incorrect integer value: 'x@y' for column `shop`.`orders`.`id` at row 1",
                Class::Data,
                Some("shop"),
                None,
            ),
            (1048, "23000", "Column 'id' cannot be null", Class::Data, Some("id"), None),
            (1213, "40001", "Deadlock found", Class::Transient, None, None),
            (1969, "70100", "max_statement_time exceeded", Class::Transient, None, None),
            (1290, "HY000", "running with the --read-only option", Class::Transient, None, None),
            (1526, "HY000", "Table has no partition for value x@y", Class::Data, None, None),
            (1146, "42S02", "Table 'a.b' doesn't exist", Class::Missing, None, None),
            (1045, "28000", "Access denied for user", Class::Denied, None, None),
            (1064, "42000", "You have an error in your SQL syntax", Class::Other, None, None),
        ] {
            let error = DbError::from(mysql_async::Error::Server(mysql_async::ServerError {
                code,
                message: message.to_owned(),
                state: state.to_owned(),
            }));
            assert_eq!(
                (error.class, error.column.as_deref(), error.constraint.as_deref()),
                (class, column, key),
                "{message}"
            );
            assert!(!error.to_string().contains("x@y"), "{error}");
        }
    }
}
