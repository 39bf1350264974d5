//! Logs: text for people on a terminal, JSON lines for machines, unless told otherwise.

mod context;
mod filter;
mod text;

use std::io::{self, IsTerminal as _, Write};

use sluice_herder::loggers::Loggers;
use sluice_providers::Hidden;
use tracing_subscriber::{
    Layer as _, fmt::MakeWriter, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

/// What lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// As in Kafka Connect's own log files.
    Text,
    /// One object a line.
    Json,
}

impl Format {
    /// The value of `SLUICE_LOG_FORMAT`; without one, it depends on who reads.
    pub(crate) fn parse(value: Option<&str>) -> Result<Self, UnknownFormat> {
        let usual = if io::stderr().is_terminal() { "text" } else { "json" };
        match value.map_or(usual, str::trim) {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(UnknownFormat(other.to_owned())),
        }
    }
}

/// A format that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable SLUICE_LOG_FORMAT is {0:?}: expected `text` or `json`")]
pub(crate) struct UnknownFormat(String);

/// Starts logging to standard error, without the values that are hidden. `levels` is in the form of `RUST_LOG`; `info` if
/// there is none. Returns the levels, to be changed while the worker runs.
pub(crate) fn start(format: Format, levels: Option<&str>, hidden: Hidden) -> Loggers {
    let loggers = filter::levels(levels);
    let out = Masked(hidden);
    let lines = match format {
        Format::Text => context::Contexts.and_then(text::Text(out)).boxed(),
        Format::Json => {
            let lines = tracing_subscriber::fmt::layer().with_writer(out).json();
            lines.flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    registry().with(lines).with(filter::ByLogger(loggers.clone())).init();
    loggers
}

/// Standard error, for lines with nothing in them that has to be hidden.
struct Masked(Hidden);

impl<'a> MakeWriter<'a> for Masked {
    type Writer = MaskedLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine(&self.0)
    }
}

struct MaskedLine<'a>(&'a Hidden);

impl Write for MaskedLine<'_> {
    /// Takes a whole line, as the subscriber hands them over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut out = io::stderr().lock();
        if self.0.is_empty() {
            out.write_all(line)?;
        } else {
            out.write_all(self.0.mask(&String::from_utf8_lossy(line)).as_bytes())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_names() {
        assert_eq!(Format::parse(Some(" text")).unwrap(), Format::Text);
        assert_eq!(Format::parse(Some("json")).unwrap(), Format::Json);
        assert!(Format::parse(None).is_ok());
        let error = Format::parse(Some("xml")).unwrap_err().to_string();
        assert!(error.contains("SLUICE_LOG_FORMAT is \"xml\""), "{error}");
    }
}
