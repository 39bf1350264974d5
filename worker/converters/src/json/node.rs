//! JSON text as a tree: what schemas are read from, and what values are whose text is out of the ordinary.

use std::borrow::Cow;

use super::document::Document;
use super::number::Number;
use super::places::Places;
use super::scan::{Malformed, Scalar, Scanner, Start};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it stands.
    Number(Number<'a>),
    /// A text, its escapes resolved.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// Members in order; of those with one name the last value, at the place of the first.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Node<'_> {
    /// `JsonNode.getNodeType`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Boolean(_) => "BOOLEAN",
            Self::Number(_) => "NUMBER",
            Self::Text(_) => "STRING",
            Self::Array(_) => "ARRAY",
            Self::Object(_) => "OBJECT",
        }
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// Reads the first value of a document; none if there is nothing but white space.
pub(super) fn parse<'a>(document: &'a Document<'a>) -> Result<Option<Node<'a>>, Malformed> {
    Scanner::new(document).document(value)
}

/// Reads the value that comes next.
pub(super) fn value<'a>(scanner: &mut Scanner<'a>) -> Result<Node<'a>, Malformed> {
    match scanner.start() {
        Start::Scalar => scalar(scanner),
        Start::Array => array(scanner),
        Start::Object => object(scanner),
    }
}

fn scalar<'a>(scanner: &mut Scanner<'a>) -> Result<Node<'a>, Malformed> {
    Ok(match scanner.scalar()? {
        Scalar::Null => Node::Null,
        Scalar::Boolean(it) => Node::Boolean(it),
        Scalar::Number(it) => Node::Number(it),
        Scalar::Text(it) => Node::Text(it),
    })
}

fn array<'a>(scanner: &mut Scanner<'a>) -> Result<Node<'a>, Malformed> {
    let mut items = Vec::new();
    let mut goes_on = scanner.enter(b']')?;
    while goes_on {
        items.push(value(scanner)?);
        goes_on = scanner.goes_on(b']')?;
    }
    Ok(Node::Array(items))
}

fn object<'a>(scanner: &mut Scanner<'a>) -> Result<Node<'a>, Malformed> {
    let mut members = Vec::new();
    let mut places = Places::default();
    let mut goes_on = scanner.enter(b'}')?;
    while goes_on {
        let name = scanner.name()?;
        let value = value(scanner)?;
        put(&mut members, &mut places, name, value);
        goes_on = scanner.goes_on(b'}')?;
    }
    Ok(Node::Object(members))
}

fn put<'a>(
    members: &mut Vec<(Cow<'a, str>, Node<'a>)>,
    places: &mut Places,
    name: Cow<'a, str>,
    value: Node<'a>,
) {
    match places.find(members, &name, |(known, _)| known) {
        Some(place) => members[place].1 = value,
        None => members.push((name, value)),
    }
}
