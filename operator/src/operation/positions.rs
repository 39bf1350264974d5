//! Positions as a set: told apart by their partition, compared and laid over each other. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sluice_crds::Position;
use sluice_rest_model::{ConnectorKind, ConnectorOffset, ConnectorOffsets, ReadPartition};

const TOPIC: &str = "kafka_topic";
const PARTITION: &str = "kafka_partition";
const OFFSET: &str = "kafka_offset";

/// Positions by their partitions. One without offset is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Positions(BTreeMap<String, (Object, Object)>);

/// A partition, and the offset that it shall have; none to forget it.
pub type Entry = (Object, Option<Object>);

type Object = Map<String, Value>;

/// An entry that the workers would not understand, by its index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "[{index}]: of a sink each entry needs {TOPIC} and {PARTITION} in partition, and {OFFSET} in offset: {what}"
)]
pub struct Unreadable {
    index: usize,
    what: &'static str,
}

impl Positions {
    /// As the workers or a ConfigMap tell them.
    pub fn of(offsets: ConnectorOffsets, kind: ConnectorKind) -> Result<Self, Unreadable> {
        let entry = |it: ConnectorOffset| (it.partition.unwrap_or_default(), it.offset);
        let entries = offsets.offsets.unwrap_or_default().into_iter().map(entry).collect();
        Ok(Self::default().with(read(entries, kind)?))
    }

    /// These, but for partitions of which entries say something else.
    #[must_use]
    pub fn with(mut self, entries: Vec<Entry>) -> Self {
        for (partition, offset) in entries {
            let key = key(&partition);
            match offset {
                Some(offset) => drop(self.0.insert(key, (partition, offset))),
                None => drop(self.0.remove(&key)),
            }
        }
        self
    }

