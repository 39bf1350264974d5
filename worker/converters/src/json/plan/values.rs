//! Reading by a plan.

use std::borrow::Cow;
use std::sync::Arc;

use sluice_plugin::model::logical::{DAY, time_from};
use sluice_plugin::model::{Decimal, SchemaRef, Struct, Value};

use super::{Kind, Member, Members, Plan, Unusual};
use crate::json::keys::Keys;
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
            Kind::Any => schemaless::value(scanner, &mut Keys::none())?,
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

/// A row whose members come in any order; some may be missing. In the order of the fields none is looked up.
fn row(schema: &SchemaRef, members: &Members, scanner: &mut Scanner<'_>) -> Result<Value, Unusual> {
    if !scanner.takes(b'{') {
        return Err(Unusual);
    }
    let mut row = Row::new(&members.all);
    let mut goes_on = !scanner.takes(b'}');
    let mut expected = 0;
    while goes_on {
        let place = next(members, expected, scanner)?;
        let member = members.all.get(place).ok_or(Unusual)?;
        row.put(place, member.plan.read(scanner)?)?;
        expected = place + 1;
        goes_on = scanner.takes(b',');
        if !goes_on && !scanner.takes(b'}') {
            return Err(Unusual);
        }
    }
    Ok(Value::Struct(Struct::new(SchemaRef::clone(schema), row.finish()?)))
}

/// Goes over the name of the next member; its place.
fn next(members: &Members, expected: usize, scanner: &mut Scanner<'_>) -> Result<usize, Unusual> {
    scanner.space();
    if members.all.get(expected).is_some_and(|it| scanner.takes_all(&it.quoted)) {
        return if scanner.takes(b':') { Ok(expected) } else { Err(Unusual) };
    }
    let name = scanner.name()?;
    members.find(name.as_bytes()).ok_or(Unusual)
}

/// The values of a row on the way.
struct Row<'p> {
    members: &'p [Member],
    values: Vec<Value>,
    /// Which of the first values are still to come, one bit each.
    missing: u128,
}

impl<'p> Row<'p> {
    fn new(members: &'p [Member]) -> Self {
        Self { members, values: Vec::with_capacity(members.len() + SPARE), missing: 0 }
    }

    /// Puts a value at its place. One that was passed long ago, or is there, is left to the long way.
    fn put(&mut self, place: usize, value: Value) -> Result<(), Unusual> {
        while self.values.len() < place {
            self.pass()?;
        }
        if self.values.len() == place {
            self.values.push(value);
            return Ok(());
        }
        let bit = bit(place).filter(|it| self.missing & it != 0).ok_or(Unusual)?;
        self.missing &= !bit;
        self.values[place] = value;
        Ok(())
    }

    /// Goes over a field whose member may come later.
    fn pass(&mut self) -> Result<(), Unusual> {
        let place = self.values.len();
        let value = match bit(place) {
            Some(bit) => {
                self.missing |= bit;
                Value::Null
            }
            None => self.null(place)?,
        };
        self.values.push(value);
        Ok(())
    }

    /// The values, with what stands for those that did not come.
    fn finish(mut self) -> Result<Vec<Value>, Unusual> {
        while self.missing != 0 {
            let place = self.missing.trailing_zeros() as usize;
            self.missing &= self.missing - 1;
            self.values[place] = self.null(place)?;
        }
        for place in self.values.len()..self.members.len() {
            let null = self.null(place)?;
            self.values.push(null);
        }
        Ok(self.values)
    }

    fn null(&self, place: usize) -> Result<Value, Unusual> {
        self.members[place].plan.null.clone().ok_or(Unusual)
    }
}

const fn bit(place: usize) -> Option<u128> {
    if place < u128::BITS as usize { Some(1 << place) } else { None }
}
