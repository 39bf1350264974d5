//! From values to Avro's binary form: a plan for each pair of schemas, made once and followed for each record.

mod agreement;
mod anything;
mod defaults;

use sluice_plugin::model::{Logical, Schema, SchemaRef, Struct, Type, Value, logical};

use crate::{
    Options,
    names::{enum_parameter, has_text_keys, is_union, scrubbed},
    schema::{Avro, Id, Kind, Record},
};

pub(crate) use defaults::raw;

/// Most parts of a plan: a schema may name one type in many places.
const MOST_PARTS: usize = 20_000;

/// How to write a value.
#[derive(Debug)]
pub(crate) enum Write {
    Boolean,
    /// Whole numbers, each for values of that type alone: `int` and `long` are written alike.
    Int8,
    Int16,
    Int32,
    Int64,
    Float,
    Double,
    /// A double that stands for a float.
    Widened,
    Text,
    Bytes,
    Fixed(usize),
    Decimal {
        scale: i32,
        size: Option<usize>,
    },
    Date(Logical),
    Enum(Vec<std::sync::Arc<str>>),
    Array(Box<Write>),
    Map(Box<Write>),
    /// A list of entries, in place of a map.
    Entries(Box<Write>, Box<Write>),
    Record {
        schema: SchemaRef,
        fields: Vec<Part>,
    },
    /// Null, or else a value; by the places in the union.
    Optional {
        null: u64,
        some: u64,
        value: Box<Write>,
    },
    /// One type of a union.
    Branch {
        place: u64,
        value: Box<Write>,
    },
    /// A struct of which one field is set.
    Union {
        schema: SchemaRef,
        members: Vec<Member>,
        null: Option<u64>,
    },
    Anything,
}

/// One field of a record, in Avro's order.
#[derive(Debug)]
pub(crate) enum Part {
    /// The field of the row at an index; the default stands in for null.
    Value { index: usize, default: Option<Value>, write: Write },
    /// What no field is for: the default of the schema.
    Fixed(Vec<u8>),
}

/// One type of a union that a struct stands for.
#[derive(Debug)]
pub(crate) struct Member {
    index: usize,
    default: Option<Value>,
    place: u64,
    write: Write,
}

/// Makes plans.
struct Planner<'a> {
    avro: &'a Avro,
    options: &'a Options,
    parts: usize,
}

/// The plan to write values of a schema as those of an Avro schema.
///
/// # Errors
/// Where the two do not fit.
pub(crate) fn plan(schema: &SchemaRef, avro: &Avro, options: &Options) -> Result<Write, String> {
    Planner { avro, options, parts: 0 }.value(schema, schema.optional, avro.root)
}

