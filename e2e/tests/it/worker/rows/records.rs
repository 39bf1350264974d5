//! Records for sinks of rows: structs as JSON with their schemas.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};

use crate::worker::dead_letters::records::Record;

/// A field: its name, its schema, and what it holds in a record.
pub(super) struct Field(pub(super) &'static str, pub(super) Value, pub(super) Value);

/// A field of a plain type.
pub(super) fn plain(name: &'static str, r#type: &str, value: Value) -> Field {
    Field(name, json!({"type": r#type, "optional": false}), value)
}

/// The same, which may be null.
pub(super) fn optional(name: &'static str, r#type: &str, value: Value) -> Field {
    Field(name, json!({"type": r#type, "optional": true}), value)
}

/// An optional field whose schema has a name.
pub(super) fn named(name: &'static str, r#type: &str, schema: &str, value: Value) -> Field {
    Field(name, json!({"type": r#type, "optional": true, "name": schema, "version": 1}), value)
}

/// A Decimal of two digits behind the point.
pub(super) fn decimal(name: &'static str, unscaled: Option<i64>) -> Field {
    let schema = json!({
        "type": "bytes",
        "optional": true,
        "name": "org.apache.kafka.connect.data.Decimal",
        "version": 1,
        "parameters": {"scale": "2", "connect.decimal.precision": "12"},
    });
    Field(name, schema, unscaled.map_or(Value::Null, |it| bytes(&it.to_be_bytes())))
}

/// Bytes as JSON has them.
pub(super) fn bytes(bytes: &[u8]) -> Value {
    BASE64.encode(bytes).into()
}

/// A struct with its schema.
pub(super) fn envelope(fields: &[Field]) -> Value {
    json!({"schema": schema(fields, "row"), "payload": payload(fields)})
}

pub(super) fn schema(fields: &[Field], name: &str) -> Value {
    let of = |it: &Field| {
        let mut schema = it.1.clone();
        schema["field"] = it.0.into();
        schema
    };
    let fields: Value = fields.iter().map(of).collect();
    json!({"type": "struct", "optional": true, "name": name, "fields": fields})
}

pub(super) fn payload(fields: &[Field]) -> Value {
    fields.iter().map(|it| (it.0.to_owned(), it.2.clone())).collect()
}

/// A record without a key.
pub(super) fn value(fields: &[Field]) -> Record {
    Record { value: Some(envelope(fields).to_string().into_bytes()), ..Record::default() }
}

/// A record with a key that is a struct.
pub(super) fn keyed(key: &[Field], fields: &[Field]) -> Record {
    Record { key: Some(envelope(key).to_string().into_bytes()), ..value(fields) }
}

/// A record that says that its key is gone.
pub(super) fn tombstone(key: &[Field]) -> Record {
    Record { key: Some(envelope(key).to_string().into_bytes()), ..Record::default() }
}

/// A change of another database's table, as Debezium's sources tell it.
pub(super) fn change(operation: &str, key: &[Field], before: &[Field], after: &[Field]) -> Record {
    let row = if after.is_empty() { before } else { after };
    let part = |name: &str| {
        let mut schema = schema(row, "server.shop.orders.Value");
        schema["field"] = name.into();
        schema
    };
    let schema = json!({
        "type": "struct",
        "optional": false,
        "name": "server.shop.orders.Envelope",
        "version": 1,
        "fields": [
            part("before"),
            part("after"),
            {"field": "source", "type": "struct", "optional": false, "name": "io.debezium.connector.mysql.Source",
             "fields": [{"field": "table", "type": "string", "optional": true}]},
            {"field": "op", "type": "string", "optional": false},
            {"field": "ts_ms", "type": "int64", "optional": true},
        ],
    });
    let side = |fields: &[Field]| if fields.is_empty() { Value::Null } else { payload(fields) };
    let payload = json!({
        "before": side(before),
        "after": side(after),
        "source": {"table": "orders"},
        "op": operation,
        "ts_ms": 1_700_000_000_000_i64,
    });
    let value = json!({"schema": schema, "payload": payload}).to_string().into_bytes();
    let key = (!key.is_empty()).then(|| envelope(key).to_string().into_bytes());
    Record { key, value: Some(value), ..Record::default() }
}
