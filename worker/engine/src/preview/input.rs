//! Records that stand in a file: one JSON object a line, with what a record of Kafka has.

use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value};
use sluice_kafka::{Message, TimestampType};

use crate::converters::RawHeaders;

/// A line that holds no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadRecord {
    line: usize,
    reason: String,
}

/// The records of a text, at most `most`. Members are `key`, `value`, `headers` (an object), `topic`, `partition`, `offset`
/// and `timestamp`; all may be missing. Of key, value and headers a text stands for its bytes, `{"base64": …}` for any
/// bytes, null for none and everything else for its JSON. `topic` is that of records that name none.
pub fn records_of(text: &str, topic: &str, most: usize) -> Result<Vec<Message>, BadRecord> {
    let topic: Arc<str> = topic.into();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let records = lines.take(most).map(|(index, line)| {
        let wrong = |reason: String| BadRecord { line: index + 1, reason };
        let value = serde_json::from_str(line).map_err(|it| wrong(format!("no JSON: {it}")))?;
        let Value::Object(members) = value else {
            return Err(wrong("a record is a JSON object, such as {\"value\": \"…\"}".to_owned()));
        };
        record(&members, &topic, index).map_err(wrong)
    });
    records.collect()
}

fn record(members: &Map<String, Value>, topic: &Arc<str>, index: usize) -> Result<Message, String> {
    const KNOWN: [&str; 7] =
        ["key", "value", "headers", "topic", "partition", "offset", "timestamp"];
    if let Some(other) = members.keys().find(|it| !KNOWN.contains(&it.as_str())) {
        return Err(format!("{other} is no member of a record; there are {}", KNOWN.join(", ")));
    }
    let number = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(it) => it.as_i64().map(Some).ok_or_else(|| format!("{name} is no whole number")),
    };
    let timestamp = number("timestamp")?;
    let partition = number("partition")?.unwrap_or_default();
    let offset = number("offset")?.unwrap_or(index as i64);
    Ok(Message {
        topic: match members.get("topic") {
            None => Arc::clone(topic),
            Some(it) => it.as_str().ok_or("topic is no text")?.into(),
        },
        partition: i32::try_from(partition).map_err(|_| "partition is too large".to_owned())?,
        offset,
        timestamp: timestamp.unwrap_or(-1),
        timestamp_type: match timestamp {
            Some(_) => TimestampType::CreateTime,
            None => TimestampType::NoTimestampType,
        },
        key: bytes("key", members.get("key"))?,
        value: bytes("value", members.get("value"))?,
        headers: headers(members.get("headers"))?,
    })
}

fn headers(value: Option<&Value>) -> Result<RawHeaders, String> {
    match value {
        None | Some(Value::Null) => Ok(RawHeaders::new()),
        Some(Value::Object(headers)) => {
            let one =
                |(key, value): (&String, _)| Ok((key.as_str().into(), bytes(key, Some(value))?));
            headers.iter().map(one).collect()
        }
        Some(_) => Err("headers is no JSON object".to_owned()),
    }
}

fn bytes(name: &str, value: Option<&Value>) -> Result<Option<Bytes>, String> {
    Ok(Some(match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Bytes::from(text.clone()),
        Some(Value::Object(members)) if members.len() == 1 && members.contains_key("base64") => {
            let text = members["base64"].as_str().unwrap_or_default();
            let decoded = base64::engine::general_purpose::STANDARD.decode(text);
            decoded.map_err(|error| format!("{name}: no base64: {error}"))?.into()
        }
        Some(other) => Bytes::from(other.to_string()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_for_what_kafka_would_have() {
        let text = "{\"value\": {\"a\": 1}, \"key\": \"k\", \"headers\": {\"h\": null}}\n\n\
                    {\"value\": {\"base64\": \"/w==\"}, \"topic\": \"u\", \"partition\": 3, \"offset\": 9, \"timestamp\": 5}\n\
                    {}\n{}\n";
        let records = records_of(text, "t", 3).unwrap();
        let text = |bytes: &Option<Bytes>| bytes.as_ref().map(|it| it.to_vec());
        assert_eq!(
            (text(&records[0].key), text(&records[0].value)),
            (Some(b"k".to_vec()), Some(b"{\"a\":1}".to_vec()))
        );
        assert_eq!(records[0].headers, [("h".into(), None)]);
        assert_eq!(
            (&*records[0].topic, records[0].timestamp_type),
            ("t", TimestampType::NoTimestampType)
        );
        assert_eq!(text(&records[1].value), Some(vec![255]));
        let at =
            (&*records[1].topic, records[1].partition, records[1].offset, records[1].timestamp);
        assert_eq!(at, ("u", 3, 9, 5));
        assert_eq!((records.len(), &records[2].value), (3, &None));
    }

    #[test]
    fn what_is_no_record_is_told_with_its_line() {
        for (text, expected) in [
            ("{}\n[1]", "line 2: a record is a JSON object, such as {\"value\": \"…\"}"),
            (
                "{\"payload\": 1}",
                "line 1: payload is no member of a record; there are key, value, headers, topic, partition, offset, timestamp",
            ),
            ("{\"offset\": \"a\"}", "line 1: offset is no whole number"),
            ("{\"partition\": 9999999999}", "line 1: partition is too large"),
            ("{\"headers\": 1}", "line 1: headers is no JSON object"),
        ] {
            assert_eq!(records_of(text, "t", 9).unwrap_err().to_string(), expected);
        }
        let error = records_of("{\"key\": {\"base64\": \"?\"}}\n", "t", 9).unwrap_err().to_string();
        assert!(error.starts_with("line 1: key: no base64: "), "{error}");
        let error = records_of("{", "t", 9).unwrap_err().to_string();
        assert!(error.starts_with("line 1: no JSON: "), "{error}");
    }
}