impl Planner<'_> {
    fn value(&mut self, schema: &SchemaRef, optional: bool, id: Id) -> Result<Write, String> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(format!("the schema has more than {MOST_PARTS} parts"));
        }
        if is_union(schema) {
            return self.union(schema, optional, id);
        }
        let Kind::Union(branches) = self.avro.kind(id) else {
            return if optional {
                Err(format!("a {} cannot be null, and the value can", self.avro.kind(id).word()))
            } else {
                self.plain(schema, id)
            };
        };
        let null = branches.iter().position(|it| self.avro.is_null(*it));
        let (place, value) = self.branch(schema, branches)?;
        match (optional, null) {
            (false, _) => Ok(Write::Branch { place, value: Box::new(value) }),
            (true, Some(null)) => {
                Ok(Write::Optional { null: null as u64, some: place, value: Box::new(value) })
            }
            (true, None) => Err("a union without null, and the value can be null".to_owned()),
        }
    }

    /// The first type of a union that a value can be written as; one of its own name comes first.
    fn branch(&mut self, schema: &SchemaRef, branches: &[Id]) -> Result<(u64, Write), String> {
        let own = schema.name.as_deref().map(|it| crate::names::split(it, self.options));
        let is_own = |id: &Id| {
            let name = self.avro.kind(*id).name();
            name.is_some() && name == own.as_ref()
        };
        let mut order: Vec<usize> = (0..branches.len()).collect();
        order.sort_by_key(|it| !is_own(&branches[*it]));
        let mut reason = None;
        for place in order {
            if self.avro.is_null(branches[place]) {
                continue;
            }
            match self.plain(schema, branches[place]) {
                Ok(write) => return Ok((place as u64, write)),
                Err(error) => reason = reason.or(Some(error)),
            }
        }
        Err(reason.unwrap_or_else(|| "a union has no type for the value".to_owned()))
    }

    /// A value that is not null, as a type that is no union.
    fn plain(&mut self, schema: &SchemaRef, id: Id) -> Result<Write, String> {
        let kind = self.avro.kind(id);
        if let (Some(logical), kind) = (Logical::of(schema), kind) {
            agreement::check(logical, schema, self.avro.node(id))?;
            return match (logical, kind) {
                (Logical::Decimal, Kind::Bytes) => {
                    Ok(Write::Decimal { scale: scale(schema)?, size: None })
                }
                (Logical::Decimal, Kind::Fixed(it)) => {
                    Ok(Write::Decimal { scale: scale(schema)?, size: Some(it.size) })
                }
                (Logical::Date | Logical::Time, Kind::Int | Kind::Long)
                | (Logical::Timestamp, Kind::Long) => Ok(Write::Date(logical)),
                _ => Err(mismatch(schema, kind)),
            };
        }
        Ok(match (&schema.r#type, kind) {
            (Type::Int8, Kind::Int | Kind::Long) => Write::Int8,
            (Type::Int16, Kind::Int | Kind::Long) => Write::Int16,
            (Type::Int32, Kind::Int | Kind::Long) => Write::Int32,
            (Type::Int64, Kind::Long) => Write::Int64,
            (Type::Float32, Kind::Float) => Write::Float,
            (Type::Float32, Kind::Double) => Write::Widened,
            (Type::Float64, Kind::Double) => Write::Double,
            (Type::Boolean, Kind::Boolean) => Write::Boolean,
            (Type::String, Kind::String) => Write::Text,
            (Type::String, Kind::Enum(it)) if enum_parameter(schema, self.options).is_some() => {
                Write::Enum(it.symbols.clone())
            }
            (Type::Bytes, Kind::Bytes) => Write::Bytes,
            (Type::Bytes, Kind::Fixed(it)) => Write::Fixed(it.size),
            (Type::Array(items), Kind::Array(id)) => {
                Write::Array(Box::new(self.value(items, items.optional, *id)?))
            }
            (Type::Map(keys, values), Kind::Map(id)) if has_text_keys(keys, self.options) => {
                Write::Map(Box::new(self.value(values, values.optional, *id)?))
            }
            (Type::Map(keys, values), Kind::Array(id)) => {
                let Kind::Record(record) = self.avro.kind(*id) else {
                    return Err(mismatch(schema, kind));
                };
                let [key, value] = record.fields.as_slice() else {
                    return Err(mismatch(schema, kind));
                };
                let key = self.value(keys, keys.optional, key.schema)?;
                let value = self.value(values, values.optional, value.schema)?;
                Write::Entries(Box::new(key), Box::new(value))
            }
            (Type::Struct(_), Kind::Record(record)) => self.record(schema, record)?,
            (_, kind) => return Err(mismatch(schema, kind)),
        })
    }

    fn record(&mut self, schema: &SchemaRef, record: &Record) -> Result<Write, String> {
        let mut fields = Vec::with_capacity(record.fields.len());
        for field in &record.fields {
            let own =
                |it: &sluice_plugin::model::Field| scrubbed(&it.name, self.options) == *field.name;
            let told = |error: String| format!("{}.{}: {error}", record.name.name, field.name);
            let part = if let Some(index) = schema.fields().iter().position(own) {
                let of = &schema.fields()[index].schema;
                let default = of.default.clone().filter(|_| !self.options.ignore_default);
                let write = self.value(of, of.optional, field.schema).map_err(told)?;
                Part::Value { index, default, write }
            } else {
                let missing = "the value has no such field, and there is no default";
                let default = field.default.as_ref().ok_or_else(|| told(missing.to_owned()))?;
                let mut bytes = Vec::new();
                defaults::write(self.avro, field.schema, default, &mut bytes).map_err(told)?;
                Part::Fixed(bytes)
            };
            fields.push(part);
        }
        Ok(Write::Record { schema: schema.clone(), fields })
    }

    fn union(&mut self, schema: &SchemaRef, optional: bool, id: Id) -> Result<Write, String> {
        let single = [id];
        let (branches, is_union) = match self.avro.kind(id) {
            Kind::Union(branches) => (branches.as_slice(), true),
            _ => (&single[..], false),
        };
        if !is_union {
            return Err("a union cannot be written as what is none".to_owned());
        }
        let null = branches.iter().position(|it| self.avro.is_null(*it)).map(|it| it as u64);
        if optional && null.is_none() {
            return Err("a union without null, and the value can be null".to_owned());
        }
        let mut members = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let default = field.schema.default.clone().filter(|_| !self.options.ignore_default);
            let (place, write) = self.branch(&field.schema, branches)?;
            members.push(Member { index, default, place, write });
        }
        Ok(Write::Union { schema: schema.clone(), members, null })
    }
}

