//! What a record asks for: Debezium's envelopes opened, plain values as they are.

use sluice_plugin::model::{SchemaRef, SinkRecord, Value};

/// What a record asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event<'a> {
    /// To write a row: a struct and its schema.
    Row(&'a SchemaRef, &'a [Value]),
    /// To write a row of one column.
    Text(&'a SchemaRef, &'a Value),
    /// To delete the row of the key.
    Delete,
    /// To empty the table.
    Truncate,
    /// Nothing: an event about something else than a row.
    Nothing,
}

/// The end of the name of an envelope's schema.
const ENVELOPE: &str = ".Envelope";

/// Reads a record. `debezium` says whether envelopes are opened. The error says what is wrong, and shows no data.
pub(crate) fn read(record: &SinkRecord, debezium: bool) -> Result<Event<'_>, String> {
    let value = &record.value;
    let schema = match (&value.schema, &value.value) {
        (_, Value::Null) => return Ok(Event::Delete),
        (Some(schema), _) => schema,
        (None, Value::String(_)) => {
            return Err(
                "the value is text without a schema: use a converter that gives it one".to_owned()
            );
        }
        (None, _) => {
            return Err("the value has no schema, and the sink needs one: turn on the schemas of the converter \
                        (value.converter.schemas.enable), or use a registry"
                .to_owned());
        }
    };
    match &value.value {
        Value::Struct(row) if debezium && is_envelope(schema) => envelope(row.schema(), row.values()),
        Value::Struct(_) if debezium && is_schema_change(schema) => Err(
            "the record is a change of a schema, not of a row: leave its topic out of topics or topics.regex".to_owned(),
        ),
        Value::Struct(row) => Ok(Event::Row(row.schema(), row.values())),
        text @ Value::String(_) => Ok(Event::Text(schema, text)),
        _ => Err("the value is neither a struct nor text".to_owned()),
    }
}

fn is_envelope(schema: &SchemaRef) -> bool {
    schema.name.as_deref().is_some_and(|it| it.ends_with(ENVELOPE))
        && schema.field_index("op").is_some()
}

fn is_schema_change(schema: &SchemaRef) -> bool {
    let ends = [".SchemaChangeValue", ".SchemaChangeEvent"];
    schema.name.as_deref().is_some_and(|name| ends.iter().any(|it| name.ends_with(it)))
}

fn envelope<'a>(schema: &'a SchemaRef, values: &'a [Value]) -> Result<Event<'a>, String> {
    let field = |name: &str| schema.field_index(name).map(|at| &values[at]);
    let row = |name: &str| match field(name) {
        Some(Value::Struct(row)) => Some((row.schema(), row.values())),
        _ => None,
    };
    let Some(Value::String(op)) = field("op") else {
        return Err("the envelope has no operation in its field op".to_owned());
    };
    match op.as_ref() {
        "c" | "r" | "u" => {
            let (schema, values) = row("after").ok_or_else(|| {
                format!("the envelope of operation {op} has no row in its field after")
            })?;
            Ok(Event::Row(schema, values))
        }
        "d" => Ok(Event::Delete),
        "t" => Ok(Event::Truncate),
        "m" => Ok(Event::Nothing),
        _ => Err("the envelope has an unknown operation in its field op".to_owned()),
    }
}

/// The text of a field of an envelope's source.
pub(crate) fn source_field(record: &SinkRecord, name: &str) -> Option<String> {
    let Value::Struct(envelope) = &record.value.value else { return None };
    let Some(Value::Struct(source)) = envelope.field("source") else { return None };
    match source.field(name)? {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::{
        ConnectRecord, Field, Schema, SchemaAndValue, Struct, TimestampType, Type,
    };

    use super::*;

    fn record(value: SchemaAndValue) -> SinkRecord {
        let data = ConnectRecord::new("t", SchemaAndValue::NULL, value);
        SinkRecord::new(data, TimestampType::CreateTime)
    }

    fn event(op: &str, before: bool, after: bool) -> SinkRecord {
        let field = |name: &str, schema: Schema| Field { name: name.into(), schema: schema.into() };
        let row = Schema::optional(Type::Struct(vec![field("id", Schema::required(Type::Int64))]));
        let schema = Schema::required(Type::Struct(vec![
            field("before", row.clone()),
            field("after", row.clone()),
            field("op", Schema::required(Type::String)),
        ]))
        .named("a.b.Envelope");
        let schema = SchemaRef::new(schema);
        let row = |is_there: bool| {
            if is_there {
                Value::Struct(Struct::new(row.clone().into(), vec![Value::Int64(1)]))
            } else {
                Value::Null
            }
        };
        let values = vec![row(before), row(after), Value::from(op)];
        let value = Value::Struct(Struct::new(schema.clone(), values));
        record(SchemaAndValue { schema: Some(schema), value })
    }

    fn told(record: &SinkRecord, debezium: bool) -> String {
        match read(record, debezium) {
            Ok(Event::Row(_, values)) => format!("row of {}", values.len()),
            Ok(Event::Text(..)) => "text".to_owned(),
            Ok(Event::Delete) => "delete".to_owned(),
            Ok(Event::Truncate) => "truncate".to_owned(),
            Ok(Event::Nothing) => "nothing".to_owned(),
            Err(error) => error,
        }
    }

    #[test]
    fn envelopes_are_opened_where_they_are_asked_for() {
        for (record, debezium, expected) in [
            (event("c", false, true), true, "row of 1"),
            (event("r", false, true), true, "row of 1"),
            (event("u", true, true), true, "row of 1"),
            (event("u", true, true), false, "row of 3"),
            (event("d", true, false), true, "delete"),
            (event("t", false, false), true, "truncate"),
            (event("m", false, false), true, "nothing"),
            (
                event("c", true, false),
                true,
                "the envelope of operation c has no row in its field after",
            ),
            (event("x", true, true), true, "the envelope has an unknown operation in its field op"),
            (record(SchemaAndValue::NULL), true, "delete"),
            (
                record(SchemaAndValue::new(Schema::required(Type::String), Value::from("x"))),
                true,
                "text",
            ),
            (
                record(SchemaAndValue::new(Schema::required(Type::Int64), 1)),
                true,
                "the value is neither a struct nor text",
            ),
        ] {
            assert_eq!(told(&record, debezium), expected);
        }
        assert!(
            told(&record(SchemaAndValue::schemaless("x")), true).contains("text without a schema")
        );
        assert!(told(&record(SchemaAndValue::schemaless(1)), true).contains("schemas.enable"));
    }
}
