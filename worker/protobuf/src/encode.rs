//! Values to messages, by a plan that is made once for each schema (`ProtobufData.fromConnectData`).
//!
//! Fields are written in the order of their numbers, and one that has no presence only if it is not zero, as Java's
//! `DynamicMessage` does.

use std::sync::Arc;

use bytestring::ByteString;
use sluice_plugin::model::{Logical, Schema, SchemaRef, Struct, Value};

use crate::logical;
use crate::scalar::Scalar;
use crate::wire::{WireType, put_delimited, put_varint, zigzag};

/// How rows of one schema are written.
#[derive(Debug, Clone)]
pub(crate) struct RowWriter {
    pub(crate) schema: SchemaRef,
    /// In the order of their numbers.
    pub(crate) fields: Vec<FieldWriter>,
    /// Fields whose values are unions.
    pub(crate) unions: Vec<usize>,
    /// Whether null stays null where a schema has a default.
    pub(crate) ignore_default: bool,
}

/// How one field is written.
#[derive(Debug, Clone)]
pub(crate) struct FieldWriter {
    pub(crate) name: Arc<str>,
    /// The index in the row, and the one in the union there, if it is a member of that.
    pub(crate) place: (usize, Option<usize>),
    pub(crate) number: u32,
    pub(crate) presence: Presence,
    pub(crate) part: Part,
}

/// When and how often a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Unless it is zero.
    Implicit,
    /// Unless it is null.
    Explicit,
    /// Once for each item.
    Repeated,
}

/// One value that a field holds.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Scalar(Scalar),
    Wrapper(Scalar),
    /// Numbers by the names of their values.
    Enum(Vec<(ByteString, i32)>),
    /// Numbers themselves.
    EnumNumber,
    Logical(Logical),
    Row(Arc<RowWriter>),
    /// Entries: how a key is written and how a value.
    Map(Box<(FieldWriter, FieldWriter)>),
}

/// Why a value cannot be written; the path of its field is added on the way out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) String);

impl Unfit {
    fn new(reason: impl Into<String>) -> Self {
        Self(format!(": {}", reason.into()))
    }

    fn of(part: &Part, value: &Value) -> Self {
        let expected = match part {
            Part::Scalar(scalar) | Part::Wrapper(scalar) => scalar.name(),
            Part::Enum(_) | Part::EnumNumber => "enum",
            Part::Logical(_) => "logical type",
            Part::Row(_) => "struct",
            Part::Map(_) => "map",
        };
        Self::new(format!("Invalid type for {expected}: class {}", value.java_class()))
    }

    fn within(self, name: &str) -> Self {
        let separator = if self.0.starts_with(':') { "" } else { "." };
        Self(format!("{name}{separator}{}", self.0))
    }
}

impl RowWriter {
    /// Appends the fields of a row.
    pub(crate) fn write(&self, row: &Struct, out: &mut Vec<u8>) -> Result<(), Unfit> {
        if *row.schema() != self.schema {
            return Err(Unfit::new("Mismatching struct schema"));
        }
        let schemas = self.schema.fields();
        for union in &self.unions {
            check_union(&row.values()[*union]).map_err(|it| it.within(&schemas[*union].name))?;
        }
        for field in &self.fields {
            let value = self.value(row, &schemas[field.place.0].schema, field.place);
            if let Some(value) = value {
                field.write(value, out).map_err(|it| it.within(&field.name))?;
            } else if field.is_required(schemas) {
                return Err(Unfit::new("null for a required field").within(&field.name));
            }
        }
        Ok(())
    }

    /// The value of a field, unless it is null.
    fn value<'a>(
        &'a self,
        row: &'a Struct,
        schema: &'a Schema,
        (index, member): (usize, Option<usize>),
    ) -> Option<&'a Value> {
        let value = self.or_default(&row.values()[index], schema)?;
        let Some(member) = member else { return Some(value) };
        let Value::Struct(union) = value else { return None };
        self.or_default(&union.values()[member], &union.schema().fields()[member].schema)
    }

    fn or_default<'a>(&self, value: &'a Value, schema: &'a Schema) -> Option<&'a Value> {
        match value {
            Value::Null if self.ignore_default => None,
            Value::Null => schema.default.as_ref().filter(|it| !it.is_null()),
            value => Some(value),
        }
    }
}

/// A union has exactly one member.
fn check_union(value: &Value) -> Result<(), Unfit> {
    let Value::Struct(union) = value else { return Ok(()) };
    match union.values().iter().filter(|it| !it.is_null()).count() {
        1 => Ok(()),
        0 => Err(Unfit::new("Cannot find non-null field")),
        _ => Err(Unfit::new("more than one member of the union has a value")),
    }
}

impl FieldWriter {
    fn is_required(&self, fields: &[sluice_plugin::model::Field]) -> bool {
        self.place.1.is_none()
            && !fields[self.place.0].schema.optional
            && fields[self.place.0].schema.default.is_none()
    }

    fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Unfit> {
        if let Part::Map(entry) = &self.part {
            return self.write_map(entry, value, out);
        }
        if self.presence != Presence::Repeated {
            return self.write_one(value, out);
        }
        let Value::Array(items) = value else {
            return Err(Unfit::new(format!(
                "Invalid type for ARRAY: class {}",
                value.java_class()
            )));
        };
        if items.is_empty() {
            return Ok(());
        }
        if self.part.wire_type() == WireType::Delimited {
            return items.iter().try_for_each(|item| self.write_tagged(item, out));
        }
        self.put_tag(WireType::Delimited, out);
        put_delimited(out, |out| items.iter().try_for_each(|item| self.part.write(item, out)))
    }

