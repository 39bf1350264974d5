//! JSON text to values, straight into the model: with a schema into typed values, without one into what the text shows.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use sluice_plugin::{
    Error, Result,
    model::{SchemaRef, Struct, Type, Value},
};

/// Reads a value without a schema: integers are INT64, fractions FLOAT64, objects maps.
pub(super) fn schemaless(bytes: &[u8]) -> std::result::Result<Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    Untyped.deserialize(&mut json)
}

/// Reads a value of a schema.
pub(super) fn typed(schema: &SchemaRef, text: &str, replace_null: bool) -> Result<Value> {
    let mut json = serde_json::Deserializer::from_str(text);
    Typed { schema, replace_null }
        .deserialize(&mut json)
        .map_err(|error| Error::bad_record("the payload does not fit its schema").because(error))
}

struct Untyped;

impl<'de> DeserializeSeed<'de> for Untyped {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Untyped {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E>(self, it: bool) -> std::result::Result<Value, E> {
        Ok(Value::Boolean(it))
    }

    fn visit_i64<E>(self, it: i64) -> std::result::Result<Value, E> {
        Ok(Value::Int64(it))
    }

    /// Java reads integers as long and wraps what is larger.
    fn visit_u64<E>(self, it: u64) -> std::result::Result<Value, E> {
        Ok(Value::Int64(it as i64))
    }

    fn visit_f64<E>(self, it: f64) -> std::result::Result<Value, E> {
        Ok(Value::Float64(it))
    }

    fn visit_str<E>(self, it: &str) -> std::result::Result<Value, E> {
        Ok(Value::from(it))
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut values: Vec<(Value, Value)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let (key, value) = (Value::from(key), entries.next_value_seed(Self)?);
            match values.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => *known = value,
                None => values.push((key, value)),
            }
        }
        Ok(Value::Map(values))
    }
}

/// Reads what the schema says.
#[derive(Clone, Copy)]
struct Typed<'a> {
    schema: &'a SchemaRef,
    replace_null: bool,
}

impl<'de> DeserializeSeed<'de> for Typed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl Typed<'_> {
    fn of<'a>(&self, schema: &'a SchemaRef) -> Typed<'a> {
        Typed { schema, replace_null: self.replace_null }
    }

    fn null<E: serde::de::Error>(self) -> std::result::Result<Value, E> {
        if let Some(default) = self.schema.default.as_ref().filter(|_| self.replace_null) {
            return Ok(default.clone());
        }
        if self.schema.optional {
            return Ok(Value::Null);
        }
        Err(E::custom(format_args!(
            "Invalid null value for required {} field",
            self.schema.type_name()
        )))
    }

    /// Java's casts: integers narrow by wrapping, floats widen.
    fn integer<E: serde::de::Error>(self, number: i64) -> std::result::Result<Value, E> {
        Ok(match self.schema.r#type {
            Type::Int8 => Value::Int8(number as i8),
            Type::Int16 => Value::Int16(number as i16),
            Type::Int32 => Value::Int32(number as i32),
            Type::Int64 => Value::Int64(number),
            Type::Float32 => Value::Float32(number as f32),
            Type::Float64 => Value::Float64(number as f64),
            _ => return Err(self.mismatch("a number")),
        })
    }

    fn mismatch<E: serde::de::Error>(self, found: &str) -> E {
        E::custom(format_args!("{found} where the schema has {}", self.schema.type_name()))
    }
}

impl<'de> Visitor<'de> for Typed<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.schema.type_name())
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<Value, E> {
        self.null()
    }

    fn visit_bool<E: serde::de::Error>(self, it: bool) -> std::result::Result<Value, E> {
        if self.schema.r#type == Type::Boolean {
            Ok(Value::Boolean(it))
        } else {
            Err(self.mismatch("a boolean"))
        }
    }

    fn visit_i64<E: serde::de::Error>(self, it: i64) -> std::result::Result<Value, E> {
        self.integer(it)
    }

    fn visit_u64<E: serde::de::Error>(self, it: u64) -> std::result::Result<Value, E> {
        self.integer(it as i64)
    }

    fn visit_f64<E: serde::de::Error>(self, it: f64) -> std::result::Result<Value, E> {
        match self.schema.r#type {
            Type::Float32 => Ok(Value::Float32(it as f32)),
            Type::Float64 => Ok(Value::Float64(it)),
            _ => self.integer(it as i64),
        }
    }

    fn visit_str<E: serde::de::Error>(self, it: &str) -> std::result::Result<Value, E> {
        match self.schema.r#type {
            Type::String => Ok(Value::from(it)),
            Type::Bytes => BASE64
                .decode(it)
                .map(|bytes| Value::Bytes(Bytes::from(bytes)))
                .map_err(|_| E::custom("Invalid bytes field: the text is not base64")),
            _ => Err(self.mismatch("text")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        match &self.schema.r#type {
            Type::Array(item) => {
                let mut values = Vec::new();
                while let Some(value) = items.next_element_seed(self.of(item))? {
                    values.push(value);
                }
                Ok(Value::Array(values))
            }
            Type::Map(keys, values) => {
                let mut entries = Vec::new();
                let pair = Pair { key: self.of(keys), value: self.of(values) };
                while let Some(entry) = items.next_element_seed(pair)? {
                    entries.push(entry);
                }
                Ok(Value::Map(entries))
            }
            _ => Err(self.mismatch("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        match &self.schema.r#type {
            Type::Map(_, values) => {
                let mut map = Vec::new();
                while let Some(key) = entries.next_key::<String>()? {
                    map.push((Value::from(key), entries.next_value_seed(self.of(values))?));
                }
                Ok(Value::Map(map))
            }
            Type::Struct(fields) => {
                let mut row: Vec<Option<Value>> = vec![None; fields.len()];
                let mut expected = 0;
                while let Some(key) = entries.next_key::<std::borrow::Cow<'_, str>>()? {
                    // Fields mostly come in the order of the schema.
                    let in_order = fields.get(expected).is_some_and(|field| *field.name == *key);
                    let index =
                        if in_order { Some(expected) } else { self.schema.field_index(&key) };
                    let Some(index) = index else {
                        entries.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    row[index] = Some(entries.next_value_seed(self.of(&fields[index].schema))?);
                    expected = index + 1;
                }
                let field = |(index, value): (usize, Option<Value>)| {
                    value.map_or_else(|| self.of(&fields[index].schema).null::<A::Error>(), Ok)
                };
                let values = row
                    .into_iter()
                    .enumerate()
                    .map(field)
                    .collect::<std::result::Result<_, _>>()?;
                Ok(Value::Struct(Struct::new(SchemaRef::clone(self.schema), values)))
            }
            _ => Err(self.mismatch("an object")),
        }
    }
}

/// A pair of a map with keys that are no text.
#[derive(Clone, Copy)]
struct Pair<'a> {
    key: Typed<'a>,
    value: Typed<'a>,
}

impl<'de> DeserializeSeed<'de> for Pair<'_> {
    type Value = (Value, Value);

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Pair<'_> {
    type Value = (Value, Value);

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a pair of key and value")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let missing = || A::Error::custom("Found invalid map entry, expected list of length 2");
        let key = items.next_element_seed(self.key)?.ok_or_else(missing)?;
        let value = items.next_element_seed(self.value)?.ok_or_else(missing)?;
        if items.next_element::<IgnoredAny>()?.is_some() {
            return Err(missing());
        }
        Ok((key, value))
    }
}
