//! The status topic's other records: which topics a connector has used (KIP-558). Mirrors `KafkaStatusBackingStore`.

use std::collections::{BTreeMap, BTreeSet};

use sluice_engine::TaskId;

const PREFIX: &str = "status-topic-";
const SEPARATOR: &str = ":connector-";

/// The topics of every connector.
#[derive(Debug, Clone, Default)]
pub struct ActiveTopics {
    by_connector: BTreeMap<String, BTreeSet<String>>,
}

impl ActiveTopics {
    /// Takes the next record of the status topic; says so if it takes a topic from a connector. Records that mean nothing
    /// to us are skipped.
    pub fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> Option<Forgotten> {
        let key = std::str::from_utf8(key).ok()?;
        let (topic, connector) = key.strip_prefix(PREFIX)?.split_once(SEPARATOR)?;
        if topic.is_empty() || connector.is_empty() {
            return None;
        }
        if value.is_some() {
            self.put(connector, topic);
            return None;
        }
        let topics = self.by_connector.get_mut(connector)?;
        topics.remove(topic);
        if topics.is_empty() {
            self.by_connector.remove(connector);
        }
        Some(Forgotten { connector: connector.to_owned() })
    }

    /// Notes a topic; whether it was new.
    pub fn put(&mut self, connector: &str, topic: &str) -> bool {
        let topics = self.by_connector.entry(connector.to_owned()).or_default();
        topics.insert(topic.to_owned())
    }

    /// The topics of a connector, by name.
    pub fn of(&self, connector: &str) -> impl Iterator<Item = &str> {
        self.by_connector.get(connector).into_iter().flatten().map(String::as_str)
    }

    /// Every connector that has used some.
    pub fn connectors(&self) -> impl Iterator<Item = &str> {
        self.by_connector.keys().map(String::as_str)
    }
}

/// A connector shall tell its topics anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Its name.
    pub connector: String,
}

/// The key of a topic's record.
pub fn key(topic: &str, connector: &str) -> String {
    format!("{PREFIX}{topic}{SEPARATOR}{connector}")
}

/// The JSON that Java reads and writes.
pub fn encode(topic: &str, task: &TaskId, discovered_millis: i64) -> String {
    let text = |it: &str| serde_json::Value::from(it).to_string();
    format!(
        r#"{{"topic":{{"name":{},"connector":{},"task":{},"discoverTimestamp":{discovered_millis}}}}}"#,
        text(topic),
        text(&task.connector),
        task.task
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_come_and_go() {
        let mut topics = ActiveTopics::default();
        for (key, value, forgotten, of_c) in [
            ("status-topic-a:connector-c", Some(&b"{}"[..]), false, &["a"][..]),
            ("status-topic-b:connector-c", Some(b"{}"), false, &["a", "b"]),
            ("status-topic-b:connector-d:connector-e", Some(b"{}"), false, &["a", "b"]),
            ("status-topic-:connector-c", Some(b"{}"), false, &["a", "b"]),
            ("status-task-c-0", Some(b"{}"), false, &["a", "b"]),
            ("status-topic-a:connector-c", None, true, &["b"]),
            ("status-topic-a:connector-none", None, false, &["b"]),
        ] {
            assert_eq!(topics.apply(key.as_bytes(), value).is_some(), forgotten, "{key}");
            assert_eq!(topics.of("c").collect::<Vec<_>>(), of_c, "{key}");
        }
        assert_eq!(topics.connectors().collect::<Vec<_>>(), ["c", "d:connector-e"]);
    }

    #[test]
    fn the_json_is_that_of_java() {
        assert_eq!(key("t", "c"), "status-topic-t:connector-c");
        assert_eq!(
            encode("t", &TaskId::new("c", 2), 7),
            r#"{"topic":{"name":"t","connector":"c","task":2,"discoverTimestamp":7}}"#
        );
    }
}
