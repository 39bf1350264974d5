//! Logs: text for people on a terminal, JSON lines for machines.

use std::io::{self, IsTerminal as _, Write};

use sluice_providers::Hidden;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Starts logging to standard error, without the values that are hidden. `filter` is in the form of `RUST_LOG`; `info`
/// if empty.
pub(crate) fn start(filter: Option<String>, hidden: Hidden) {
    let filter = EnvFilter::try_new(filter.unwrap_or_else(|| "info".to_owned()))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Masked(hidden));
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    }
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
