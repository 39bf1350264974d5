//! Whether a value may stand where a schema stands: `ConnectSchema.validateValue`, with its words.

use std::fmt;

use crate::{Logical, Schema, Type, Value};

/// Why not. The text is that of Java's `DataException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

/// Where a value stands, put into words only if something is wrong with it.
enum Location<'a> {
    Value,
    Field(&'a str),
    Element(&'a Location<'a>),
    Key(&'a Location<'a>),
    MapValue(&'a Location<'a>),
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => out.write_str("value"),
            Self::Field(name) => write!(out, "field: \"{name}\""),
            Self::Element(array) => write!(out, "element of array {array}"),
            Self::Key(map) => write!(out, "key of map {map}"),
            Self::MapValue(map) => write!(out, "value of map {map}"),
        }
    }
}

impl Schema {
    /// Checks a value; `field` is the name of the field that it is for, if any. Nested values are checked as well.
    pub fn validate(&self, field: Option<&str>, value: &Value) -> Result<(), Invalid> {
        let location = field.map_or(Location::Value, Location::Field);
        self.validate_at(value, &location)
    }

    /// Whether the class of a value is one that the schema has. Parts of it are not looked at.
    pub fn fits(&self, value: &Value) -> bool {
        match Logical::of(self) {
            Some(Logical::Decimal) => matches!(value, Value::Decimal(_)),
            Some(_) => matches!(value, Value::Date(_)),
            None => matches!(
                (&self.r#type, value),
                (Type::Int8, Value::Int8(_))
                    | (Type::Int16, Value::Int16(_))
                    | (Type::Int32, Value::Int32(_))
                    | (Type::Int64, Value::Int64(_))
                    | (Type::Float32, Value::Float32(_))
                    | (Type::Float64, Value::Float64(_))
                    | (Type::Boolean, Value::Boolean(_))
                    | (Type::String, Value::String(_))
                    | (Type::Bytes, Value::Bytes(_))
                    | (Type::Array(_), Value::Array(_))
                    | (Type::Map(..), Value::Map(_))
                    | (Type::Struct(_), Value::Struct(_))
            ),
        }
    }

    fn require(&self, location: &Location<'_>) -> Result<(), Invalid> {
        let missing = || Invalid(format!("No schema defined for {location}"));
        self.known().map(drop).ok_or_else(missing)
    }

    fn validate_at(&self, value: &Value, location: &Location<'_>) -> Result<(), Invalid> {
        if value.is_null() {
            if self.optional {
                return Ok(());
            }
            return Err(Invalid(format!(
                "Invalid value: null used for required {location}, schema type: {}",
                self.type_name()
            )));
        }
        if !self.fits(value) {
            let name = self.name.as_ref().map(|it| format!(" \"{it}\"")).unwrap_or_default();
            return Err(Invalid(format!(
                "Invalid Java object for schema{name} with type {}: class {} for {location}",
                self.type_name(),
                value.java_class()
            )));
        }
        match (&self.r#type, value) {
            (Type::Array(items), Value::Array(values)) => {
                let location = Location::Element(location);
                items.require(&location)?;
                values.iter().try_for_each(|it| items.validate_at(it, &location))
            }
            (Type::Map(keys, values), Value::Map(entries)) => {
                let (key_at, value_at) = (Location::Key(location), Location::MapValue(location));
                keys.require(&key_at)?;
                values.require(&value_at)?;
                entries.iter().try_for_each(|(key, value)| {
                    keys.validate_at(key, &key_at)?;
                    values.validate_at(value, &value_at)
                })
            }
            (Type::Struct(_), Value::Struct(row)) => {
                if **row.schema() != *self {
                    return Err(Invalid("Struct schemas do not match.".to_owned()));
                }
                row.validate()
            }
            _ => Ok(()),
        }
    }
}

impl crate::Struct {
    /// Checks every field; a missing one may have a default instead (`Struct.validate`).
    pub fn validate(&self) -> Result<(), Invalid> {
        for (field, value) in self.schema().fields().iter().zip(self.values()) {
            if value.is_null() && field.schema.default.is_some() {
                continue;
            }
            field.schema.validate(Some(&field.name), value)?;
        }
        Ok(())
    }
}
