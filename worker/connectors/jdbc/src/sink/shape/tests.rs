//! Rows of records, by the key modes.

use sluice_plugin::model::{
    ConnectRecord, Header, Headers, Schema, SchemaAndValue, Struct, TimestampType, Type,
};

use super::*;
use crate::sink::settings::{Fields, KeyMode, Tombstones, Write};
use crate::sink::table_name::TableNames;

/// A shape with these columns, the first of which is the key.
pub(crate) fn keyed(names: &[&str]) -> Shape {
    let column = |name: &&str| Column {
        name: (**name).into(),
        kind: Kind::Int64,
        optional: false,
        digits: None,
        default: None,
        origin: Origin::ValueField(0),
    };
    Shape { columns: names.iter().map(column).collect(), keys: 1, key_order: vec![0] }
}

/// Settings of an upsert by the record's key.
pub(crate) fn settings() -> Settings {
    Settings {
        write: Write::Upsert,
        key_mode: KeyMode::RecordKey,
        key_fields: Vec::new(),
        tombstones: Tombstones::Delete,
        truncate: false,
        fields: Fields::All,
        tables: TableNames {
            format: "${topic}".to_owned(),
            by_topic: std::collections::BTreeMap::new(),
            normalize: false,
            dots_to_underscores: false,
        },
        create: true,
        evolve: true,
        batch: 3000,
        retries: 10,
        pause: std::time::Duration::from_secs(3),
        default_for_null: true,
        text_column: None,
        debezium: false,
        timestamps: (std::collections::BTreeSet::new(), crate::sink::kind::Unit::Micros),
        dates_in_zone: false,
    }
}

fn row(fields: &[(&str, Schema, Value)]) -> SchemaAndValue {
    let field = |(name, schema, _): &(&str, Schema, Value)| Field {
        name: (*name).into(),
        schema: schema.clone().into(),
    };
    let schema = SchemaRef::new(Schema::required(Type::Struct(fields.iter().map(field).collect())));
    let values = fields.iter().map(|(_, _, value)| value.clone()).collect();
    SchemaAndValue {
        schema: Some(schema.clone()),
        value: Value::Struct(Struct::new(schema, values)),
    }
}

fn number(value: i64) -> (Schema, Value) {
    (Schema::required(Type::Int64), Value::Int64(value))
}

fn record(key: SchemaAndValue) -> SinkRecord {
    let (schema, two) = number(2);
    let with_default = Schema { default: Some(Value::Int64(9)), ..Schema::optional(Type::Int64) };
    let value = row(&[
        ("id", schema.clone(), Value::Int64(1)),
        ("a", schema, two),
        ("b", with_default, Value::Null),
    ]);
    let mut data = ConnectRecord::new("t", key, value);
    data.partition = Some(3);
    data.offset = Some(7);
    let (schema, value) = number(5);
    data.headers =
        Headers(vec![Header { key: "h".into(), value: SchemaAndValue::new(schema, value) }]);
    SinkRecord::new(data, TimestampType::CreateTime)
}

/// The columns with their cells, the key's before a bar; or the error.
fn told(record: &SinkRecord, settings: &Settings) -> String {
    let Value::Struct(value) = &record.value.value else { panic!("a struct") };
    let shape = match Shape::of(record, ContentSchema::Row(value.schema()), settings) {
        Ok(shape) => shape,
        Err(error) => return error,
    };
    let cells = match shape.cells(record, Content::Row(value.values()), settings) {
        Ok(cells) => cells,
        Err(error) => return error,
    };
    let text = |(column, cell): (&Column, &Cell)| match cell {
        Cell::Int(value) => format!("{}={value}", column.name),
        Cell::Text(value) => format!("{}={value}", column.name),
        other => format!("{}={other:?}", column.name),
    };
    let texts: Vec<String> = shape.columns.iter().zip(&cells).map(text).collect();
    format!("{} | {}", texts[..shape.keys].join(" "), texts[shape.keys..].join(" "))
}

