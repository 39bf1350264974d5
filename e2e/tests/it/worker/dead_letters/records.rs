//! Records of a topic, byte for byte, through Kafka's own clients.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

const STACKTRACE: &str = "__connect.errors.exception.stacktrace";

#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Record {
    pub(in super::super) timestamp: Option<i64>,
    pub(in super::super) key: Option<Vec<u8>>,
    pub(in super::super) value: Option<Vec<u8>>,
    pub(in super::super) headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Writes records to partition 0, in order.
pub(in super::super) async fn write(
    kafka: &KafkaServer,
    topic: &str,
    records: &[Record],
) -> Result<()> {
    let lines: String = records.iter().map(|it| format!("{}\n", json_of(it))).collect();
    let arguments = ["write", &kafka.bootstrap(), topic];
    java::run_source(&source(), &arguments, lines.as_bytes()).await.map(drop)
}

/// The records of partition 0: as many as `most`, or as have come after some seconds without.
pub(in super::super) async fn read(
    kafka: &KafkaServer,
    topic: &str,
    most: usize,
) -> Result<Vec<Record>> {
    let arguments = ["read", &kafka.bootstrap(), topic, &most.to_string(), "5"];
    let output = java::run_source(&source(), &arguments, b"").await?;
    let lines = output.split(|it| *it == b'\n').filter(|it| !it.is_empty());
    lines.map(|it| record_of(&serde_json::from_slice(it)?)).collect()
}

/// What is not the same: stack traces alone are compared by their first line and the classes of their causes.
pub(in super::super) fn differences(expected: &[Record], got: &[Record]) -> Vec<String> {
    let count = expected.len().max(got.len());
    let shown = |records: &[Record], at| records.get(at).map_or("none".to_owned(), show);
    (0..count)
        .map(|at| (at, shown(expected, at), shown(got, at)))
        .filter(|(_, expected, got)| expected != got)
        .map(|(at, expected, got)| format!("letter {at}\n Java:\n{expected}\n Sluice:\n{got}"))
        .collect()
}

fn show(record: &Record) -> String {
    let text = |bytes: &Option<Vec<u8>>| match bytes {
        None => "null".to_owned(),
        Some(bytes) => bytes
            .iter()
            .take(4000)
            .copied()
            .flat_map(std::ascii::escape_default)
            .map(char::from)
            .collect(),
    };
    let mut shown = format!(
        "  timestamp {:?}\n  key {}\n  value {}\n",
        record.timestamp,
        text(&record.key),
        text(&record.value)
    );
    for (name, value) in &record.headers {
        let value = match value {
            Some(trace) if name == STACKTRACE => outline(&String::from_utf8_lossy(trace)),
            value => text(value),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "  {name}: {value}");
    }
    shown
}

/// The first line of a trace and the classes of its causes.
fn outline(trace: &str) -> String {
    let mut lines = trace.lines();
    let first = lines.next().unwrap_or_default();
    let causes = lines.filter_map(|it| it.strip_prefix("Caused by: "));
    let classes = causes.map(|it| it.split(':').next().unwrap_or_default());
    [first].into_iter().chain(classes).collect::<Vec<_>>().join(" <- ")
}

fn json_of(record: &Record) -> Value {
    let headers = record.headers.iter();
    let headers =
        headers.map(|(name, value)| json!({"name": name, "value": encoded(value.as_ref())}));
    json!({
        "timestamp": record.timestamp,
        "key": encoded(record.key.as_ref()),
        "value": encoded(record.value.as_ref()),
        "headers": headers.collect::<Value>(),
    })
}

fn encoded(bytes: Option<&Vec<u8>>) -> Option<String> {
    bytes.map(|it| BASE64.encode(it))
}

fn record_of(json: &Value) -> Result<Record> {
    let decoded = |value: &Value| -> Result<Option<Vec<u8>>> {
        value.as_str().map(|it| Ok(BASE64.decode(it)?)).transpose()
    };
    let header = |it: &Value| -> Result<_> {
        Ok((
            it["name"].as_str().context("a header without name")?.to_owned(),
            decoded(&it["value"])?,
        ))
    };
    let headers = json["headers"].as_array().context("no headers")?;
    Ok(Record {
        timestamp: json["timestamp"].as_i64(),
        key: decoded(&json["key"])?,
        value: decoded(&json["value"])?,
        headers: headers.iter().map(header).collect::<Result<_>>()?,
    })
}

fn source() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/Records.java")
}
