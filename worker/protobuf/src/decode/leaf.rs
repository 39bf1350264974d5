//! Values without parts, and the entries of maps.

use std::collections::{HashMap, hash_map::Entry};

use bytes::Bytes;
use bytestring::ByteString;
use sluice_plugin::model::Value;

use super::{EnumReader, Unreadable, Width};
use crate::scalar::Scalar;
use crate::wire::{Reader, unzigzag};

impl Scalar {
    /// Reads a value of the type's own wire type.
    pub(super) fn read(
        self,
        width: Width,
        reader: &mut Reader<'_>,
        whole: &Bytes,
    ) -> Result<Value, Unreadable> {
        Ok(match self {
            Self::Int32 => return narrowed(reader.varint()? as i32, width),
            Self::Sint32 => {
                return narrowed(unzigzag(reader.varint()? & 0xffff_ffff) as i32, width);
            }
            Self::Sfixed32 => return narrowed(i32::from_le_bytes(reader.fixed()?), width),
            Self::Uint32 => Value::Int64(i64::from(reader.varint()? as u32)),
            Self::Fixed32 => Value::Int64(u32::from_le_bytes(reader.fixed()?).into()),
            Self::Int64 | Self::Uint64 => Value::Int64(reader.varint()? as i64),
            Self::Sint64 => Value::Int64(unzigzag(reader.varint()?)),
            Self::Sfixed64 | Self::Fixed64 => Value::Int64(i64::from_le_bytes(reader.fixed()?)),
            Self::Float => Value::Float32(f32::from_le_bytes(reader.fixed()?)),
            Self::Double => Value::Float64(f64::from_le_bytes(reader.fixed()?)),
            Self::Bool => Value::Boolean(reader.varint()? != 0),
            Self::String => {
                let text = ByteString::try_from(whole.slice_ref(reader.delimited()?));
                Value::String(text.map_err(|_| Unreadable::new("a text is no valid UTF-8"))?)
            }
            Self::Bytes => Value::Bytes(whole.slice_ref(reader.delimited()?)),
        })
    }

    /// What stands for a value that is not there.
    pub(crate) fn zero(self, width: Width) -> Value {
        match self {
            Self::Int32 | Self::Sint32 | Self::Sfixed32 => match width {
                Width::Int8 => Value::Int8(0),
                Width::Int16 => Value::Int16(0),
                Width::Own => Value::Int32(0),
            },
            Self::Float => Value::Float32(0.0),
            Self::Double => Value::Float64(0.0),
            Self::Bool => Value::Boolean(false),
            Self::String => Value::String(ByteString::new()),
            Self::Bytes => Value::Bytes(Bytes::new()),
            _ => Value::Int64(0),
        }
    }
}

fn narrowed(value: i32, width: Width) -> Result<Value, Unreadable> {
    let too_wide =
        |_| Unreadable::new("the number does not fit the integer type that the schema notes");
    Ok(match width {
        Width::Int8 => Value::Int8(value.try_into().map_err(too_wide)?),
        Width::Int16 => Value::Int16(value.try_into().map_err(too_wide)?),
        Width::Own => Value::Int32(value),
    })
}

/// The value that a wrapper holds.
pub(super) fn read_wrapper(
    scalar: Scalar,
    payload: &[u8],
    whole: &Bytes,
) -> Result<Value, Unreadable> {
    let mut value = scalar.zero(Width::Own);
    let mut reader = Reader::new(payload);
    while let Some((number, wire)) = reader.tag()? {
        if number == 1 && wire == scalar.wire_type() {
            value = scalar.read(Width::Own, &mut reader, whole)?;
        } else {
            reader.skip(number, wire)?;
        }
    }
    Ok(value)
}

impl EnumReader {
    /// The value of a number; none if the enum is closed and has it not.
    pub(crate) fn value(&self, number: i32) -> Option<Value> {
        let found = self.values.binary_search_by_key(&number, |(known, _)| *known);
        match found {
            Err(_) if !self.is_open => None,
            _ if self.as_number => Some(Value::Int32(number)),
            Ok(index) => Some(Value::String(self.values[index].1.clone())),
            // The name that Java gives it.
            Err(_) => Some(format!("UNKNOWN_ENUM_VALUE_{}_{number}", self.name).into()),
        }
    }
}

/// Of entries with the same key only the last stays, at the place of the first.
pub(super) fn keep_last(entries: &mut Vec<(Value, Value)>) {
    if entries.len() < 2 {
        return;
    }
    let mut places: HashMap<Key, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
    for (key, value) in entries.drain(..) {
        let known = Key::of(&key).and_then(|it| match places.entry(it) {
            Entry::Occupied(place) => Some(*place.get()),
            Entry::Vacant(place) => {
                place.insert(kept.len());
                None
            }
        });
        match known {
            Some(place) => kept[place].1 = value,
            None => kept.push((key, value)),
        }
    }
    *entries = kept;
}

/// A key of a map.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Integer(i64),
    Text(ByteString),
    Bytes(Bytes),
}

impl Key {
    /// None for what only messages that stand for maps can have as keys, such as structs: those all stay.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Boolean(it) => Self::Integer((*it).into()),
            Value::Int8(it) => Self::Integer((*it).into()),
            Value::Int16(it) => Self::Integer((*it).into()),
            Value::Int32(it) => Self::Integer((*it).into()),
            Value::Int64(it) => Self::Integer(*it),
            Value::String(it) => Self::Text(it.clone()),
            Value::Bytes(it) => Self::Bytes(it.clone()),
            _ => return None,
        })
    }
}