fn scale(schema: &Schema) -> Result<i32, String> {
    logical::scale_of(schema).map_err(|error| error.to_string())
}

fn mismatch(schema: &Schema, kind: &Kind) -> String {
    let name = schema.name.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    format!(
        "{:?}{name} cannot be written as {}",
        std::mem::discriminant(&schema.r#type),
        kind.word()
    )
    .replace("Discriminant", "type ")
}

impl Write {
    /// Appends the value.
    ///
    /// # Errors
    /// Why it is none of the schema.
    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    pub(crate) fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        match (self, value) {
            (Self::Optional { null, .. } | Self::Union { null: Some(null), .. }, Value::Null) => {
                long(out, *null as i64);
            }
            (Self::Optional { some, value: write, .. }, value) => {
                long(out, *some as i64);
                write.write(value, out)?;
            }
            (Self::Anything, value) => anything::write(value, 0, out)?,
            (_, Value::Null) => return Err("Found null value for non-optional schema".to_owned()),
            (Self::Branch { place, value: write }, value) => {
                long(out, *place as i64);
                write.write(value, out)?;
            }
            (Self::Boolean, Value::Boolean(it)) => out.push(u8::from(*it)),
            (Self::Int8, Value::Int8(it)) => long(out, (*it).into()),
            (Self::Int16, Value::Int16(it)) => long(out, (*it).into()),
            (Self::Int32, Value::Int32(it)) => long(out, (*it).into()),
            (Self::Int64, Value::Int64(it)) => long(out, *it),
            (Self::Float, Value::Float32(it)) => out.extend_from_slice(&it.to_le_bytes()),
            (Self::Double, Value::Float64(it)) => out.extend_from_slice(&it.to_le_bytes()),
            (Self::Widened, Value::Float32(it)) => {
                out.extend_from_slice(&f64::from(*it).to_le_bytes());
            }
            (Self::Text, Value::String(it)) => bytes(out, it.as_bytes()),
            (Self::Bytes, Value::Bytes(it)) => bytes(out, it),
            (Self::Fixed(size), Value::Bytes(it)) => {
                if it.len() != *size {
                    return Err(format!("{} bytes are not the {size} of the fixed type", it.len()));
                }
                out.extend_from_slice(it);
            }
            (Self::Decimal { scale, size }, Value::Decimal(it)) => {
                let unscaled = it.to_scaled_bytes(*scale).map_err(|error| error.to_string())?;
                match size {
                    None => bytes(out, &unscaled),
                    Some(size) => padded(out, &unscaled, *size)?,
                }
            }
            (Self::Date(logical), Value::Date(millis)) => {
                let stored = match logical {
                    Logical::Date => logical::days_of(*millis).map(i64::from),
                    Logical::Time => logical::time_of(*millis).map(i64::from),
                    _ => Ok(*millis),
                };
                long(out, stored.map_err(|error| error.to_string())?);
            }
            (Self::Enum(symbols), Value::String(it)) => {
                let place = symbols.iter().position(|symbol| **symbol == **it);
                long(out, place.ok_or("the text is no symbol of the enum")? as i64);
            }
            (Self::Array(write), Value::Array(items)) => {
                begin(out, items.len());
                for item in items {
                    write.write(item, out)?;
                }
                end(out);
            }
            (Self::Map(write), Value::Map(entries)) => {
                begin(out, entries.len());
                for (key, value) in entries {
                    let Value::String(key) = key else {
                        return Err("a key of a map is null or no text".to_owned());
                    };
                    bytes(out, key.as_bytes());
                    write.write(value, out)?;
                }
                end(out);
            }
            (Self::Entries(keys, values), Value::Map(entries)) => {
                begin(out, entries.len());
                for (key, value) in entries {
                    keys.write(key, out)?;
                    values.write(value, out)?;
                }
                end(out);
            }
            (Self::Record { schema, fields }, Value::Struct(row)) => {
                let values = checked(schema, row)?;
                for part in fields {
                    match part {
                        Part::Fixed(bytes) => out.extend_from_slice(bytes),
                        Part::Value { index, default, write } => {
                            write.write(or_default(&values[*index], default.as_ref()), out)?;
                        }
                    }
                }
            }
            (Self::Union { schema, members, null }, Value::Struct(row)) => {
                let values = checked(schema, row)?;
                let set = members.iter().find_map(|it| {
                    let value = or_default(&values[it.index], it.default.as_ref());
                    (!value.is_null()).then_some((it, value))
                });
                match (set, null) {
                    (Some((member, value)), _) => {
                        long(out, member.place as i64);
                        member.write.write(value, out)?;
                    }
                    (None, Some(null)) => long(out, *null as i64),
                    (None, None) => {
                        return Err("Found null value for non-optional schema".to_owned());
                    }
                }
            }
            _ => return Err("the value is of another type than its schema says".to_owned()),
        }
        Ok(())
    }
}

