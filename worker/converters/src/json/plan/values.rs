//! Reading by a plan.

use std::borrow::Cow;
use std::sync::Arc;

use sluice_plugin::model::logical::{DAY, time_from};
use sluice_plugin::model::{Decimal, SchemaRef, Struct, Value};

use super::{Kind, Member, Plan, Unusual};
use crate::json::number::Number;
use crate::json::places::Places;
use crate::json::scan::{Scalar, Scanner, Start};
use crate::json::{read, schemaless};

/// Room for fields that a transform adds to a row.
const SPARE: usize = 2;

impl Plan {
    /// Reads the value that comes next.
    pub(in crate::json) fn read(&self, scanner: &mut Scanner<'_>) -> Result<Value, Unusual> {
        scanner.space();
        if scanner.peek() == Some(b'n') {
            scanner.word("null")?;
            return self.null.clone().ok_or(Unusual);
        }
        Ok(match &self.kind {
            Kind::Any => schemaless::value(scanner)?,
            Kind::Boolean => match scanner.scalar()? {
                Scalar::Boolean(it) => Value::Boolean(it),
                _ => return Err(Unusual),
            },
            Kind::Int8 => Value::Int8(long(scanner)? as i8),
            Kind::Int16 => Value::Int16(long(scanner)? as i16),
            Kind::Int32 => Value::Int32(long(scanner)? as i32),
            Kind::Int64 => Value::Int64(long(scanner)?),
            Kind::Float32 => Value::Float32(number(scanner)?.float()),
            Kind::Float64 => Value::Float64(number(scanner)?.double()),
            Kind::String => {
                let text = text(scanner)?;
                Value::String(scanner.share(text))
            }
            Kind::Bytes => Value::Bytes(read::base64(&text(scanner)?).ok_or(Unusual)?),
            Kind::Date => Value::Date(i64::from(int(scanner)?) * DAY),
            Kind::Time => Value::Date(time_from(int(scanner)?).map_err(|_| Unusual)?),
            Kind::Timestamp => match number(scanner)? {
                Number::Fraction(_) => return Err(Unusual),
                it => Value::Date(it.long()),
            },
            Kind::Decimal(scale) => Value::Decimal(Arc::new(decimal(*scale, scanner)?)),
            Kind::Array(items) => array(items, scanner)?,
            Kind::Map(values) => map(values, scanner)?,
            Kind::Struct(schema, members) => row(schema, members, scanner)?,
            Kind::Other => return Err(Unusual),
        })
    }
}

fn number<'a>(scanner: &mut Scanner<'a>) -> Result<Number<'a>, Unusual> {
    match scanner.peek() {
        Some(b'-' | b'0'..=b'9') => Ok(scanner.number()?),
        _ => Err(Unusual),
    }
}

fn long(scanner: &mut Scanner<'_>) -> Result<i64, Unusual> {
    scanner.small_integer().map_or_else(|| Ok(number(scanner)?.long()), Ok)
}

/// A number that is an `int` in Java.
fn int(scanner: &mut Scanner<'_>) -> Result<i32, Unusual> {
    match number(scanner)? {
        Number::Integer(it) => i32::try_from(it).map_err(|_| Unusual),
        _ => Err(Unusual),
    }
}

fn text<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, Unusual> {
    if scanner.peek() == Some(b'"') { Ok(scanner.text()?) } else { Err(Unusual) }
}

fn decimal(scale: i32, scanner: &mut Scanner<'_>) -> Result<Decimal, Unusual> {
    let decimal = match scanner.scalar()? {
        Scalar::Number(it) => it.decimal(),
        Scalar::Text(it) => read::base64(&it).and_then(|it| Decimal::from_bytes(&it, scale)),
        _ => None,
    };
    decimal.ok_or(Unusual)
}

fn array(items: &Plan, scanner: &mut Scanner<'_>) -> Result<Value, Unusual> {
    let Start::Array = scanner.start() else { return Err(Unusual) };
    let mut values = Vec::new();
    let mut goes_on = scanner.enter(b']')?;
    while goes_on {
        values.push(items.read(scanner)?);
        goes_on = scanner.goes_on(b']')?;
    }
    Ok(Value::Array(values))
}

fn map(values: &Plan, scanner: &mut Scanner<'_>) -> Result<Value, Unusual> {
    let Start::Object = scanner.start() else { return Err(Unusual) };
    let mut entries = Vec::new();
    let mut places = Places::default();
    let mut goes_on = scanner.enter(b'}')?;
    while goes_on {
        let name = scanner.name()?;
        let value = values.read(scanner)?;
        schemaless::put(&mut entries, &mut places, scanner.share(name), value);
        goes_on = scanner.goes_on(b'}')?;
    }
    Ok(Value::Map(entries))
}

/// A row whose members come in the order of the fields; some may be missing.
fn row(
    schema: &SchemaRef,
    members: &[Member],
    scanner: &mut Scanner<'_>,
) -> Result<Value, Unusual> {
    if !scanner.takes(b'{') {
        return Err(Unusual);
    }
    let mut values = Vec::with_capacity(members.len() + SPARE);
    let mut goes_on = !scanner.takes(b'}');
    while goes_on {
        let member = next(members, &mut values, scanner)?;
        values.push(member.plan.read(scanner)?);
        goes_on = scanner.takes(b',');
        if !goes_on && !scanner.takes(b'}') {
            return Err(Unusual);
        }
    }
    for missing in &members[values.len()..] {
        values.push(missing.plan.null.clone().ok_or(Unusual)?);
    }
    Ok(Value::Struct(Struct::new(SchemaRef::clone(schema), values)))
}

/// Goes over the name of the next member, and fills in for the fields before it.
fn next<'p>(
    members: &'p [Member],
    values: &mut Vec<Value>,
    scanner: &mut Scanner<'_>,
) -> Result<&'p Member, Unusual> {
    scanner.space();
    let rest = &members[values.len()..];
    let expected = rest.first().ok_or(Unusual)?;
    if scanner.takes_all(&expected.quoted) {
        return if scanner.takes(b':') { Ok(expected) } else { Err(Unusual) };
    }
    let name = scanner.name()?;
    for member in rest {
        if member.quoted[1..member.quoted.len() - 1] == *name.as_bytes() {
            return Ok(member);
        }
        values.push(member.plan.null.clone().ok_or(Unusual)?);
    }
    Err(Unusual)
}
