//! One line of a worker's log: whose it is, and how it is shown. Pure.

use std::fmt::Write;

use serde_json::{Map, Value};

/// Fields that have a place of their own in a shown line.
const PLACED: [&str; 8] =
    ["timestamp", "level", "message", "connector", "task", "target", "span", "spans"];

/// A line and the pod that wrote it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pod: String,
    text: String,
    /// None if the worker logs text.
    fields: Option<Map<String, Value>>,
}

impl Line {
    pub(super) fn new(pod: &str, text: String) -> Self {
        let fields = serde_json::from_str(&text).ok();
        Self { pod: pod.to_owned(), text, fields }
    }

    /// Whether it is about a connector, and about this task of it.
    pub(super) fn is_of(&self, connector: &str, task: Option<u32>) -> bool {
        if self.fields.is_none() {
            // The context that Kafka Connect writes: [name|task-0] or [name|worker].
            return match task {
                Some(task) => [']', '|']
                    .iter()
                    .any(|end| self.text.contains(&format!("[{connector}|task-{task}{end}"))),
                None => self.text.contains(&format!("[{connector}|")),
            };
        }
        let is_task = |asked: u32| match self.field("task") {
            Some(Value::Number(number)) => number.as_u64() == Some(u64::from(asked)),
            Some(Value::String(text)) => {
                // A task is told by its number, or as CONNECTOR-NUMBER.
                text.rsplit('-').next().and_then(|it| it.parse().ok()) == Some(asked)
            }
            _ => false,
        };
        self.field("connector").and_then(Value::as_str) == Some(connector)
            && task.is_none_or(is_task)
    }

    /// When it was written, as text that sorts by time.
    pub(super) fn time(&self) -> &str {
        match &self.fields {
            Some(fields) => fields.get("timestamp").and_then(Value::as_str).unwrap_or_default(),
            None => self.text.get(1..24).unwrap_or_default(),
        }
    }

    /// The line as it is printed, with its end.
    pub(super) fn show(&self, as_json: bool) -> String {
        match &self.fields {
            Some(fields) if as_json => {
                let mut fields = fields.clone();
                fields.insert("pod".to_owned(), self.pod.clone().into());
                format!("{}\n", Value::Object(fields))
            }
            Some(fields) => self.sentence(fields),
            None => format!("{} {}\n", self.pod, self.text),
        }
    }

    fn sentence(&self, fields: &Map<String, Value>) -> String {
        let text = |name: &str| self.field(name).map(plain).unwrap_or_default();
        let task = self.field("task").map(|it| format!(" task {}", plain(it))).unwrap_or_default();
        let mut line = format!(
            "{} {:5} {}{task}: {}",
            text("timestamp"),
            text("level"),
            self.pod,
            text("message")
        );
        for (name, value) in fields.iter().filter(|(name, _)| !PLACED.contains(&name.as_str())) {
            let _ = write!(line, " {name}={}", plain(value));
        }
        line.push('\n');
        line
    }

    /// A field of the event, or else of the span that it happened in.
    fn field(&self, name: &str) -> Option<&Value> {
        let fields = self.fields.as_ref()?;
        fields.get(name).or_else(|| fields.get("span")?.get(name))
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"timestamp":"2026-01-01T00:00:01Z","level":"WARN","message":"the source could not be polled","connector":"orders","task":1,"error":"no such file","target":"x"}"#;

    #[test]
    fn a_line_is_of_the_connector_that_it_or_its_span_names() {
        let in_span = r#"{"level":"INFO","message":"m","span":{"name":"task","connector":"orders","task":"orders-1"}}"#;
        for (text, connector, task, expected) in [
            (EVENT, "orders", None, true),
            (EVENT, "orders", Some(1), true),
            (EVENT, "orders", Some(0), false),
            (EVENT, "order", None, false),
            (in_span, "orders", Some(1), true),
            (in_span, "orders", Some(2), false),
            (r#"{"message":"orders"}"#, "orders", None, false),
            ("[2026-01-01 00:00:00,000] INFO [orders|task-1] m (x)", "orders", None, true),
            ("[2026-01-01 00:00:00,000] INFO [orders|task-1] m (x)", "orders", Some(0), false),
            ("[2026-01-01 00:00:00,000] INFO [orders|task-10] m (x)", "orders", Some(1), false),
            ("[2026-01-01 00:00:00,000] INFO [orders|task-1|offsets] m", "orders", Some(1), true),
            ("[2026-01-01 00:00:00,000] INFO [my-orders|worker] m (x)", "orders", None, false),
        ] {
            let line = Line::new("w-0", text.to_owned());
            assert_eq!(line.is_of(connector, task), expected, "{text} {task:?}");
        }
    }

    #[test]
    fn people_get_a_sentence_and_programs_the_line_with_its_pod() {
        let line = Line::new("w-0", EVENT.to_owned());
        assert_eq!(
            line.show(false),
            "2026-01-01T00:00:01Z WARN  w-0 task 1: the source could not be polled error=no such file\n"
        );
        let shown: Value = serde_json::from_str(&line.show(true)).unwrap();
        assert_eq!((&shown["pod"], &shown["task"]), (&Value::from("w-0"), &Value::from(1)));
        let text = Line::new("w-0", "[2026] hello".to_owned());
        assert_eq!(text.show(false), "w-0 [2026] hello\n");
    }

    #[test]
    fn lines_sort_by_time() {
        let text = Line::new("w-0", "[2026-01-01 00:00:00,123] INFO m".to_owned());
        assert_eq!(text.time(), "2026-01-01 00:00:00,123");
        assert_eq!(Line::new("w-0", EVENT.to_owned()).time(), "2026-01-01T00:00:01Z");
    }
}
