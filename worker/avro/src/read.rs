//! From Avro's binary form to values: a plan for each schema, made once and followed for each record. Whatever the bytes are,
//! they are read in time and memory that their length bounds.

mod anything;
mod cursor;

use std::collections::{HashMap, hash_map::Entry};

use bytestring::ByteString;
use sluice_plugin::model::{Decimal, SchemaRef, Struct, Value, logical};

pub(crate) use cursor::Cursor;

/// How to read a value.
#[derive(Debug)]
pub(crate) enum Read {
    Null,
    Boolean,
    Int8,
    Int16,
    Int,
    Long,
    Float,
    Double,
    Text,
    Bytes,
    Fixed(usize),
    Enum(Vec<ByteString>),
    Array(Box<Read>),
    Map(Box<Read>),
    /// A list of entries that stands for a map: its keys and its values.
    Entries(Box<(Read, Read)>),
    Record(SchemaRef, Vec<Read>),
    /// A union whose value is that of its type.
    Union(Vec<Read>),
    /// A union whose value is a struct with one field set: the place of each type's field; none for null.
    Members(SchemaRef, Vec<Option<(usize, Read)>>),
    /// A logical value of a stored one.
    Decoded(Box<Read>, Decoded),
    Anything,
}

/// What a logical type makes of a stored value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decoded {
    Decimal(i32),
    Date,
    Time,
    Timestamp,
}

impl Decoded {
    /// The logical value.
    pub(crate) fn of(self, stored: Value) -> Result<Value, String> {
        match (self, stored) {
            (Self::Decimal(scale), Value::Bytes(it)) => {
                let decimal = Decimal::from_bytes(&it, scale).ok_or("Zero length BigInteger")?;
                Ok(Value::Decimal(decimal.into()))
            }
            (Self::Date, Value::Int32(days)) => Ok(Value::Date(i64::from(days) * logical::DAY)),
            (Self::Time, Value::Int32(millis)) => {
                logical::time_from(millis).map(Value::Date).map_err(|error| error.to_string())
            }
            (Self::Timestamp, Value::Int64(millis)) => Ok(Value::Date(millis)),
            (_, Value::Null) => Ok(Value::Null),
            _ => Err("a logical type does not fit its stored value".to_owned()),
        }
    }
}

impl Read {
    /// Reads a whole record. Bytes that stand alone have no length before them.
    pub(crate) fn record(&self, bytes: bytes::Bytes) -> Result<Value, String> {
        match self {
            Self::Bytes => return Ok(Value::Bytes(bytes)),
            Self::Decoded(read, decoded) if matches!(**read, Self::Bytes) => {
                return decoded.of(Value::Bytes(bytes));
            }
            _ => {}
        }
        self.value(&mut Cursor::new(bytes))
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    fn value(&self, from: &mut Cursor) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Boolean => Value::Boolean(from.byte()? != 0),
            Self::Int8 => Value::Int8(narrow(from.int()?, "int8")?),
            Self::Int16 => Value::Int16(narrow(from.int()?, "int16")?),
            Self::Int => Value::Int32(from.int()?),
            Self::Long => Value::Int64(from.long()?),
            Self::Float => Value::Float32(f32::from_le_bytes(from.array()?)),
            Self::Double => Value::Float64(f64::from_le_bytes(from.array()?)),
            Self::Text => Value::String(from.text()?),
            Self::Bytes => Value::Bytes(from.bytes()?),
            Self::Fixed(size) => Value::Bytes(from.take(*size)?),
            Self::Enum(symbols) => {
                let place = usize::try_from(from.int()?).ok();
                let symbol = place.and_then(|it| symbols.get(it));
                Value::String(symbol.ok_or("a symbol that the enum does not have")?.clone())
            }
            Self::Array(items) => {
                let mut values = Vec::new();
                from.blocks(|from| {
                    values.push(items.value(from)?);
                    Ok(())
                })?;
                Value::Array(values)
            }
            Self::Map(read) => {
                let mut entries = Entries::default();
                from.blocks(|from| {
                    let key = Value::String(from.text()?);
                    entries.put(key, read.value(from)?);
                    Ok(())
                })?;
                Value::Map(entries.all)
            }
            Self::Entries(reads) => {
                let mut entries = Entries::default();
                from.blocks(|from| {
                    let key = reads.0.value(from)?;
                    entries.put(key, reads.1.value(from)?);
                    Ok(())
                })?;
                Value::Map(entries.all)
            }
            Self::Record(schema, fields) => {
                let mut values = Vec::with_capacity(fields.len());
                for field in fields {
                    values.push(field.value(from)?);
                }
                Value::Struct(Struct::new(schema.clone(), values))
            }
            Self::Union(reads) => from.branch(reads)?.value(from)?,
            Self::Members(schema, members) => match from.branch(members)? {
                None => Value::Null,
                Some((index, read)) => {
                    let mut values = vec![Value::Null; schema.fields().len()];
                    values[*index] = read.value(from)?;
                    Value::Struct(Struct::new(schema.clone(), values))
                }
            },
            Self::Decoded(read, decoded) => decoded.of(read.value(from)?)?,
            Self::Anything => anything::read(from, 0)?,
        })
    }
}

/// What a writer that knows no narrow types can have put there.
fn narrow<T: TryFrom<i32>>(int: i32, name: &str) -> Result<T, String> {
    T::try_from(int).map_err(|_| format!("{int} is no {name}, which connect.type says that it is"))
}

/// So many entries are searched one by one for a key.
const FEW: usize = 16;

/// Entries of a map, each key once: the last one counts, at the place of the first.
#[derive(Default)]
struct Entries {
    all: Vec<(Value, Value)>,
    /// Places by the keys' texts, once there are many.
    places: HashMap<String, usize>,
}

impl Entries {
    fn put(&mut self, key: Value, value: Value) {
        let text = |key: &Value| format!("{key:?}");
        if self.all.len() == FEW && self.places.is_empty() {
            let keys = self.all.iter().enumerate();
            self.places = keys.map(|(place, (key, _))| (text(key), place)).collect();
        }
        let known = if self.places.is_empty() {
            self.all.iter().position(|(known, _)| *known == key)
        } else {
            match self.places.entry(text(&key)) {
                Entry::Occupied(it) => Some(*it.get()),
                Entry::Vacant(it) => {
                    it.insert(self.all.len());
                    None
                }
            }
        };
        match known {
            Some(place) => self.all[place].1 = value,
            None => self.all.push((key, value)),
        }
    }
}

#[cfg(test)]
mod tests;
