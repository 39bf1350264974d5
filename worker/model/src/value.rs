//! Values: what a schema describes. A struct is a row over its shared schema.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{Decimal, Schema, SchemaRef};

/// One value. Text and bytes are shared slices: cloning copies no data. Equality is that of Java's `equals`: NaN is equal
/// to NaN, and 0.0 is not to -0.0.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value.
    Null,
    /// INT8.
    Int8(i8),
    /// INT16.
    Int16(i16),
    /// INT32.
    Int32(i32),
    /// INT64.
    Int64(i64),
    /// FLOAT32.
    Float32(f32),
    /// FLOAT64.
    Float64(f64),
    /// BOOLEAN.
    Boolean(bool),
    /// STRING.
    String(ByteString),
    /// BYTES.
    Bytes(Bytes),
    /// `java.util.Date`: milliseconds since the epoch. Values of the logical types Date, Time and Timestamp.
    Date(i64),
    /// `java.math.BigDecimal`. Values of the logical type Decimal.
    Decimal(Arc<Decimal>),
    /// ARRAY.
    Array(Vec<Value>),
    /// MAP, in the order in which the entries were read.
    Map(Vec<(Value, Value)>),
    /// STRUCT.
    Struct(Struct),
}

impl Value {
    /// Whether this is no value.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// Whether two maps are equal: in Java the order of entries does not count. Keys are different from each other.
fn same_entries(one: &[(Value, Value)], other: &[(Value, Value)]) -> bool {
    one == other || one.len() == other.len() && one.iter().all(|entry| other.contains(entry))
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Int8(one), Self::Int8(other)) => one == other,
            (Self::Int16(one), Self::Int16(other)) => one == other,
            (Self::Int32(one), Self::Int32(other)) => one == other,
            (Self::Int64(one), Self::Int64(other)) | (Self::Date(one), Self::Date(other)) => {
                one == other
            }
            (Self::Float32(one), Self::Float32(other)) => {
                one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
            }
            (Self::Float64(one), Self::Float64(other)) => {
                one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
            }
            (Self::Boolean(one), Self::Boolean(other)) => one == other,
            (Self::String(one), Self::String(other)) => one == other,
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            (Self::Decimal(one), Self::Decimal(other)) => one == other,
            (Self::Array(one), Self::Array(other)) => one == other,
            (Self::Map(one), Self::Map(other)) => same_entries(one, other),
            (Self::Struct(one), Self::Struct(other)) => one == other,
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int64(number)
    }
}

/// A row of values over a struct schema: `values[i]` belongs to `schema.fields()[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Struct {
    schema: SchemaRef,
    values: Vec<Value>,
}

impl Struct {
    /// A row; `values` has one entry for each field of `schema`, in that order.
    ///
    /// # Panics
    /// If the numbers differ, which is a mistake of the caller.
    pub fn new(schema: SchemaRef, values: Vec<Value>) -> Self {
        assert_eq!(schema.fields().len(), values.len(), "one value for each field");
        Self { schema, values }
    }

    /// The schema of the row.
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The values in field order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The values in field order, to be changed in place. That each still fits its field is up to the caller.
    pub fn values_mut(&mut self) -> &mut [Value] {
        &mut self.values
    }

    /// Puts the row under another schema; `change` makes the values fit it.
    ///
    /// # Panics
    /// If there is not one value for each field then, which is a mistake of the caller.
    pub fn recast(&mut self, schema: SchemaRef, change: impl FnOnce(&mut Vec<Value>)) {
        change(&mut self.values);
        assert_eq!(schema.fields().len(), self.values.len(), "one value for each field");
        self.schema = schema;
    }

    /// The value of a field by name.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.schema.field_index(name).map(|index| &self.values[index])
    }

    /// The schema and the values, taken apart.
    pub fn into_parts(self) -> (SchemaRef, Vec<Value>) {
        (self.schema, self.values)
    }
}

/// A value with the schema that describes it, if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaAndValue {
    /// None for schemaless data.
    pub schema: Option<SchemaRef>,
    /// The value.
    pub value: Value,
}

impl SchemaAndValue {
    /// No schema and no value: a tombstone.
    pub const NULL: Self = Self { schema: None, value: Value::Null };

    /// A value with a schema.
    pub fn new(schema: impl Into<SchemaRef>, value: impl Into<Value>) -> Self {
        Self { schema: Some(schema.into()), value: value.into() }
    }

    /// A value without a schema.
    pub fn schemaless(value: impl Into<Value>) -> Self {
        Self { schema: None, value: value.into() }
    }
}

impl From<Schema> for SchemaAndValue {
    fn from(schema: Schema) -> Self {
        Self { schema: Some(schema.into()), value: Value::Null }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_equal_as_in_java() {
        for (one, other, expected) in [
            (Value::Float64(f64::NAN), Value::Float64(-f64::NAN), true),
            (Value::Float32(f32::NAN), Value::Float32(f32::NAN), true),
            (Value::Float64(0.0), Value::Float64(-0.0), false),
            (Value::Float32(1.5), Value::Float32(1.5), true),
            (Value::Int64(1), Value::Date(1), false),
            (Value::Array(vec![Value::Null]), Value::Array(vec![Value::Null]), true),
        ] {
            assert_eq!(one == other, expected, "{one:?} {other:?}");
        }
    }
}
