//! Plans to read values from JSON (`JsonSchemaData.toConnectData`).
//!
//! Where Java makes zero, null or a cut number of what is none of its type, it is an error here that names the place.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use bytes::Bytes;
use sluice_converters::tree::{self, Node, Number};
use sluice_plugin::model::{
    Decimal, Logical, Schema, SchemaRef, Struct, Type, Value,
    logical::{DAY, scale_of, time_from},
};

use crate::names::{KEY, VALUE, has_names, is_union};

/// So many members are searched one by one.
const FEW: usize = 32;
/// Beyond it, doubles do not hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// How to read the values of one schema.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    kind: Kind,
    null: OfNull,
}

/// What null stands for.
#[derive(Debug, Clone)]
enum OfNull {
    Null,
    Default(Value),
    Refused,
}

#[derive(Debug, Clone)]
enum Kind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Text,
    Bytes,
    /// With its scale, if it says one.
    Decimal(Option<i32>),
    Date,
    Time,
    Timestamp,
    Array(Box<Read>),
    /// An object whose members are the entries.
    Names(Box<Read>),
    /// A list of objects with key and value.
    Entries(Box<(Read, Read)>),
    Row(SchemaRef, Vec<(Arc<str>, Read)>),
    Union(SchemaRef, Vec<Read>),
}

/// The error of a place, and of the places around it: a JSON pointer, a colon and what is wrong.
type Result<T> = std::result::Result<T, String>;

impl Read {
    /// The plan of a schema whose parts are read by `parts`: the items of a list, key and value of a map, the fields of a row.
    pub(crate) fn new(schema: &SchemaRef, parts: &[Self]) -> Result<Self> {
        let kind = Kind::new(schema, parts)?;
        let null = match &schema.default {
            Some(Value::Struct(row)) if row.values().len() == schema.fields().len() => {
                let row = Struct::new(schema.clone(), row.values().to_vec());
                OfNull::Default(Value::Struct(row))
            }
            Some(default) => OfNull::Default(default.clone()),
            None if schema.optional => OfNull::Null,
            None => OfNull::Refused,
        };
        Ok(Self { kind, null })
    }

    /// Reads a whole record.
    ///
    /// # Errors
    /// What is no JSON, or none of the schema, and where.
    pub(crate) fn record(&self, bytes: &Bytes) -> Result<Value> {
        let read = tree::read(bytes, |node| self.value(node))?;
        let value = read.ok_or("the record holds no JSON")?;
        value.map_err(|error| format!("value{error}"))
    }

    fn value(&self, node: &Node<'_>) -> Result<Value> {
        if *node != Node::Null {
            return self.kind.value(node);
        }
        match &self.null {
            OfNull::Null => Ok(Value::Null),
            OfNull::Default(default) => Ok(default.clone()),
            OfNull::Refused => Err(": null is no value, as the schema requires one".to_owned()),
        }
    }

    /// What stands for a member that is not there: Java takes it for null even where the schema requires one.
    fn missing(&self) -> Value {
        if let OfNull::Default(default) = &self.null { default.clone() } else { Value::Null }
    }
}

