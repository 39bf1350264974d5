//! Where a run is shown: a table that is redrawn in place on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::board::Board;

/// Pause between lines with rates where there is no terminal.
const RATES: Duration = Duration::from_secs(5);

pub(super) struct Screen {
    is_terminal: bool,
    /// Lines of the table on the screen.
    drawn: usize,
    rates_due: Instant,
}

impl Screen {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        Self { is_terminal, drawn: 0, rates_due: Instant::now() + RATES }
    }

    /// Shows news about a resource, which a table shows anyway.
    pub(super) fn news(&mut self, text: &str) {
        if !self.is_terminal {
            self.line(text);
        }
    }

    /// Shows a line that stays, above the table.
    pub(super) fn line(&mut self, text: &str) {
        let mut output = self.cleared();
        output.push_str(text);
        output.push('\n');
        print(&output);
    }

    /// Brings the screen up to date.
    pub(super) fn draw(&mut self, board: &Board) {
        if self.is_terminal {
            let mut output = self.cleared();
            let table = board.table();
            self.drawn = table.len();
            let width = width();
            for line in table {
                // A line that goes on in the next one would be left behind by the next drawing.
                output.extend(line.chars().take(width));
                output.push('\n');
            }
            print(&output);
        } else if Instant::now() >= self.rates_due {
            self.rates_due = Instant::now() + RATES;
            if let Some(rates) = board.rates() {
                self.line(&rates);
            }
        }
    }

    /// Takes the table off the screen.
    fn cleared(&mut self) -> String {
        let lines = std::mem::take(&mut self.drawn);
        if lines > 0 { format!("\x1b[{lines}A\x1b[0J") } else { String::new() }
    }
}

/// Columns of the terminal.
fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.map(|size| usize::from(size.ws_col)).ok().filter(|columns| *columns > 0).unwrap_or(80)
}

/// A reader that is gone ends the run by signal or `--for`, not by a panic.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// A line of a worker's log for people; `None` if it is of no interest unless all is asked for.
pub(super) fn log_line(text: &str, verbose: bool) -> Option<String> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
        return (!text.trim().is_empty()).then(|| text.to_owned());
    };
    let mut text_of = |field: &str| match fields.remove(field) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (level, message) = (text_of("level"), text_of("message"));
    let (timestamp, _) = (text_of("timestamp"), text_of("target"));
    if !verbose && !["WARN", "ERROR"].contains(&level.as_str()) {
        return None;
    }
    let time = timestamp.get(11..23).filter(|_| verbose).unwrap_or_default();
    let mut line = format!("{time} {level} {message}").trim_start().to_owned();
    for (field, value) in fields {
        match value {
            Value::String(text) => line.extend([" ", &field, "=", &text]),
            Value::Object(_) => {}
            other => line.extend([" ", &field, "=", &other.to_string()]),
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_told_for_people() {
        let info = r#"{"timestamp":"2026-01-01T08:30:40.491144Z","level":"INFO","message":"the worker starts","target":"x"}"#;
        let error = r#"{"timestamp":"t","level":"ERROR","message":"a task failed","connector":"a","task":0,"target":"x"}"#;
        for (text, verbose, expected) in [
            (info, false, None),
            (info, true, Some("08:30:40.491 INFO the worker starts")),
            (error, false, Some("ERROR a task failed connector=a task=0")),
            ("thread 'main' panicked", false, Some("thread 'main' panicked")),
            ("", true, None),
        ] {
            assert_eq!(log_line(text, verbose).as_deref(), expected, "{text}");
        }
    }
}
