//! Configurations to validate: what is right with them, and what is wrong, in each part of the answer.

use std::path::Path;

use serde_json::{Value, json};

use super::steps::{Step, validation, with};

const SINK: &str = "org.apache.kafka.connect.file.FileStreamSinkConnector";
const TRANSFORMS: &str = "org.apache.kafka.connect.transforms";

/// A sink with more settings.
fn sink(more: &Value) -> Value {
    merged(json!({"name": "it", "connector.class": SINK, "topics": "t"}), more)
}

/// Settings with more settings; null stays null, `UNSET` takes a setting out.
fn merged(mut config: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    if let Some(config) = config.as_object_mut() {
        config.retain(|_, value| value != "UNSET");
    }
    config
}

pub(super) fn all(file: &Path) -> Vec<Step> {
    let source = |key: &str, value: Value| {
        validation("FileStreamSource", merged(with(file, key, value), &json!({"name": "it"})))
    };
    let mut steps = vec![
        source("x", Value::Null),
        source("tasks.max", json!("x")),
        source("tasks.max", json!("0")),
        source("value.converter", json!("com.example.None")),
        source("connector.class", json!("None")),
        source("topic.creation.groups", json!("a,a")),
        source("exactly.once.support", json!("Sometimes")),
        source("transaction.boundary", json!("connector")),
        source("transaction.boundary.interval.ms", json!("-1")),
        source("offsets.storage.topic", json!("")),
        source("topic.creation.default.partitions", json!("1")),
        source("batch.size", json!("2147483648")),
        source("topic", json!(" ")),
        validation("FileStreamSink", with(file, "x", Value::Null)),
        validation("Sink", sink(&json!({}))),
        validation("FileStreamSource", json!({"connector.class": "FileStreamSource"})),
    ];
    let sinks = [framework(), nulls(), converters(), clients(), aliases(), transforms()].concat();
    steps.extend(sinks.iter().map(|more| validation("FileStreamSink", sink(more))));
    steps
}

fn framework() -> Vec<Value> {
    vec![
        json!({}),
        json!({"name": "UNSET", "topics": "UNSET"}),
        json!({"name": "a\tb"}),
        json!({"name": "", "topics": "a,,b"}),
        json!({"topics": "a, a"}),
        json!({"topics.regex": "a.*"}),
        json!({"topics": " a , b ", "errors.deadletterqueue.topic.name": " b "}),
        json!({"topics": "UNSET", "topics.regex": "d.*", "errors.deadletterqueue.topic.name": "dlq"}),
        json!({"errors.deadletterqueue.topic.replication.factor": "99999"}),
        json!({"errors.log.enable": "yes", "errors.retry.timeout": "1.5", "errors.tolerance": "ALL"}),
        json!({"config.action.reload": "", "tasks.max": " 7 ", "tasks.max.enforce": "TRUE"}),
        json!({"connector.plugin.version": "latest"}),
        json!({"connector.plugin.version": "0.0.1"}),
    ]
}

fn nulls() -> Vec<Value> {
    vec![
        json!({"topics": null, "key.converter": null, "zz": null, "yy": null, "aVeryLongNameOfAKey": null}),
        json!({"tasks.max": null, "errors.tolerance": null, "transforms": null, "file": null}),
        json!({"transforms": "a", "transforms.a.type": null}),
    ]
}

fn converters() -> Vec<Value> {
    let json = "org.apache.kafka.connect.json.JsonConverter";
    vec![
        json!({"key.converter": "JsonConverter", "key.converter.schemas.enable": "x", "key.converter.schemas.cache.size": "x"}),
        json!({"key.converter": json, "value.converter": "StringConverter", "header.converter": "JsonConverter"}),
        json!({"key.converter": "IntegerConverter", "value.converter": "ByteArrayConverter"}),
        json!({"value.converter": "BooleanConverter", "value.converter.converter.type": "other", "value.converter.x": "y"}),
        json!({"value.converter": json, "value.converter.decimal.format": "x"}),
        json!({"value.converter": "", "key.converter": "  JsonConverter "}),
        json!({"value.converter": SINK}),
        json!({"header.converter": SINK}),
        json!({"value.converter": "JsonConverter", "value.converter.plugin.version": "0.0.1"}),
        json!({"value.converter": "JsonConverter", "value.converter.plugin.version": "[x"}),
        json!({"value.converter.plugin.version": "7"}),
    ]
}

