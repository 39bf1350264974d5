//! Logs: text for people on a terminal, JSON lines for machines.

mod filter;

use std::io::{self, IsTerminal as _, Write};

use sluice_herder::loggers::Loggers;
use sluice_providers::Hidden;
use tracing_subscriber::{
    Layer as _, fmt::MakeWriter, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

/// Starts logging to standard error, without the values that are hidden. `levels` is in the form of `RUST_LOG`; `info` if
/// there is none. Returns the levels, to be changed while the worker runs.
pub(crate) fn start(levels: Option<&str>, hidden: Hidden) -> Loggers {
    let loggers = filter::levels(levels);
    let lines = tracing_subscriber::fmt::layer().with_writer(Masked(hidden));
    let lines = if std::io::stderr().is_terminal() {
        lines.boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
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