impl Kind {
    fn new(schema: &SchemaRef, parts: &[Read]) -> Result<Self> {
        if let Some(logical) = Logical::of(schema) {
            return Ok(match logical {
                Logical::Decimal => Self::Decimal(scale_of(schema).ok()),
                Logical::Date => Self::Date,
                Logical::Time => Self::Time,
                Logical::Timestamp => Self::Timestamp,
            });
        }
        Ok(match (&schema.r#type, parts) {
            (Type::Boolean, _) => Self::Boolean,
            (Type::Int8, _) => Self::Int8,
            (Type::Int16, _) => Self::Int16,
            (Type::Int32, _) => Self::Int32,
            (Type::Int64, _) => Self::Int64,
            (Type::Float32, _) => Self::Float32,
            (Type::Float64, _) => Self::Float64,
            (Type::String, _) => Self::Text,
            (Type::Bytes, _) => Self::Bytes,
            (Type::Array(_), [items]) => Self::Array(Box::new(items.clone())),
            (Type::Map(keys, _), [_, values]) if has_names(keys) => {
                Self::Names(Box::new(values.clone()))
            }
            (Type::Map(..), [keys, values]) => {
                Self::Entries(Box::new((keys.clone(), values.clone())))
            }
            (Type::Struct(_), types) if is_union(schema) => {
                Self::Union(schema.clone(), types.to_vec())
            }
            (Type::Struct(fields), reads) => {
                let fields = fields.iter().map(|it| Arc::clone(&it.name));
                Self::Row(schema.clone(), fields.zip(reads.iter().cloned()).collect())
            }
            _ => return Err("a part of the schema has no type".to_owned()),
        })
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    fn value(&self, node: &Node<'_>) -> Result<Value> {
        Ok(match self {
            Self::Boolean => match node {
                Node::Boolean(it) => Value::Boolean(*it),
                _ => return Err(expected("true or false", node)),
            },
            Self::Int8 => Value::Int8(integer(node)?),
            Self::Int16 => Value::Int16(integer(node)?),
            Self::Int32 => Value::Int32(integer(node)?),
            Self::Int64 => Value::Int64(integer(node)?),
            Self::Float32 => {
                let number = floating(node, f32::NAN, Number::float)?;
                Value::Float32(finite(number, number.is_infinite(), node)?)
            }
            Self::Float64 => {
                let number = floating(node, f64::NAN, Number::double)?;
                Value::Float64(finite(number, number.is_infinite(), node)?)
            }
            Self::Text => match node {
                Node::Text(text) => Value::from(&**text),
                _ => return Err(expected("a text", node)),
            },
            Self::Bytes => Value::Bytes(binary(node)?),
            Self::Decimal(scale) => Value::Decimal(Arc::new(decimal(*scale, node)?)),
            Self::Date => Value::Date(i64::from(integer::<i32>(node)?) * DAY),
            Self::Time => {
                let time = time_from(integer(node)?);
                Value::Date(time.map_err(|error| format!(": {error}"))?)
            }
            Self::Timestamp => Value::Date(integer(node)?),
            Self::Array(items) => {
                let Node::Array(nodes) = node else { return Err(expected("a list", node)) };
                let item = |(place, node): (usize, &Node<'_>)| {
                    items.value(node).map_err(|it| format!("/{place}{it}"))
                };
                Value::Array(nodes.iter().enumerate().map(item).collect::<Result<_>>()?)
            }
            Self::Names(values) => {
                let Node::Object(members) = node else { return Err(expected("an object", node)) };
                let entry = |(name, node): &(Cow<'_, str>, Node<'_>)| {
                    let value = values.value(node).map_err(|it| format!("/{name}{it}"))?;
                    Ok((Value::from(&**name), value))
                };
                Value::Map(members.iter().map(entry).collect::<Result<_>>()?)
            }
            Self::Entries(reads) => entries(reads, node)?,
            Self::Row(schema, fields) => row(schema, fields, node)?,
            Self::Union(schema, types) => union(schema, types, node)?,
        })
    }

    /// Whether a value of this kind may stand as such a value of JSON. Rows are compared by their members.
    fn takes(&self, node: &Node<'_>) -> bool {
        match self {
            Self::Boolean => matches!(node, Node::Boolean(_)),
            Self::Int8
            | Self::Int16
            | Self::Int32
            | Self::Int64
            | Self::Date
            | Self::Time
            | Self::Timestamp => {
                matches!(node, Node::Number(Number::Integer(_) | Number::Big(_)))
            }
            Self::Float32 | Self::Float64 => matches!(node, Node::Number(_)),
            Self::Text => matches!(node, Node::Text(_)),
            Self::Bytes => binary(node).is_ok(),
            Self::Decimal(scale) => decimal(*scale, node).is_ok(),
            Self::Array(_) | Self::Entries(_) => matches!(node, Node::Array(_)),
            Self::Names(_) => matches!(node, Node::Object(_)),
            Self::Row(..) | Self::Union(..) => false,
        }
    }

    /// How many members of an object are fields, those of its parts among them.
    fn in_common(&self, node: &Node<'_>) -> usize {
        let (Self::Row(_, fields), Node::Object(members)) = (self, node) else { return 0 };
        let members = Members::new(members, fields.len());
        let each = fields.iter().enumerate().filter_map(|(place, (name, read))| {
            Some(1 + read.kind.in_common(members.get(place, name)?))
        });
        each.sum()
    }
}

#[cold]
fn expected(what: &str, node: &Node<'_>) -> String {
    format!(": {what} is expected, and not {}", node.kind())
}

/// An integer, which may have a fraction of zero, as JSON Schema has it.
fn integer<T: TryFrom<i64>>(node: &Node<'_>) -> Result<T> {
    let number = match node {
        Node::Number(Number::Integer(it)) => Some(*it),
        Node::Number(it @ Number::Fraction(_)) => {
            let number = it.double();
            (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
        }
        Node::Number(Number::Big(_)) => None,
        _ => return Err(expected("an integer", node)),
    };
    number
        .and_then(|it| T::try_from(it).ok())
        .ok_or_else(|| ": the number does not fit the integer of the schema".to_owned())
}

/// A number with a fraction. What is no number in JSON stands between quotes, as Jackson writes it.
fn floating<'a, T: Copy + std::str::FromStr>(
    node: &Node<'a>,
    nan: T,
    of: impl Fn(Number<'a>) -> T,
) -> Result<T> {
    match node {
        Node::Number(number) => Ok(of(*number)),
        Node::Text(text) if text == "NaN" => Ok(nan),
        Node::Text(text) if matches!(&**text, "Infinity" | "-Infinity") => {
            text.parse().map_err(|_| expected("a number", node))
        }
        _ => Err(expected("a number", node)),
    }
}

/// A number of JSON that is larger than any of its type.
fn finite<T>(number: T, is_infinite: bool, node: &Node<'_>) -> Result<T> {
    if is_infinite && matches!(node, Node::Number(_)) {
        return Err(": the number does not fit the type of the schema".to_owned());
    }
    Ok(number)
}

fn binary(node: &Node<'_>) -> Result<Bytes> {
    let Node::Text(text) = node else { return Err(expected("a text in Base64", node)) };
    tree::base64(text).ok_or_else(|| ": the text is no Base64".to_owned())
}

fn decimal(scale: Option<i32>, node: &Node<'_>) -> Result<Decimal> {
    if let Node::Number(number) = node {
        let decimal = number.decimal();
        return decimal.ok_or_else(|| ": the exponent of the number is too large".to_owned());
    }
    let scale = scale.ok_or(": the schema of the decimal has no scale")?;
    let bytes = binary(node)?;
    Decimal::from_bytes(&bytes, scale).ok_or_else(|| ": the bytes are no decimal".to_owned())
}

fn entries(reads: &(Read, Read), node: &Node<'_>) -> Result<Value> {
    let Node::Array(nodes) = node else { return Err(expected("a list of entries", node)) };
    let mut all: Vec<(Value, Value)> = Vec::with_capacity(nodes.len());
    // Of entries with one key the last counts.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, entry) in nodes.iter().enumerate() {
        let at = |error: String| format!("/{place}{error}");
        let Node::Object(members) = entry else { return Err(at(expected("an entry", entry))) };
        if members.len() != 2 {
            return Err(at(format!(": an entry has a key and a value, and not {}", members.len())));
        }
        let read = |read: &Read, name: &str| match entry.get(name) {
            None => Ok(read.missing()),
            Some(node) => read.value(node).map_err(|error| at(format!("/{name}{error}"))),
        };
        let (key, value) = (read(&reads.0, KEY)?, read(&reads.1, VALUE)?);
        let known = *places.entry(format!("{key:?}")).or_insert(all.len());
        match all.get_mut(known) {
            Some(entry) => entry.1 = value,
            None => all.push((key, value)),
        }
    }
    Ok(Value::Map(all))
}

fn row(schema: &SchemaRef, fields: &[(Arc<str>, Read)], node: &Node<'_>) -> Result<Value> {
    let Node::Object(members) = node else { return Err(expected("an object", node)) };
    let members = Members::new(members, fields.len());
    let mut values = Vec::with_capacity(fields.len());
    for (place, (name, read)) in fields.iter().enumerate() {
        values.push(match members.get(place, name) {
            None => read.missing(),
            Some(node) => read.value(node).map_err(|error| format!("/{name}{error}"))?,
        });
    }
    Ok(Value::Struct(Struct::new(schema.clone(), values)))
}

/// The first type whose values look so, else the row with most fields in common.
fn union(schema: &SchemaRef, types: &[Read], node: &Node<'_>) -> Result<Value> {
    let simple = types.iter().position(|it| it.kind.takes(node));
    let found = simple.or_else(|| {
        let common = types.iter().map(|it| it.kind.in_common(node)).enumerate();
        // Of several the first.
        let best = common.rev().max_by_key(|(_, common)| *common);
        best.filter(|(_, common)| *common > 0).map(|(place, _)| place)
    });
    let place =
        found.ok_or_else(|| format!(": {} fits none of the types of the schema", node.kind()))?;
    let mut values = vec![Value::Null; types.len()];
    values[place] = types[place].value(node)?;
    Ok(Value::Struct(Struct::new(schema.clone(), values)))
}

/// Members of an object, found by their names.
struct Members<'a, 'n> {
    all: &'a [(Cow<'n, str>, Node<'n>)],
    /// Their places, where a search one by one would take long.
    by_name: HashMap<&'a str, usize>,
}

impl<'a, 'n> Members<'a, 'n> {
    fn new(all: &'a [(Cow<'n, str>, Node<'n>)], fields: usize) -> Self {
        let mut by_name = HashMap::new();
        if all.len() > FEW && fields > FEW {
            by_name.extend(all.iter().enumerate().map(|(place, (name, _))| (&**name, place)));
        }
        Self { all, by_name }
    }

    /// The member of a name; `place` is where it likely stands.
    fn get(&self, place: usize, name: &str) -> Option<&'a Node<'n>> {
        if let Some((known, node)) = self.all.get(place)
            && known == name
        {
            return Some(node);
        }
        let place = if self.by_name.is_empty() {
            self.all.iter().position(|(known, _)| known == name)
        } else {
            self.by_name.get(name).copied()
        };
        place.map(|it| &self.all[it].1)
    }
}

/// The schema's default from JSON.
pub(crate) fn default_of(read: &Read, schema: &Schema, text: &str) -> Result<Option<Value>> {
    let value = tree::read(&Bytes::copy_from_slice(text.as_bytes()), |node| {
        if *node == Node::Null { Ok(None) } else { read.kind.value(node).map(Some) }
    })?;
    let value = value.transpose()?.flatten();
    if let Some(value) = &value {
        schema.validate(None, value).map_err(|error| format!(": {error}"))?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
