//! The row that records of one pair of schemas become: its columns, and where each comes from. Made once for the pair, and
//! carried out for each record.

mod keys;

use std::sync::Arc;

use sluice_plugin::model::{Field, Schema, SchemaRef, SinkRecord, Value};

use super::{
    kind::Kind,
    settings::Settings,
    values::{cell, identify},
};
use crate::Cell;

/// Names of the key columns for topic, partition and offset unless the user names them.
pub(crate) const KAFKA_KEYS: [&str; 3] =
    ["__connect_topic", "__connect_partition", "__connect_offset"];

/// A column of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) optional: bool,
    /// How many digits a decimal column has that is made for it, where the schema says so.
    pub(crate) digits: Option<u32>,
    /// What the schema has for a missing value.
    pub(crate) default: Option<Value>,
    pub(crate) origin: Origin,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    Topic,
    Partition,
    Offset,
    Key,
    KeyField(usize),
    Header,
    Value,
    ValueField(usize),
}

/// The row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shape {
    /// The columns, those of the key first.
    pub(crate) columns: Vec<Column>,
    /// How many of them are the key.
    pub(crate) keys: usize,
    /// Places of the key's columns, by their names: the same for all shapes of a table.
    key_order: Vec<usize>,
}

/// What a record has for its row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// A struct's fields.
    Row(&'a [Value]),
    /// Text alone.
    Text(&'a Value),
    /// Nothing: the key alone counts.
    None,
}

/// The schema of what a record has for its row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ContentSchema<'a> {
    Row(&'a SchemaRef),
    Text(&'a SchemaRef),
    None,
}

impl Shape {
    /// The row of records with the schemas of this one. The error says what is wrong, and shows no data.
    pub(crate) fn of(
        record: &SinkRecord,
        content: ContentSchema<'_>,
        settings: &Settings,
    ) -> Result<Self, String> {
        let mut columns = keys::keys(record, content, settings)?;
        let keys = columns.len();
        match content {
            ContentSchema::Row(schema) => {
                for (index, field) in schema.fields().iter().enumerate() {
                    let is_known = columns.iter().any(|it| it.name == field.name);
                    if !is_known && settings.fields.has(&record.topic, &field.name) {
                        columns.push(column(field, Origin::ValueField(index), settings)?);
                    }
                }
            }
            ContentSchema::Text(schema) => {
                let name =
                    settings.text_column.as_deref().ok_or("the value is text, and no struct")?;
                let field = Field { name: name.into(), schema: schema.clone() };
                columns.push(column(&field, Origin::Value, settings)?);
            }
            ContentSchema::None => {}
        }
        if columns.is_empty() {
            return Err("no field of its key or value becomes a column".to_owned());
        }
        let mut key_order: Vec<usize> = (0..keys).collect();
        key_order.sort_by(|one, other| columns[*one].name.cmp(&columns[*other].name));
        Ok(Self { columns, keys, key_order })
    }

    /// The cells of a record of this shape. The error names the field, and shows no data.
    pub(crate) fn cells(
        &self,
        record: &SinkRecord,
        content: Content<'_>,
        settings: &Settings,
    ) -> Result<Vec<Cell>, String> {
        let mut cells = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            cells.push(column.cell(
                record,
                content,
                settings.default_for_null,
                index < self.keys,
            )?);
        }
        Ok(cells)
    }

    /// What the key of a row may have in common with others that the database takes for the same; none if it has no text.
    pub(crate) fn likeness(&self, cells: &[Cell]) -> Option<Vec<u8>> {
        let is_text = |it: &usize| matches!(cells[*it], Cell::Text(_));
        self.key_order.iter().any(is_text).then(|| {
            let mut bytes = Vec::new();
            for place in &self.key_order {
                match &cells[*place] {
                    Cell::Text(text) => {
                        let folded = text.trim_end_matches(' ').to_lowercase();
                        identify(&Cell::Text(folded.into()), &mut bytes);
                    }
                    cell => identify(cell, &mut bytes),
                }
            }
            bytes
        })
    }

    /// What tells the key of a row from those of others in its table.
    pub(crate) fn identity(&self, cells: &[Cell]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for place in &self.key_order {
            identify(&cells[*place], &mut bytes);
        }
        bytes
    }
}

impl Column {
    fn cell(
        &self,
        record: &SinkRecord,
        content: Content<'_>,
        default_for_null: bool,
        is_key: bool,
    ) -> Result<Cell, String> {
        let value = match (&self.origin, content) {
            (Origin::Topic, _) => return Ok(Cell::Text((&**record.original_topic()).into())),
            (Origin::Partition, _) => return Ok(Cell::Int(record.original_partition().into())),
            (Origin::Offset, _) => return Ok(Cell::Int(record.original_offset())),
            (Origin::Key, _) => &record.key.value,
            (Origin::KeyField(index), _) => match &record.key.value {
                Value::Struct(key) => &key.values()[*index],
                _ => &Value::Null,
            },
            (Origin::Header, _) => {
                record.headers.last_with_name(&self.name).map_or(&Value::Null, |it| &it.value)
            }
            (Origin::ValueField(index), Content::Row(values)) => &values[*index],
            (Origin::Value, Content::Text(value)) => value,
            (Origin::ValueField(_) | Origin::Value, _) => &Value::Null,
        };
        let value = match &self.default {
            Some(default) if value.is_null() && default_for_null => default,
            _ => value,
        };
        if value.is_null() && is_key {
            return Err(format!("the primary key has no value in {}", self.name));
        }
        if value.is_null() && !self.optional {
            return Err(format!(
                "the field {} is null, which its schema does not allow",
                self.name
            ));
        }
        cell(value, &self.kind)
            .map_err(|reason| format!("the field {} cannot be written: {reason}", self.name))
    }
}

fn column(field: &Field, origin: Origin, settings: &Settings) -> Result<Column, String> {
    let kind = Kind::of(&field.schema, settings.debezium)
        .map_err(|reason| format!("the field {} cannot be written: {reason}", field.name))?;
    let (timestamps, unit) = &settings.timestamps;
    let kind = match kind {
        Kind::Int64 if timestamps.contains(&*field.name) => Kind::Epoch(*unit),
        kind => kind,
    };
    Ok(Column {
        name: Arc::clone(&field.name),
        kind,
        optional: field.schema.optional,
        digits: settings.debezium.then(|| digits(&field.schema)).flatten(),
        default: field.schema.default.clone(),
        origin,
    })
}

/// What Debezium's sources tell of the column that a Decimal was read from.
fn digits(schema: &Schema) -> Option<u32> {
    schema.parameters.get("connect.decimal.precision")?.parse().ok()
}

#[cfg(test)]
pub(crate) mod tests;
