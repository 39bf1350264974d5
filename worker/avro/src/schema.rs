//! Avro schemas (`org.apache.avro.Schema`): nodes in one list that name each other by their place, so that a type that
//! contains itself needs no care.

mod parse;
mod print;

use std::sync::Arc;

use crate::json::Json;

/// The place of a node.
pub(crate) type Id = usize;

/// A schema with all of its parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Avro {
    nodes: Vec<Node>,
    pub(crate) root: Id,
}

/// One part: a type with its properties in order.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) props: Vec<(Arc<str>, Json)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Array(Id),
    Map(Id),
    Union(Vec<Id>),
    Record(Record),
    Enum(Enum),
    Fixed(Fixed),
}

/// A name: what stands before its last dot, and what behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) space: Option<Arc<str>>,
    pub(crate) name: Arc<str>,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) fields: Vec<AvroField>,
}

#[derive(Debug, Clone)]
pub(crate) struct AvroField {
    pub(crate) name: Arc<str>,
    pub(crate) schema: Id,
    pub(crate) doc: Option<String>,
    pub(crate) default: Option<Json>,
}

#[derive(Debug, Clone)]
pub(crate) struct Enum {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) symbols: Vec<Arc<str>>,
    pub(crate) default: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) name: Name,
    pub(crate) doc: Option<String>,
    pub(crate) size: usize,
}

impl Name {
    /// A full name, cut at its last dot.
    pub(crate) fn full(text: &str) -> Self {
        match text.rsplit_once('.') {
            Some((space, name)) => Self {
                space: Some(space.into()).filter(|it: &Arc<str>| !it.is_empty()),
                name: name.into(),
            },
            None => Self { space: None, name: text.into() },
        }
    }

    /// The full name.
    pub(crate) fn to_full(&self) -> String {
        match &self.space {
            Some(space) => format!("{space}.{}", self.name),
            None => (*self.name).to_owned(),
        }
    }
}

impl Kind {
    /// The word for it in schemas.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
            Self::Record(_) => "record",
            Self::Enum(_) => "enum",
            Self::Fixed(_) => "fixed",
        }
    }

    /// The name of a type that has one.
    pub(crate) const fn name(&self) -> Option<&Name> {
        match self {
            Self::Record(it) => Some(&it.name),
            Self::Enum(it) => Some(&it.name),
            Self::Fixed(it) => Some(&it.name),
            _ => None,
        }
    }
}

impl Node {
    pub(crate) fn prop(&self, name: &str) -> Option<&Json> {
        self.props.iter().find(|(known, _)| **known == *name).map(|(_, it)| it)
    }

    /// The scale of a decimal, as a reader takes it.
    pub(crate) fn scale(&self) -> i32 {
        self.prop("scale").and_then(Json::number).unwrap_or(0.0) as i32
    }

    /// Sets a property that it has not yet; the same again is nothing.
    pub(crate) fn set(&mut self, name: &str, value: Json) -> Result<(), String> {
        match self.prop(name) {
            Some(known) if *known == value => Ok(()),
            Some(_) => Err(format!("Can't overwrite property: {name}")),
            None => {
                self.props.push((name.into(), value));
                Ok(())
            }
        }
    }
}

impl Avro {
    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(crate) fn node_mut(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[id]
    }

    pub(crate) fn kind(&self, id: Id) -> &Kind {
        &self.nodes[id].kind
    }

    /// Adds a part without properties.
    pub(crate) fn add(&mut self, kind: Kind) -> Id {
        self.nodes.push(Node { kind, props: Vec::new() });
        self.nodes.len() - 1
    }

    /// The full name of the whole, for subjects.
    pub(crate) fn record_name(&self) -> Option<String> {
        let Kind::Record(record) = self.kind(self.root) else { return None };
        Some(record.name.to_full())
    }

    pub(crate) fn is_null(&self, id: Id) -> bool {
        matches!(self.kind(id), Kind::Null)
    }
}
