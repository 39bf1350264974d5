//! JSON to values without a schema: integers are INT64, fractions FLOAT64, objects maps. No tree lies in between.

use bytestring::ByteString;
use sluice_plugin::model::Value;

use super::keys::{Keys, Seen};
use super::node::Node;
use super::number::Number;
use super::places::Places;
use super::scan::{Malformed, Scalar, Scanner, Start};

/// Reads a document. Texts are slices of it, and so are names that are not kept.
pub(super) fn document(
    scanner: &mut Scanner<'_>,
    keys: &mut Keys,
) -> Result<Option<Value>, Malformed> {
    keys.begin();
    scanner.document(|it| value(it, keys))
}

/// Reads the value that comes next.
pub(super) fn value(scanner: &mut Scanner<'_>, keys: &mut Keys) -> Result<Value, Malformed> {
    match scanner.start() {
        Start::Scalar => scalar(scanner, |it| it),
        Start::Array => array(scanner, keys),
        Start::Object => object(scanner, keys),
    }
}

/// Reads a value without parts and hands it on. Each kind is handed on by itself: a value is made where it goes, and not
/// moved there, which takes longer than to read it.
#[inline]
fn scalar<T>(scanner: &mut Scanner<'_>, take: impl FnOnce(Value) -> T) -> Result<T, Malformed> {
    Ok(match scanner.peek() {
        Some(b'"') => {
            let text = scanner.text()?;
            take(Value::String(scanner.share(text)))
        }
        Some(b'-' | b'0'..=b'9') => match scanner.number()? {
            Number::Integer(it) => take(Value::Int64(it)),
            it => take(number(it)),
        },
        _ => match scanner.scalar()? {
            Scalar::Boolean(it) => take(Value::Boolean(it)),
            // Texts and numbers begin as above.
            Scalar::Null | Scalar::Text(_) | Scalar::Number(_) => take(Value::Null),
        },
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

fn array(scanner: &mut Scanner<'_>, keys: &mut Keys) -> Result<Value, Malformed> {
    let mut items = Vec::new();
    let mut goes_on = scanner.enter(b']')?;
    while goes_on {
        items.push(value(scanner, keys)?);
        goes_on = scanner.goes_on(b']')?;
    }
    Ok(Value::Array(items))
}

fn object(scanner: &mut Scanner<'_>, keys: &mut Keys) -> Result<Value, Malformed> {
    let mut goes_on = scanner.enter(b'}')?;
    let first = if goes_on { keys.expected(scanner) } else { None };
    let mut entries: Vec<(Value, Value)> = Vec::with_capacity(keys.room(first));
    let (mut place, mut seen, mut places) = (first, Seen::default(), Places::default());
    while goes_on {
        let is_first = seen.is_first(place);
        let name = keys.name(place, scanner)?;
        let is_scalar = matches!(scanner.start(), Start::Scalar);
        if is_first && is_scalar {
            scalar(scanner, |it| entries.push((Value::String(name), it)))?;
        } else {
            let value = value(scanner, keys)?;
            put(&mut entries, &mut places, name, value);
        }
        goes_on = scanner.goes_on(b'}')?;
        place = if goes_on { keys.expected(scanner) } else { None };
    }
    keys.had(first, entries.len());
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
