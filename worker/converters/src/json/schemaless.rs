//! JSON to values without a schema: integers are INT64, fractions FLOAT64, objects maps. No tree lies in between.

use bytestring::ByteString;
use sluice_plugin::model::Value;

use super::node::Node;
use super::number::Number;
use super::places::Places;
use super::scan::{Malformed, Scalar, Scanner, Start};

/// Room that the outermost map begins with. Maps within it may be many, and begin with none.
const ROOM: usize = 8;

/// Reads the value that comes next. Texts are slices of the document.
pub(super) fn value(scanner: &mut Scanner<'_>) -> Result<Value, Malformed> {
    match scanner.start() {
        Start::Scalar => scalar(scanner),
        Start::Array => array(scanner),
        Start::Object => object(scanner),
    }
}

fn scalar(scanner: &mut Scanner<'_>) -> Result<Value, Malformed> {
    Ok(match scanner.scalar()? {
        Scalar::Null => Value::Null,
        Scalar::Boolean(it) => Value::Boolean(it),
        Scalar::Number(it) => number(it),
        Scalar::Text(it) => Value::String(scanner.share(it)),
    })
}

/// The same for a value that was read as a tree.
pub(super) fn of(node: &Node<'_>) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Boolean(it) => Value::Boolean(*it),
        Node::Number(it) => number(*it),
        Node::Text(text) => Value::from(&**text),
        Node::Array(items) => Value::Array(items.iter().map(of).collect()),
        Node::Object(members) => {
            Value::Map(members.iter().map(|(name, it)| (Value::from(&**name), of(it))).collect())
        }
    }
}

fn number(number: Number<'_>) -> Value {
    match number {
        Number::Fraction(_) => Value::Float64(number.double()),
        Number::Integer(_) | Number::Big(_) => Value::Int64(number.long()),
    }
}

fn array(scanner: &mut Scanner<'_>) -> Result<Value, Malformed> {
    let mut items = Vec::new();
    let mut goes_on = scanner.enter(b']')?;
    while goes_on {
        items.push(value(scanner)?);
        goes_on = scanner.goes_on(b']')?;
    }
    Ok(Value::Array(items))
}

fn object(scanner: &mut Scanner<'_>) -> Result<Value, Malformed> {
    let room = if scanner.is_outermost() { ROOM } else { 0 };
    let mut entries: Vec<(Value, Value)> = Vec::with_capacity(room);
    let mut places = Places::default();
    let mut goes_on = scanner.enter(b'}')?;
    while goes_on {
        let name = scanner.name()?;
        let value = value(scanner)?;
        put(&mut entries, &mut places, scanner.share(name), value);
        goes_on = scanner.goes_on(b'}')?;
    }
    Ok(Value::Map(entries))
}

/// Adds an entry, or gives its value to the one that has the name already.
pub(super) fn put(
    entries: &mut Vec<(Value, Value)>,
    places: &mut Places,
    name: ByteString,
    value: Value,
) {
    match places.find(entries, &name, |(known, _)| text_of(known)) {
        Some(place) => entries[place].1 = value,
        None => entries.push((Value::String(name), value)),
    }
}

/// The text of a name.
fn text_of(name: &Value) -> &str {
    if let Value::String(it) = name { it } else { "" }
}
