//! Lines of text in the layout of Kafka Connect's own log files, `[%d] %p %X{connector.context}%m (%c:%L)`: time in UTC,
//! level, what the line is about, message with its fields, logger and line.

use std::fmt::{self, Write as _};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    fmt::{
        MakeWriter,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer,
    registry::LookupSpan,
};

use super::context::Context;

/// Writes them.
pub(super) struct Text<W>(pub(super) W);

impl<S, W> Layer<S> for Text<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, spans: layer::Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        let (place, context) = (event.metadata(), Context::of(event, &spans));
        let line = place.line().map(|it| format!(":{it}")).unwrap_or_default();
        let text = format!(
            "[{}] {} {}{}{} ({}{line})\n",
            time(),
            place.level(),
            context.prefix(),
            message.text,
            message.fields,
            place.target()
        );
        // Nobody is left to be told that standard error is closed.
        let _ = std::io::Write::write_all(&mut self.0.make_writer(), text.as_bytes());
    }
}

/// As Log4j writes it: `2026-11-22 01:14:43,427`.
fn time() -> String {
    let mut text = String::new();
    // It cannot fail on a string.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text.truncate("2026-11-22T01:14:43.427".len());
    text.replace('T', " ").replace('.', ",")
}

/// The message and the other fields of an event, but for those that the context shows.
#[derive(Default)]
struct Message {
    text: String,
    fields: String,
}

impl Message {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        match field.name() {
            "message" => self.text = value.to_string(),
            "connector" | "task" => {}
            // It cannot fail on a string.
            name => drop(write!(self.fields, " {name}={value}")),
        }
    }
}

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{info_span, subscriber::with_default};
    use tracing_subscriber::{layer::SubscriberExt as _, registry};

    use super::*;
    use crate::telemetry::context::Contexts;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_say_what_they_are_about_as_those_of_connect() {
        let written = Written::default();
        let sink = written.clone();
        let lines = registry().with(Contexts).with(Text(move || sink.clone()));
        with_default(lines, || {
            tracing::info!(target: "group", generation = 3, "joined the group");
            tracing::warn!(target: "herder", connector = "orders", "the connector failed");
            tracing::error!(target: "herder", connector = "orders", task = 1, error = "no", "failed");
            info_span!("task", connector = "other", task = 0).in_scope(|| {
                tracing::debug!(target: "sink", "committed");
                tracing::debug!(target: "sink", connector = "other", "of itself");
                tracing::info!(target: "herder", connector = "orders", "of another");
                info_span!("commit", connector = "other", task = 0, scope = "offsets").in_scope(
                    || tracing::warn!(target: "source", connector = "other", "not committed"),
                );
            });
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<String> = text.lines().map(without_place).collect();
        let expected = [
            "INFO joined the group generation=3 (group",
            "WARN [orders|worker] the connector failed (herder",
            "ERROR [orders|task-1] failed error=no (herder",
            "DEBUG [other|task-0] committed (sink",
            "DEBUG [other|task-0] of itself (sink",
            "INFO [orders|worker] of another (herder",
            "WARN [other|task-0|offsets] not committed (source",
        ];
        assert_eq!(lines, expected);
    }

    /// A line without its time, which has the length that it should, and the number of its line.
    fn without_place(line: &str) -> String {
        let (time, rest) = line.split_at("[2026-11-22 01:14:43,427] ".len());
        let is_time = time.starts_with('[') && time.ends_with("] ") && time.contains(',');
        let (rest, number) = rest.rsplit_once(':').unwrap();
        assert!(is_time && number.ends_with(')'), "{line}");
        rest.to_owned()
    }
}