#[test]
fn keys_come_from_where_they_are_asked_for() {
    let plain = || SchemaAndValue::new(Schema::required(Type::Int64), 4);
    let fields = || {
        row(&[
            ("id", Schema::required(Type::Int64), Value::Int64(4)),
            ("k", Schema::required(Type::Int64), Value::Int64(5)),
        ])
    };
    for (key, mode, names, expected) in [
        (plain(), KeyMode::None, &[][..], " | id=1 a=2 b=9"),
        (
            plain(),
            KeyMode::Kafka,
            &[],
            "__connect_topic=t __connect_partition=3 __connect_offset=7 | id=1 a=2 b=9",
        ),
        (plain(), KeyMode::Kafka, &["x", "y", "z"], "x=t y=3 z=7 | id=1 a=2 b=9"),
        (plain(), KeyMode::RecordKey, &["id"], "id=4 | a=2 b=9"),
        (
            plain(),
            KeyMode::RecordKey,
            &[],
            "the record's key is no struct, so the primary key needs exactly one name, and it has 0",
        ),
        (fields(), KeyMode::RecordKey, &[], "id=4 k=5 | a=2 b=9"),
        (fields(), KeyMode::RecordKey, &["k"], "k=5 | id=1 a=2 b=9"),
        (
            fields(),
            KeyMode::RecordKey,
            &["z"],
            "the primary key has the field z, which the record's key has not",
        ),
        (plain(), KeyMode::RecordValue, &["a"], "a=2 | id=1 b=9"),
        (plain(), KeyMode::RecordValue, &[], "id=1 a=2 b=9 | "),
        (plain(), KeyMode::RecordHeader, &[], "h=5 | id=1 a=2 b=9"),
        (
            plain(),
            KeyMode::RecordHeader,
            &["g"],
            "the primary key has the header g, which the record has not",
        ),
        (
            SchemaAndValue::NULL,
            KeyMode::RecordKey,
            &["id"],
            "the primary key is to come from the record's key, which has no schema",
        ),
        (
            SchemaAndValue { schema: plain().schema, value: Value::Null },
            KeyMode::RecordKey,
            &["id"],
            "the primary key has no value in id",
        ),
    ] {
        let key_fields = names.iter().map(|it| (*it).to_owned()).collect();
        let settings = Settings { key_mode: mode, key_fields, ..settings() };
        assert_eq!(told(&record(key), &settings), expected, "{mode:?} {names:?}");
    }
}

#[test]
fn fields_are_left_out_but_for_those_of_the_key() {
    let key = || SchemaAndValue::new(Schema::required(Type::Int64), 4);
    let only = |names: &[&str]| Fields::Only(names.iter().map(|it| (*it).to_owned()).collect());
    let with = |fields| Settings {
        fields,
        key_mode: KeyMode::RecordValue,
        key_fields: vec!["id".to_owned()],
        ..settings()
    };
    assert_eq!(told(&record(key()), &with(only(&["b"]))), "id=1 | b=9");
    let null = Settings { default_for_null: false, ..with(only(&["t:b"])) };
    assert_eq!(told(&record(key()), &null), "id=1 | b=Null");
    let nothing = Settings { key_mode: KeyMode::None, ..with(only(&["z"])) };
    assert_eq!(told(&record(key()), &nothing), "no field of its key or value becomes a column");
}

#[test]
fn the_identity_of_a_key_does_not_depend_on_the_order_of_its_fields() {
    let field =
        |name: &str, value| (name.to_owned(), Schema::required(Type::Int64), Value::Int64(value));
    let identity = |fields: Vec<(String, Schema, Value)>| {
        let fields: Vec<(&str, Schema, Value)> = fields
            .iter()
            .map(|(name, schema, value)| (name.as_str(), schema.clone(), value.clone()))
            .collect();
        let record = record(row(&fields));
        let shape = Shape::of(&record, ContentSchema::None, &settings()).unwrap();
        shape.identity(&shape.cells(&record, Content::None, &settings()).unwrap())
    };
    let straight = identity(vec![field("x", 1), field("y", 2)]);
    assert_eq!(straight, identity(vec![field("y", 2), field("x", 1)]));
    assert_ne!(straight, identity(vec![field("x", 2), field("y", 1)]));
}