    /// What turns these into others.
    pub fn difference(&self, others: &Self) -> Vec<Entry> {
        let set = others.0.iter().filter(|(key, entry)| self.0.get(*key) != Some(entry));
        let set = set.map(|(_, (partition, offset))| (partition.clone(), Some(offset.clone())));
        let gone = self.0.iter().filter(|(key, _)| !others.0.contains_key(*key));
        set.chain(gone.map(|(_, (partition, _))| (partition.clone(), None))).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a status tells them, at most so many.
    pub fn shown(&self, most: usize) -> Vec<Position> {
        let shown = self.0.values().take(most).cloned();
        shown.map(|(partition, offset)| Position { partition, offset: Some(offset) }).collect()
    }

    /// In the form of the REST API.
    pub fn to_rest(&self) -> ConnectorOffsets {
        to_rest(
            self.0.values().map(|(partition, offset)| (partition.clone(), Some(offset.clone()))),
        )
    }
}

/// One offset of each partition that a sink reads.
pub fn sought(partitions: &[ReadPartition], to: impl Fn(&ReadPartition) -> i64) -> Vec<Entry> {
    let entry = |it: &ReadPartition| {
        let partition = object(json!({TOPIC: it.topic, PARTITION: it.partition}));
        (partition, Some(object(json!({OFFSET: to(it)}))))
    };
    partitions.iter().map(entry).collect()
}

/// Entries in the form of the REST API.
pub fn to_rest(entries: impl IntoIterator<Item = Entry>) -> ConnectorOffsets {
    let entry = |(partition, offset)| ConnectorOffset { partition: Some(partition), offset };
    ConnectorOffsets { offsets: Some(entries.into_iter().map(entry).collect()) }
}

/// Entries as the workers tell them: of a sink numbers are numbers, though a text will do for the REST API.
pub fn read(entries: Vec<Entry>, kind: ConnectorKind) -> Result<Vec<Entry>, Unreadable> {
    if kind != ConnectorKind::Sink {
        return Ok(entries);
    }
    let read = |(index, entry)| of_sink(entry).map_err(|what| Unreadable { index, what });
    entries.into_iter().enumerate().map(read).collect()
}

fn of_sink((partition, offset): Entry) -> Result<Entry, &'static str> {
    let number = |value: Option<&Value>| match value {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let topic = partition.get(TOPIC).and_then(Value::as_str).ok_or("kafka_topic is no text")?;
    let of = number(partition.get(PARTITION)).ok_or("kafka_partition is no whole number")?;
    let partition = object(json!({TOPIC: topic, PARTITION: of}));
    let Some(offset) = offset else { return Ok((partition, None)) };
    let offset = number(offset.get(OFFSET)).ok_or("kafka_offset is no whole number")?;
    Ok((partition, Some(object(json!({OFFSET: offset})))))
}

/// The same for equal partitions, in whatever order their fields are.
fn key(partition: &Object) -> String {
    let sorted: BTreeMap<&String, &Value> = partition.iter().collect();
    serde_json::to_string(&sorted).expect("a partition is JSON")
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(entries: &[Value], kind: ConnectorKind) -> Result<Positions, Unreadable> {
        Positions::of(serde_json::from_value(json!({"offsets": entries})).unwrap(), kind)
    }

    fn entry(partition: &Value, offset: &Value) -> Value {
        json!({"partition": partition, "offset": offset})
    }

    #[test]
    fn a_difference_turns_one_into_the_other() {
        let file = |name: &str, at: &Value| entry(&json!({"file": name, "host": "h"}), at);
        let all = |entries: &[Value]| positions(entries, ConnectorKind::Source).unwrap();
        let at = |position: i64| json!({"p": position});
        let one = all(&[file("a", &at(1)), file("b", &at(2))]);
        let other = all(&[file("b", &at(3)), file("c", &at(4))]);
        for (from, to, changes) in [(&one, &other, 3), (&other, &one, 3), (&one, &one, 0)] {
            let difference = from.difference(to);
            assert_eq!(difference.len(), changes);
            assert_eq!(&from.clone().with(difference), to);
        }
        assert!(one.clone().with(one.difference(&Positions::default())).is_empty());
        let turned = entry(&json!({"host": "h", "file": "a"}), &at(1));
        let turned = all(&[turned, file("b", &at(2)), file("c", &Value::Null)]);
        assert_eq!(turned, one, "the order of fields says nothing, and no offset is no position");
    }

    #[test]
    fn numbers_of_a_sink_may_be_texts_and_nothing_else() {
        let partition = json!({"kafka_topic": "t", "kafka_partition": 3});
        let sink = |entry| positions(&[entry], ConnectorKind::Sink);
        let expected = sink(entry(&partition, &json!({"kafka_offset": 7}))).unwrap();
        let texts = json!({"kafka_topic": "t", "kafka_partition": "3"});
        assert_eq!(sink(entry(&texts, &json!({"kafka_offset": "7"}))).unwrap(), expected);
        for (partition, offset, told) in [
            (json!({"kafka_topic": "t"}), Value::Null, "kafka_partition is"),
            (json!({"kafka_partition": 1}), Value::Null, "kafka_topic is"),
            (partition.clone(), json!({"offset": 7}), "kafka_offset is"),
            (partition, json!({"kafka_offset": 1.5}), "kafka_offset is"),
        ] {
            let error = sink(entry(&partition, &offset)).unwrap_err().to_string();
            assert!(error.starts_with("[0]: ") && error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_sink_is_sought_in_each_partition() {
        let partition = |number| ReadPartition {
            topic: "t".to_owned(),
            partition: number,
            position: None,
            beginning: 5,
            end: 9,
            lag: 4,
            waiting_since: None,
            at: None,
        };
        let sought = sought(&[partition(0), partition(1)], |it| it.beginning);
        let told = serde_json::to_value(to_rest(sought)).unwrap();
        let at = |number: i64| {
            let partition = json!({"kafka_topic": "t", "kafka_partition": number});
            entry(&partition, &json!({"kafka_offset": 5}))
        };
        assert_eq!(told, json!({"offsets": [at(0), at(1)]}));
    }
}