fn clients() -> Vec<Value> {
    vec![
        json!({"consumer.override.max.poll.records": "5", "consumer.override.foo": "5", "producer.override.acks": "1"}),
        json!({
            "errors.deadletterqueue.topic.name": "dlq", "producer.override.linger.ms": "3",
            "producer.override.compression.type": "zstd", "producer.override.ssl.key.password": "secret",
            "admin.override.retries": "3", "consumer.override.group.id": "x", "consumer.override.x": null,
        }),
        json!({"consumer.override.max.poll.records": "x"}),
        json!({"consumer.override.partition.assignment.strategy": "a, b", "consumer.override.check.crcs": "TRUE"}),
    ]
}

fn aliases() -> Vec<Value> {
    vec![
        json!({"transforms": "a"}),
        json!({"transforms": "a,a,", "transforms.a.type": "nope"}),
        json!({"transforms": "a", "transforms.a.type": "JsonConverter", "transforms.a.negate": "x"}),
        json!({"predicates": "p,q", "predicates.p.type": SINK}),
        json!({"transforms": " ", "predicates": ""}),
        json!({"transforms": "a", "transforms.a.type": format!("{TRANSFORMS}.None"), "transforms.a.plugin.version": "3"}),
    ]
}

/// Every transform and predicate with nothing but its class, and some with settings that are wrong.
fn transforms() -> Vec<Value> {
    let of_part = [
        "Cast",
        "ExtractField",
        "Flatten",
        "HeaderFrom",
        "HoistField",
        "InsertField",
        "MaskField",
        "ReplaceField",
        "SetSchemaMetadata",
        "TimestampConverter",
    ];
    let whole = [
        "DropHeaders",
        "Filter",
        "InsertHeader",
        "RegexRouter",
        "TimestampRouter",
        "ValueToKey",
        "Cast",
    ];
    let parts = of_part.iter().flat_map(|it| [format!("{it}$Key"), format!("{it}$Value")]);
    let transforms = parts.chain(whole.map(str::to_owned));
    let mut cases: Vec<Value> = transforms
        .map(|it| json!({"transforms": "a", "transforms.a.type": format!("{TRANSFORMS}.{it}")}))
        .collect();
    for predicate in ["HasHeaderKey", "RecordIsTombstone", "TopicNameMatches"] {
        let class = format!("{TRANSFORMS}.predicates.{predicate}");
        cases.push(json!({"predicates": "p", "predicates.p.type": class}));
    }
    let value = |name: &str| format!("{TRANSFORMS}.{name}$Value");
    cases.extend([
        json!({"transforms": "a", "transforms.a.type": "ValueToKey", "transforms.a.fields": "x,,x", "transforms.a.predicate": "p"}),
        json!({"transforms": "a", "transforms.a.type": "ValueToKey", "transforms.a.fields": "", "transforms.a.negate": "maybe"}),
        json!({"transforms": "a", "transforms.a.type": " ValueToKey ", "transforms.a.fields": "b"}),
        json!({"transforms": "a,b", "transforms.a.type": "Filter", "transforms.a.predicate": "p", "transforms.a.negate": "true",
            "transforms.b.type": "Filter", "predicates": "p", "predicates.p.type": "RecordIsTombstone"}),
        json!({"transforms": "a", "transforms.a.type": "Filter", "transforms.a.plugin.version": "0.0.1"}),
        json!({"transforms": "a", "transforms.a.type": "TopicNameMatches"}),
        json!({"transforms": "a", "transforms.a.type": value("Cast"), "transforms.a.spec": "a:int8,b:nothing"}),
        json!({"transforms": "a", "transforms.a.type": value("Cast"), "transforms.a.spec": ""}),
        json!({"transforms": "a", "transforms.a.type": value("Cast"), "transforms.a.spec": "a:b:c"}),
        json!({"transforms": "a", "transforms.a.type": value("HeaderFrom"), "transforms.a.fields": "a", "transforms.a.headers": "",
            "transforms.a.operation": "swap"}),
        json!({"transforms": "a", "transforms.a.type": value("TimestampConverter"), "transforms.a.target.type": "x",
            "transforms.a.unix.precision": "hours"}),
        json!({"transforms": "a", "transforms.a.type": value("InsertField"), "transforms.a.field.syntax.version": "v3"}),
        json!({"transforms": "a", "transforms.a.type": value("MaskField"), "transforms.a.fields": "a,a", "transforms.a.replacement": ""}),
        json!({"transforms": "a", "transforms.a.type": "DropHeaders", "transforms.a.headers": ","}),
        json!({"predicates": "p", "predicates.p.type": "HasHeaderKey", "predicates.p.name": ""}),
    ]);
    cases
}
