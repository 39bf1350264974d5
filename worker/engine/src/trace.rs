//! Traces of failed tasks in the form of Java's, which users' alert rules look through.

use std::{error::Error, fmt, io};

use sluice_plugin as plugin;

/// Java's name of an error that only says "the task cannot go on".
pub(crate) const CONNECT_EXCEPTION: &str = "org.apache.kafka.connect.errors.ConnectException";

/// Why a task failed: a chain of Java exceptions, the outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    chain: Vec<Link>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    class: String,
    message: String,
}

impl Failure {
    /// A failure of the engine itself.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::of(CONNECT_EXCEPTION, message)
    }

    /// A failure under the name of a Java exception.
    pub(crate) fn of(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self { chain: vec![Link { class: class.into(), message: message.into() }] }
    }

    /// The failure that a plugin's error is.
    pub(crate) fn of_error(error: &plugin::Error) -> Self {
        let mut failure = Self::of(error.java_class(), error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure
                .chain
                .push(Link { class: class_of(error).to_owned(), message: error.to_string() });
            cause = error.source();
        }
        failure
    }

    /// Java's name of the outermost exception.
    pub(crate) fn class(&self) -> &str {
        self.chain.first().map_or("", |it| &it.class)
    }

    /// The message of the outermost exception.
    pub(crate) fn message(&self) -> Option<&str> {
        self.chain.first().map(|it| it.message.as_str()).filter(|it| !it.is_empty())
    }

    /// The outermost exception in one line, as its `toString`.
    pub(crate) fn headline(&self) -> String {
        match self.message() {
            Some(message) => format!("{}: {message}", self.class()),
            None => self.class().to_owned(),
        }
    }

    /// The failure as cause of another one of the engine.
    pub(crate) fn within(mut self, message: impl Into<String>) -> Self {
        self.chain.insert(0, Link { class: CONNECT_EXCEPTION.to_owned(), message: message.into() });
        self
    }
}

impl From<plugin::Error> for Failure {
    fn from(error: plugin::Error) -> Self {
        Self::of_error(&error)
    }
}

/// The trace of a plugin's error, as the status of a connector shows it.
pub fn trace_of(error: plugin::Error) -> String {
    Failure::from(error).to_string()
}

fn class_of(error: &(dyn Error + 'static)) -> &'static str {
    if let Some(error) = error.downcast_ref::<plugin::Error>() {
        error.java_class()
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        match error.kind() {
            io::ErrorKind::NotFound => "java.nio.file.NoSuchFileException",
            io::ErrorKind::PermissionDenied => "java.nio.file.AccessDeniedException",
            _ => "java.io.IOException",
        }
    } else {
        "java.lang.Exception"
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, Link { class, message }) in self.chain.iter().enumerate() {
            let lead = if depth == 0 { "" } else { "\nCaused by: " };
            write!(out, "{lead}{class}")?;
            if !message.is_empty() {
                write!(out, ": {message}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_reads_like_java_s() {
        let disk = io::Error::other("disk full");
        let cause = plugin::Error::fatal("out.txt was refused").because(disk);
        let failure =
            Failure::from(cause).within("Exiting WorkerSinkTask due to unrecoverable exception.");
        assert_eq!(
            failure.to_string(),
            "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable \
             exception.\nCaused by: org.apache.kafka.connect.errors.ConnectException: out.txt was refused\n\
             Caused by: java.io.IOException: disk full"
        );
    }

    #[test]
    fn causes_have_the_names_of_java_s() {
        let named = plugin::Error::bad_record("y").named("org.example.OddException");
        for (cause, expected) in [
            (
                Box::from(named) as Box<dyn Error + Send + Sync>,
                "Caused by: org.example.OddException: y",
            ),
            (
                io::Error::from(io::ErrorKind::NotFound).into(),
                "java.nio.file.NoSuchFileException: ",
            ),
            (io::Error::other("x").into(), "java.io.IOException: x"),
            ("x".into(), "java.lang.Exception: x"),
        ] {
            let trace = trace_of(plugin::Error::fatal("").because(cause));
            assert!(trace.contains(expected), "{trace}");
        }
    }
}
