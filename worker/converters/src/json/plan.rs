//! Reading values of one schema straight from text: the schema compiled to what each value is read as.
//!
//! A plan accepts only what is ordinary: members that are fields, each once, values of the kinds that their schemas
//! stand for. What it accepts, it reads as [`super::read::typed`] does; with anything else it gives up, and the record is
//! read that way instead, which also finds the words for what is wrong.

mod values;

use sluice_plugin::model::logical::scale_of;
use sluice_plugin::model::{Field, Logical, SchemaRef, Type, Value};

use super::plain::plain_length;
use super::read;
use super::scan::{Malformed, NAME};

/// Deeper schemas are left to the long way: no plan recurses deeper than this.
const DEPTH: usize = 64;
/// So many members are searched one by one.
const FEW: usize = 16;

/// The text is out of the ordinary. The scanner may stand anywhere.
pub(super) struct Unusual;

impl From<Malformed> for Unusual {
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// How values of a schema are read.
pub(super) struct Plan {
    kind: Kind,
    /// What null stands for, if it is allowed.
    null: Option<Value>,
}

enum Kind {
    /// Without a schema.
    Any,
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    String,
    Bytes,
    Date,
    Time,
    Timestamp,
    /// With its scale.
    Decimal(i32),
    Array(Box<Plan>),
    /// With text as keys.
    Map(Box<Plan>),
    Struct(SchemaRef, Members),
    /// What is always read the long way.
    Other,
}

/// The fields of a row.
struct Members {
    all: Box<[Member]>,
    /// Places in `all` in the order of the names, if there are many.
    by_name: Box<[usize]>,
}

/// A field as a member.
struct Member {
    /// The name between quotes, as it stands in the text.
    quoted: Box<[u8]>,
    plan: Plan,
}

impl Plan {
    /// The plan for values of a schema, or without one.
    pub(super) fn new(schema: Option<&SchemaRef>, replace_null: bool) -> Self {
        schema.map_or(Self { kind: Kind::Any, null: Some(Value::Null) }, |schema| {
            Self::of(schema, replace_null, 0)
        })
    }

    fn of(schema: &SchemaRef, replace_null: bool, depth: usize) -> Self {
        let null = read::null(schema, replace_null).ok();
        // A default is checked again where it is put into a row.
        let null = null.filter(|it| schema.validate(None, it).is_ok());
        let kind = if depth < DEPTH { Kind::of(schema, replace_null, depth) } else { Kind::Other };
        Self { kind, null }
    }
}

impl Kind {
    fn of(schema: &SchemaRef, replace_null: bool, depth: usize) -> Self {
        if let Some(logical) = Logical::of(schema) {
            return match logical {
                Logical::Date => Self::Date,
                Logical::Time => Self::Time,
                Logical::Timestamp => Self::Timestamp,
                Logical::Decimal => scale_of(schema).map_or(Self::Other, Self::Decimal),
            };
        }
        let part = |schema: &SchemaRef| Plan::of(schema, replace_null, depth + 1);
        match &schema.r#type {
            Type::Boolean => Self::Boolean,
            Type::Int8 => Self::Int8,
            Type::Int16 => Self::Int16,
            Type::Int32 => Self::Int32,
            Type::Int64 => Self::Int64,
            Type::Float32 => Self::Float32,
            Type::Float64 => Self::Float64,
            Type::String => Self::String,
            Type::Bytes => Self::Bytes,
            Type::Array(items) if items.known().is_some() => Self::Array(Box::new(part(items))),
            Type::Map(keys, values)
                if keys.r#type == Type::String
                    && Logical::of(keys).is_none()
                    && values.known().is_some() =>
            {
                Self::Map(Box::new(part(values)))
            }
            Type::Array(_) | Type::Map(..) | Type::Untyped => Self::Other,
            Type::Struct(fields) => {
                let member = |field: &Field| Member::new(&field.name, part(&field.schema));
                let members: Option<Box<[Member]>> = fields.iter().map(member).collect();
                let members = members.map(Members::new);
                members.map_or(Self::Other, |it| Self::Struct(SchemaRef::clone(schema), it))
            }
        }
    }
}

impl Members {
    fn new(all: Box<[Member]>) -> Self {
        let mut by_name: Box<[usize]> =
            if all.len() > FEW { (0..all.len()).collect() } else { Box::default() };
        by_name.sort_unstable_by_key(|place| all[*place].name());
        Self { all, by_name }
    }

    /// The place of a name.
    fn find(&self, name: &[u8]) -> Option<usize> {
        if self.by_name.is_empty() {
            return self.all.iter().position(|it| it.name() == name);
        }
        let place = self.by_name.binary_search_by(|place| self.all[*place].name().cmp(name));
        place.ok().map(|it| self.by_name[it])
    }
}

impl Member {
    fn name(&self) -> &[u8] {
        &self.quoted[1..self.quoted.len() - 1]
    }

    /// None if the name does not stand in text as it is.
    fn new(name: &str, plan: Plan) -> Option<Self> {
        let is_plain = plain_length(name.as_bytes()) == name.len() && name.len() <= NAME;
        is_plain.then(|| Self { quoted: format!("\"{name}\"").into_bytes().into(), plan })
    }
}
