//! JSON whose objects keep the order of their members: schemas are compared as text.

use bytes::Bytes;
use sluice_converters::tree::{self, Node, Number};

/// How deep a schema's text may be nested.
const DEEPEST: usize = 512;

/// A JSON value. Numbers are kept as they stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let read = tree::read(&Bytes::copy_from_slice(text.as_bytes()), |node| Self::of(node, 0));
        read?.ok_or("the text is empty")?
    }

    fn of(node: &Node<'_>, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("JSON is nested deeper than {DEEPEST} levels"));
        }
        Ok(match node {
            Node::Null => Self::Null,
            Node::Boolean(it) => Self::Bool(*it),
            Node::Number(Number::Integer(it)) => Self::Number(it.to_string()),
            Node::Number(Number::Big(it) | Number::Fraction(it)) => Self::Number((*it).to_owned()),
            Node::Text(it) => Self::Text(it.to_string()),
            Node::Array(items) => {
                let items = items.iter().map(|it| Self::of(it, depth + 1));
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Node::Object(members) => {
                let mut own = Vec::with_capacity(members.len());
                for (name, member) in members {
                    own.push((name.to_string(), Self::of(member, depth + 1)?));
                }
                Self::Object(own)
            }
        })
    }

    pub(crate) fn of_text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// An integer of 32 bits.
    pub(crate) fn int(&self) -> Option<i32> {
        if let Self::Number(number) = self { number.parse().ok() } else { None }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    pub(crate) fn members(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().find(|(known, _)| known == name).map(|(_, it)| it)
    }

    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    /// The kind of value, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The text, as Jackson writes it.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
            Self::Number(it) => out.push_str(it),
            Self::Text(it) => tree::write_text(out, it),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, member)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    tree::write_text(out, name);
                    out.push(':');
                    member.write(out);
                }
                out.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_in_the_same_order() {
        let text = r#"{"z":[1,-2,1.50,true,null],"a":"q\"\\\n\u0001é","b":{}}"#;
        assert_eq!(Json::parse(text).unwrap().to_text(), text);
        for wrong in
            ["", "{", "[1", &"[".repeat(500), &format!("{}{}", "[".repeat(600), "]".repeat(600))]
        {
            assert!(Json::parse(wrong).is_err(), "{wrong}");
        }
    }
}
