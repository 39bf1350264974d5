//! The one error of plugins: it says which of three things the engine shall do.

use std::fmt;

/// Result of a plugin call.
pub type Result<T> = std::result::Result<T, Error>;

/// What the engine does about an error. Chosen where the cause is known, never by reading its text later.
///
/// | call | `Retriable` | `BadRecord` | `Fatal` |
/// |---|---|---|---|
/// | transform, predicate, converter | again as long as `errors.retry.timeout` allows, then as `BadRecord` | `errors.tolerance`: skip and report, or fail the task | as `BadRecord` |
/// | `poll` | again after a pause | fails the task | fails the task |
/// | `put` | the same batch again after a pause | fails the task: report single records to [`errant_records`](crate::SinkContext::errant_records) | fails the task |
/// | `flush` | back to the last commit | back to the last commit | back to the last commit |
/// | `split` | again after a growing pause | fails the connector | fails the connector |
/// | any other | fails the task | fails the task | fails the task |
///
/// An error that is [systemic](Error::systemic) is no record's fault: no tolerance covers it. A transform, predicate or
/// converter that gives a retriable one is called again until it is gone or the task is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The same call may succeed later: try again (`RetriableException`).
    Retriable,
    /// This record cannot be processed: apply `errors.tolerance` (`DataException`).
    BadRecord,
    /// The task cannot go on: fail it (`ConnectException`).
    Fatal,
}

/// Why a plugin call failed. The message names key, field, table or file and never holds record contents or secrets.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    class: Option<&'static str>,
    is_systemic: bool,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    const fn new(kind: Kind, message: String) -> Self {
        Self { kind, class: None, is_systemic: false, message, source: None }
    }

    /// The same call may succeed later.
    pub fn retriable(message: impl Into<String>) -> Self {
        Self::new(Kind::Retriable, message.into())
    }

    /// This record cannot be processed.
    pub fn bad_record(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRecord, message.into())
    }

    /// The task cannot go on.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self::new(Kind::Fatal, message.into())
    }

    /// A server that every record needs is away: the same call succeeds once it is back. Systemic.
    pub fn outage(message: impl Into<String>) -> Self {
        Self::retriable(message).systemic()
    }

    /// The same error, of something that all records need and not of this one: none may be skipped for it.
    #[must_use]
    pub const fn systemic(mut self) -> Self {
        self.is_systemic = true;
        self
    }

    /// Whether it is no fault of the record.
    pub const fn is_systemic(&self) -> bool {
        self.is_systemic
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// The same error under the name of another Java exception, where users know it by that.
    #[must_use]
    pub const fn named(mut self, class: &'static str) -> Self {
        self.class = Some(class);
        self
    }

    /// What the engine does about it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of the Java exception; users' alert rules look for it.
    pub const fn java_class(&self) -> &'static str {
        if let Some(class) = self.class {
            return class;
        }
        match self.kind {
            Kind::Retriable => "org.apache.kafka.connect.errors.RetriableException",
            Kind::BadRecord => "org.apache.kafka.connect.errors.DataException",
            Kind::Fatal => "org.apache.kafka.connect.errors.ConnectException",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|it| &**it as &(dyn std::error::Error + 'static))
    }
}
