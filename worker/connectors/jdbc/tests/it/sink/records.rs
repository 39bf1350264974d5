//! Records of the tests.

use sluice_jdbc::Dialect;
use sluice_plugin::model::{
    ConnectRecord, Decimal, Field, Logical, Schema, SchemaAndValue, SinkRecord, Struct,
    TimestampType, Type, Value,
};

/// A value with its schema.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) schema: Schema,
    pub(crate) value: Value,
}

fn typed(r#type: Type, value: Value) -> Row {
    Row { schema: Schema::required(r#type), value }
}

pub(crate) fn int(value: i64) -> Row {
    typed(Type::Int64, Value::Int64(value))
}

pub(crate) fn text(value: &str) -> Row {
    typed(Type::String, Value::from(value))
}

fn logical(logical: Logical, value: Value) -> Row {
    Row { schema: logical.schema(2), value }
}

/// A struct of fields.
pub(crate) fn row(fields: &[(&str, Row)]) -> Row {
    let field = |(name, row): &(&str, Row)| Field {
        name: (*name).into(),
        schema: row.schema.clone().into(),
    };
    let schema = Schema::required(Type::Struct(fields.iter().map(field).collect()));
    let values = fields.iter().map(|(_, row)| row.value.clone()).collect();
    let value = Value::Struct(Struct::new(schema.clone().into(), values));
    Row { schema, value }
}

/// Debezium's envelope around a row.
pub(crate) fn envelope(op: &str, state: &Row) -> Row {
    let optional = |is_there| {
        let mut schema = state.schema.clone();
        schema.optional = true;
        let value = match &state.value {
            Value::Struct(row) if is_there => {
                Value::Struct(Struct::new(schema.clone().into(), row.values().to_vec()))
            }
            _ => Value::Null,
        };
        Row { schema, value }
    };
    let mut event = row(&[
        ("before", optional(op == "d")),
        ("after", optional(matches!(op, "c" | "r" | "u"))),
        ("op", text(op)),
    ]);
    event.schema.name = Some("shop.orders.Envelope".into());
    if let Value::Struct(inner) = &event.value {
        event.value =
            Value::Struct(Struct::new(event.schema.clone().into(), inner.values().to_vec()));
    }
    event
}

/// A record of the topic `orders`, partition 0.
pub(crate) fn record(key: Row, value: Row) -> SinkRecord {
    let part = |row: Row| SchemaAndValue { schema: Some(row.schema.into()), value: row.value };
    placed(part(key), part(value))
}

/// A record without a value.
pub(crate) fn tombstone(key: Row) -> SinkRecord {
    placed(
        SchemaAndValue { schema: Some(key.schema.into()), value: key.value },
        SchemaAndValue::NULL,
    )
}

fn placed(key: SchemaAndValue, value: SchemaAndValue) -> SinkRecord {
    let mut data = ConnectRecord::new("orders", key, value);
    data.partition = Some(0);
    data.offset = Some(0);
    SinkRecord::new(data, TimestampType::CreateTime)
}

/// Puts a record at an offset.
pub(crate) trait At {
    fn at(self, offset: i64) -> SinkRecord;
}

impl At for SinkRecord {
    fn at(self, offset: i64) -> SinkRecord {
        let mut data = self.data;
        data.offset = Some(offset);
        Self::new(data, TimestampType::CreateTime)
    }
}

/// One field of each type.
pub(crate) fn all_types() -> Row {
    row(&[
        ("b", typed(Type::Boolean, Value::Boolean(true))),
        ("i8", typed(Type::Int8, Value::Int8(-8))),
        ("i16", typed(Type::Int16, Value::Int16(i16::MIN))),
        ("i32", typed(Type::Int32, Value::Int32(i32::MAX))),
        ("i64", typed(Type::Int64, Value::Int64(i64::MIN))),
        ("f32", typed(Type::Float32, Value::Float32(0.5))),
        ("f64", typed(Type::Float64, Value::Float64(-1e300))),
        ("t", text("\u{1F600} 'x'")),
        ("y", typed(Type::Bytes, Value::Bytes(vec![0, 255].into()))),
        (
            "n",
            logical(
                Logical::Decimal,
                Value::Decimal(
                    Decimal::parse("-12345678901234567890.25").expect("a number").into(),
                ),
            ),
        ),
        // 2024-07-01T12:00:00.123Z
        ("d", logical(Logical::Date, Value::Date(1_719_792_000_000))),
        ("h", logical(Logical::Time, Value::Date(3_723_004))),
        ("s", logical(Logical::Timestamp, Value::Date(1_719_835_200_123))),
    ])
}

pub(crate) const fn all_types_as_text(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "SELECT b::text, i8, i16, i32, i64, f32::text, f64::text, t, encode(y, 'hex'), n::text, d::text, h::text, \
             s::text FROM orders"
        }
        Dialect::MySql => {
            "SELECT b, i8, i16, i32, i64, cast(f32 AS char), cast(f64 AS char), t, lower(hex(y)), cast(n AS char), \
             cast(d AS char), cast(h AS char), cast(s AS char) FROM orders"
        }
        Dialect::Sqlite => {
            "SELECT b || '', i8, i16, i32, i64, f32 || '', f64 || '', t, lower(hex(y)), n, d || '', h || '', s || '' \
             FROM orders"
        }
    }
}

/// Times stand on the clocks of Berlin; that of a day on those of its first day.
pub(crate) const fn all_types_expected(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "true -8 -32768 2147483647 -9223372036854775808 0.5 -1e+300 \u{1F600} 'x' 00ff -12345678901234567890.25 \
             2024-07-01 02:02:03.004 2024-07-01 14:00:00.123"
        }
        Dialect::MySql => {
            "1 -8 -32768 2147483647 -9223372036854775808 0.5 -1e300 \u{1F600} 'x' 00ff -12345678901234567890.25 \
             2024-07-01 02:02:03.004 2024-07-01 14:00:00.123"
        }
        Dialect::Sqlite => {
            "1 -8 -32768 2147483647 -9223372036854775808 0.5 -1.0e+300 \u{1F600} 'x' 00ff -12345678901234567890.25 \
             1719792000000 3723004 1719835200123"
        }
    }
}