fn or_default<'a>(value: &'a Value, default: Option<&'a Value>) -> &'a Value {
    if value.is_null() { default.unwrap_or(value) } else { value }
}

/// The values of a row of the schema. Whether null is a value of the row's schema does not matter here.
fn checked<'a>(schema: &SchemaRef, row: &'a Struct) -> Result<&'a [Value], String> {
    if SchemaRef::ptr_eq(schema, row.schema()) || **schema == **row.schema() {
        return Ok(row.values());
    }
    Err("Mismatching struct schema".to_owned())
}

/// A number, shorter the nearer to zero.
pub(crate) fn long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(crate) fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    long(out, value.len() as i64);
    out.extend_from_slice(value);
}

/// A block of items; none have none.
fn begin(out: &mut Vec<u8>, count: usize) {
    if count > 0 {
        long(out, count as i64);
    }
}

/// The block without items that stands at the end.
fn end(out: &mut Vec<u8>) {
    out.push(0);
}

/// A decimal with its sign in front, as long as the fixed type.
fn padded(out: &mut Vec<u8>, unscaled: &[u8], size: usize) -> Result<(), String> {
    let missing = size.checked_sub(unscaled.len()).ok_or_else(|| {
        format!("a decimal of {} bytes does not fit the {size} of the fixed type", unscaled.len())
    })?;
    let sign = if unscaled.first().is_some_and(|it| it & 0x80 != 0) { 0xff } else { 0 };
    out.extend(std::iter::repeat_n(sign, missing));
    out.extend_from_slice(unscaled);
    Ok(())
}
