//! The columns of the primary key, wherever the settings take it from.

use std::sync::Arc;

use sluice_plugin::model::{Field, Schema, SchemaRef, SinkRecord, Type};

use super::{Column, ContentSchema, KAFKA_KEYS, Origin, column};
use crate::sink::{
    kind::Kind,
    settings::{KeyMode, Settings},
};

/// The key of records with the schemas of this one; empty if there is none. The error says what is wrong, and shows no data.
pub(super) fn keys(
    record: &SinkRecord,
    content: ContentSchema<'_>,
    settings: &Settings,
) -> Result<Vec<Column>, String> {
    match settings.key_mode {
        KeyMode::None => Ok(Vec::new()),
        KeyMode::Kafka => Ok(kafka_keys(&settings.key_fields)),
        KeyMode::RecordKey => record_key(record.key.schema.as_ref(), settings),
        KeyMode::RecordValue => match content {
            ContentSchema::Row(schema) => fields(schema, "value", settings, Origin::ValueField),
            _ => Err("the primary key is to come from the value, which is no struct".to_owned()),
        },
        KeyMode::RecordHeader => headers(record, settings),
    }
}

fn kafka_keys(names: &[String]) -> Vec<Column> {
    let name = |index: usize| names.get(index).map_or(KAFKA_KEYS[index], String::as_str).into();
    let column = |index, kind, origin| Column {
        name: name(index),
        kind,
        optional: false,
        digits: None,
        default: None,
        origin,
    };
    vec![
        column(0, Kind::Text, Origin::Topic),
        column(1, Kind::Int32, Origin::Partition),
        column(2, Kind::Int64, Origin::Offset),
    ]
}

fn record_key(schema: Option<&SchemaRef>, settings: &Settings) -> Result<Vec<Column>, String> {
    let Some(schema) = schema else {
        return Err(
            "the primary key is to come from the record's key, which has no schema".to_owned()
        );
    };
    if matches!(schema.r#type, Type::Struct(_)) {
        return fields(schema, "key", settings, Origin::KeyField);
    }
    let [name] = settings.key_fields.as_slice() else {
        return Err(format!(
            "the record's key is no struct, so the primary key needs exactly one name, and it has {}",
            settings.key_fields.len()
        ));
    };
    let field = Field { name: name.as_str().into(), schema: schema.clone() };
    Ok(vec![column(&field, Origin::Key, settings)?])
}

/// The columns of the primary key that are fields of a struct.
fn fields(
    schema: &Schema,
    part: &str,
    settings: &Settings,
    origin: fn(usize) -> Origin,
) -> Result<Vec<Column>, String> {
    let all = schema.fields();
    if settings.key_fields.is_empty() {
        return all.iter().enumerate().map(|(at, it)| column(it, origin(at), settings)).collect();
    }
    let named = |name: &String| {
        let at = schema.field_index(name).ok_or_else(|| {
            format!("the primary key has the field {name}, which the record's {part} has not")
        })?;
        column(&all[at], origin(at), settings)
    };
    settings.key_fields.iter().map(named).collect()
}

fn headers(record: &SinkRecord, settings: &Settings) -> Result<Vec<Column>, String> {
    let mut columns: Vec<Column> = Vec::new();
    for header in &record.headers.0 {
        let is_wanted = settings.key_fields.is_empty()
            || settings.key_fields.iter().any(|it| **it == *header.key);
        if !is_wanted || columns.iter().any(|it| it.name == header.key) {
            continue;
        }
        let schema = record.headers.last_with_name(&header.key).and_then(|it| it.schema.clone());
        let schema = schema.ok_or_else(|| format!("the header {} has no schema", header.key))?;
        columns.push(column(
            &Field { name: Arc::clone(&header.key), schema },
            Origin::Header,
            settings,
        )?);
    }
    let missing = |name: &&String| !columns.iter().any(|it| *it.name == ***name);
    if let Some(name) = settings.key_fields.iter().find(missing) {
        return Err(format!("the primary key has the header {name}, which the record has not"));
    }
    if columns.is_empty() {
        return Err(
            "the primary key is to come from the record's headers, of which there are none"
                .to_owned(),
        );
    }
    Ok(columns)
}
