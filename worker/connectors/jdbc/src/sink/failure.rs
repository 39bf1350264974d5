//! Why rows were not written, and what can be done about it.

use crate::{Class, DbError};

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Leave the record out: it does not fit, and others may.
    Record,
    /// Write the changes one after the other: to the database, keys that look different are one (citext, a collation).
    Apart,
    /// Try again later.
    Later,
    /// Nothing, before somebody has changed the table or the settings.
    None,
}

/// Why rows were not written. None of them were, unless [`Failure::is_unknown`] says otherwise.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) remedy: Remedy,
    /// What is wrong, with table and column where they are known; no data.
    pub(crate) text: String,
    /// The change that is to blame, where that is known.
    pub(crate) at: Option<usize>,
    /// Whether the connection was lost while the rows were being committed, so that they may have been written.
    pub(crate) is_unknown: bool,
    /// Whether the connection is good for nothing any more.
    pub(crate) is_lost: bool,
}

impl Failure {
    /// The record is to blame.
    pub(crate) fn record(at: Option<usize>, text: impl Into<String>) -> Self {
        Self { remedy: Remedy::Record, text: text.into(), at, is_unknown: false, is_lost: false }
    }

    /// Somebody has to change something.
    pub(crate) fn fatal(text: impl Into<String>) -> Self {
        Self {
            remedy: Remedy::None,
            text: text.into(),
            at: None,
            is_unknown: false,
            is_lost: false,
        }
    }

    /// A refusal of the database while something was done to a table.
    pub(crate) fn during(doing: &str, error: &DbError) -> Self {
        // Limits of the program (SQLSTATE class 54): a row that is too long.
        let is_too_large = error.state.as_deref().is_some_and(|it| it.starts_with("54"));
        let remedy = match error.class {
            Class::Connection | Class::Transient => Remedy::Later,
            Class::Data => Remedy::Record,
            // PostgreSQL's "cannot affect row a second time".
            _ if error.state.as_deref() == Some("21000") => Remedy::Apart,
            _ if is_too_large => Remedy::Record,
            Class::Missing | Class::Denied | Class::Other => Remedy::None,
        };
        Self {
            remedy,
            text: format!("{doing}: {error}"),
            at: None,
            is_unknown: false,
            is_lost: error.class == Class::Connection,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_record_is_to_blame_for_leaves_it_out() {
        for (class, state, remedy) in [
            (Class::Data, Some("22003"), Remedy::Record),
            (Class::Other, Some("54000"), Remedy::Record),
            (Class::Other, Some("42P10"), Remedy::None),
            (Class::Other, Some("21000"), Remedy::Apart),
            (Class::Missing, None, Remedy::None),
            (Class::Denied, None, Remedy::None),
            (Class::Transient, None, Remedy::Later),
            (Class::Connection, None, Remedy::Later),
        ] {
            let mut error = DbError::new(class, "no");
            error.state = state.map(Into::into);
            let failure = Failure::during("write to t", &error);
            assert_eq!(failure.remedy, remedy, "{class:?}");
            assert_eq!(failure.is_lost, class == Class::Connection);
            assert!(failure.text.starts_with("write to t: no"));
        }
    }
}