    fn write_one(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Unfit> {
        if self.presence == Presence::Implicit && self.part.is_zero(value) {
            return Ok(());
        }
        self.write_tagged(value, out)
    }

    fn write_tagged(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Unfit> {
        self.put_tag(self.part.wire_type(), out);
        match &self.part {
            Part::Row(_) | Part::Logical(_) | Part::Wrapper(_) => {
                put_delimited(out, |out| self.part.write(value, out))
            }
            part => part.write(value, out),
        }
    }

    fn write_map(
        &self,
        entry: &(FieldWriter, FieldWriter),
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<(), Unfit> {
        let Value::Map(entries) = value else { return Err(Unfit::of(&self.part, value)) };
        for (key, value) in entries {
            self.put_tag(WireType::Delimited, out);
            put_delimited(out, |out| {
                for (part, value) in [(&entry.0, key), (&entry.1, value)] {
                    if !value.is_null() {
                        part.write(value, out).map_err(|it| it.within(&part.name))?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn put_tag(&self, wire: WireType, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.number << 3 | wire.number()));
    }
}

impl Part {
    fn wire_type(&self) -> WireType {
        match self {
            Self::Scalar(scalar) => scalar.wire_type(),
            Self::Enum(_) | Self::EnumNumber => WireType::Varint,
            Self::Wrapper(_) | Self::Logical(_) | Self::Row(_) | Self::Map(_) => {
                WireType::Delimited
            }
        }
    }

    /// Appends a value; of a message its fields, without their length.
    pub(crate) fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Unfit> {
        match self {
            Self::Scalar(scalar) => scalar.write(value, out).ok_or_else(|| Unfit::of(self, value)),
            Self::Wrapper(scalar) => {
                let plain = Self::Scalar(*scalar);
                if plain.is_zero(value) {
                    return Ok(());
                }
                put_varint(out, u64::from(1 << 3 | scalar.wire_type().number()));
                plain.write(value, out)
            }
            Self::Enum(_) | Self::EnumNumber => {
                put_varint(out, i64::from(self.enum_number(value)?) as u64);
                Ok(())
            }
            Self::Logical(it) => logical::write(*it, value, out).map_err(Unfit::new),
            Self::Row(writer) => match value {
                Value::Struct(row) => writer.write(row, out),
                _ => Err(Unfit::of(self, value)),
            },
            Self::Map(_) => Err(Unfit::new("a map stands where it cannot be written")),
        }
    }

    fn enum_number(&self, value: &Value) -> Result<i32, Unfit> {
        match (self, value) {
            (Self::Enum(numbers), Value::String(name)) => {
                let found = numbers.iter().find(|(known, _)| known == name);
                found
                    .map(|(_, number)| *number)
                    .ok_or_else(|| Unfit::new("the text is none of the values of the enum"))
            }
            (_, Value::Int32(number)) => Ok(*number),
            _ => Err(Unfit::of(self, value)),
        }
    }

    /// Whether a field without presence is left out.
    fn is_zero(&self, value: &Value) -> bool {
        match value {
            Value::Int8(it) => *it == 0,
            Value::Int16(it) => *it == 0,
            Value::Int32(it) => *it == 0,
            Value::Int64(it) => *it == 0,
            Value::Float32(it) => it.to_bits() == 0,
            Value::Float64(it) => it.to_bits() == 0,
            Value::Boolean(it) => !it,
            Value::String(it) => match self {
                Self::Enum(_) => self.enum_number(value) == Ok(0),
                _ => it.is_empty(),
            },
            Value::Bytes(it) => it.is_empty(),
            _ => false,
        }
    }
}

impl Scalar {
    pub(crate) const fn wire_type(self) -> WireType {
        match self {
            Self::Fixed32 | Self::Sfixed32 | Self::Float => WireType::Fixed32,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::Fixed64,
            Self::String | Self::Bytes => WireType::Delimited,
            _ => WireType::Varint,
        }
    }

    /// Appends a value, unless it is not one of the type.
    fn write(self, value: &Value, out: &mut Vec<u8>) -> Option<()> {
        match (self, value) {
            (Self::String, Value::String(it)) => put_bytes(out, it.as_bytes()),
            (Self::Bytes, Value::Bytes(it)) => put_bytes(out, it),
            (Self::Bool, Value::Boolean(it)) => out.push(u8::from(*it)),
            (Self::Float, Value::Float32(it)) => out.extend_from_slice(&it.to_le_bytes()),
            (Self::Double, Value::Float64(it)) => out.extend_from_slice(&it.to_le_bytes()),
            _ => self.write_integer(integer(value)?, out)?,
        }
        Some(())
    }

    fn write_integer(self, value: i64, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Int32 => put_varint(out, i64::from(i32::try_from(value).ok()?) as u64),
            Self::Int64 | Self::Uint64 => put_varint(out, value as u64),
            Self::Uint32 => put_varint(out, u32::try_from(value).ok()?.into()),
            Self::Sint32 => {
                put_varint(out, zigzag(i32::try_from(value).ok()?.into()));
            }
            Self::Sint64 => put_varint(out, zigzag(value)),
            Self::Fixed32 => out.extend_from_slice(&u32::try_from(value).ok()?.to_le_bytes()),
            Self::Sfixed32 => out.extend_from_slice(&i32::try_from(value).ok()?.to_le_bytes()),
            Self::Fixed64 | Self::Sfixed64 => out.extend_from_slice(&value.to_le_bytes()),
            _ => return None,
        }
        Some(())
    }
}

const fn integer(value: &Value) -> Option<i64> {
    Some(match value {
        Value::Int8(it) => *it as i64,
        Value::Int16(it) => *it as i64,
        Value::Int32(it) => *it as i64,
        Value::Int64(it) => *it,
        _ => return None,
    })
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
