//! From Connect's schemas to the text of JSON Schema (`JsonSchemaData.fromConnectSchema`).
//!
//! Members come in the order in which Everit's library prints them: type, title, description, default, id, then what only
//! Connect knows, then the parts. Properties and what Connect knows come out of hash maps.

mod defaults;

use std::collections::{HashMap, HashSet};

use sluice_plugin::{
    config::java_order,
    model::{Logical, Schema, Type},
};

use crate::{
    Options,
    json::Json,
    names::{
        BYTES, ID, INDEX, KEY, MAP, NAMESPACE, NULL_SYMBOL, PARAMETERS, TYPE, VALUE, VERSION,
        enum_parameter, has_names, is_union,
    },
};

/// Schemas that are nested deeper are refused.
const DEEPEST: usize = 128;

/// The text that is registered for a schema.
pub(crate) fn text(schema: &Schema, options: &Options) -> Result<String, String> {
    let mut derivation = Derivation { options, ids: HashSet::new(), depth: 0 };
    Ok(derivation.schema(schema, None, false)?.to_text())
}

struct Derivation<'a> {
    options: &'a Options,
    /// The ids so far: a schema that has one of them is named, not written again.
    ids: HashSet<String>,
    depth: usize,
}

type Members = Vec<(String, Json)>;

/// A type: what stands before its description, what Connect alone knows of it, and what comes behind.
#[derive(Default)]
struct Shape {
    head: Members,
    own: Members,
    tail: Members,
}

impl Shape {
    fn of(r#type: &str) -> Self {
        Self { head: vec![member("type", Json::of_text(r#type))], ..Self::default() }
    }

    fn known_as(mut self, connect: &str) -> Self {
        self.own.push(member(TYPE, Json::of_text(connect)));
        self
    }
}

fn member(name: &str, json: Json) -> (String, Json) {
    (name.to_owned(), json)
}

fn null() -> Json {
    Json::Object(vec![member("type", Json::of_text("null"))])
}

impl Derivation<'_> {
    /// `index` is the place among the fields around; `is_present` schemas say nothing of null.
    fn schema(
        &mut self,
        schema: &Schema,
        index: Option<usize>,
        is_present: bool,
    ) -> Result<Json, String> {
        if schema.known().is_none() {
            return Err(
                "a list or map says nothing of its parts, which JSON Schema has to".to_owned()
            );
        }
        if self.depth == DEEPEST {
            return Err(format!("the schema is nested deeper than {DEEPEST} levels"));
        }
        self.depth += 1;
        let id = schema.parameters.get(ID).map(|it| (**it).to_owned());
        if let Some(id) = &id {
            self.ids.insert(id.clone());
        }
        let index = index.map(|it| member(INDEX, Json::Number(it.to_string())));
        let id = id.map(|it| member("id", Json::Text(it)));
        let around: Members = id.clone().into_iter().chain(index.clone()).collect();
        let json = if is_union(schema) {
            let mut types = Vec::new();
            if schema.optional && !is_present {
                types.push(null());
            }
            for (place, field) in schema.fields().iter().enumerate() {
                types.push(self.schema(&field.schema, Some(place), true)?);
            }
            combined(around, types)
        } else if schema.optional && !is_present {
            // The id of a row is said of the choice and of the row.
            let id = id.filter(|_| matches!(schema.r#type, Type::Struct(_)));
            let present = self.present(schema, id, None)?;
            combined(around, vec![null(), present])
        } else {
            self.present(schema, id, index)?
        };
        self.depth -= 1;
        Ok(json)
    }

    /// A schema whose values are not null.
    fn present(
        &mut self,
        schema: &Schema,
        id: Option<(String, Json)>,
        index: Option<(String, Json)>,
    ) -> Result<Json, String> {
        let Shape { head, mut own, tail } = self.shape(schema)?;
        let mut all = head;
        if let Some(name) = &schema.name {
            all.push(member("title", Json::of_text(name)));
        }
        if let Some(doc) = &schema.doc {
            all.push(member("description", Json::of_text(doc)));
        }
        if let Some(default) = &schema.default {
            let default = defaults::of(schema, default, self.options)?;
            if default != Json::Null {
                all.push(member("default", default));
            }
        }
        all.extend(id);
        if let Some(version) = schema.version {
            own.push(member(VERSION, Json::Number(version.to_string())));
        }
        let parameters = schema.parameters.iter().filter(|(name, _)| !name.starts_with(NAMESPACE));
        let parameters: Members =
            parameters.map(|(name, it)| member(name, Json::of_text(it))).collect();
        if !parameters.is_empty() {
            own.push(member(PARAMETERS, Json::Object(in_copied_order(parameters))));
        }
        own.extend(index);
        all.extend(in_copied_order(own));
        all.extend(tail);
        Ok(Json::Object(all))
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    fn shape(&mut self, schema: &Schema) -> Result<Shape, String> {
        Ok(match &schema.r#type {
            Type::Int8 => Shape::of("integer").known_as("int8"),
            Type::Int16 => Shape::of("integer").known_as("int16"),
            Type::Int32 => Shape::of("integer").known_as("int32"),
            Type::Int64 => Shape::of("integer").known_as("int64"),
            Type::Float32 => Shape::of("number").known_as("float32"),
            Type::Float64 => Shape::of("number").known_as("float64"),
            Type::Boolean => Shape::of("boolean"),
            Type::String => match enum_parameter(schema, self.options) {
                None => Shape::of("string"),
                Some(parameter) => {
                    let symbols = Json::List(symbols(schema, parameter));
                    Shape { head: vec![member("enum", symbols)], ..Shape::default() }
                }
            },
            Type::Bytes => {
                let is_number =
                    self.options.numeric && Logical::of(schema) == Some(Logical::Decimal);
                Shape::of(if is_number { "number" } else { "string" }).known_as(BYTES)
            }
            Type::Array(items) => {
                let mut shape = Shape::of("array");
                let items = match self.reference(items) {
                    Some(reference) => reference,
                    None => self.schema(items, None, false)?,
                };
                shape.tail.push(member("items", items));
                shape
            }
            Type::Map(keys, values) if has_names(keys) => {
                let mut shape = Shape::of("object").known_as(MAP);
                let values = self.schema(values, None, false)?;
                shape.tail.push(member("additionalProperties", values));
                shape
            }
            Type::Map(keys, values) => {
                let mut shape = Shape::of("array").known_as(MAP);
                let entry = vec![
                    member(KEY, self.schema(keys, Some(0), false)?),
                    member(VALUE, self.schema(values, Some(1), false)?),
                ];
                let entry = Json::Object(in_copied_order(entry));
                let items =
                    vec![member("type", Json::of_text("object")), member("properties", entry)];
                shape.tail.push(member("items", Json::Object(items)));
                shape
            }
            Type::Struct(fields) => {
                let mut shape = Shape::of("object");
                if !self.options.additional {
                    shape.head.push(member("additionalProperties", Json::Bool(false)));
                }
                let mut properties = Vec::new();
                for (place, field) in fields.iter().enumerate() {
                    let of = match self.reference(&field.schema) {
                        Some(reference) => reference,
                        None => self.schema(&field.schema, Some(place), false)?,
                    };
                    properties.push(member(&field.name, of));
                }
                if !properties.is_empty() {
                    let properties = Json::Object(in_copied_order(properties));
                    shape.tail.push(member("properties", properties));
                }
                shape
            }
            Type::Untyped => return Err("a part of the schema has no type".to_owned()),
        })
    }

    /// The name of a schema that was written before.
    fn reference(&self, schema: &Schema) -> Option<Json> {
        let id = schema.parameters.get(ID).filter(|it| self.ids.contains(&***it))?;
        Some(Json::Object(vec![member("$ref", Json::of_text(id))]))
    }
}

fn combined(mut members: Members, types: Vec<Json>) -> Json {
    members.push(member("oneOf", Json::List(types)));
    Json::Object(members)
}

/// The symbols of an enum, in the order of Java's hash set.
fn symbols(schema: &Schema, parameter: &str) -> Vec<Json> {
    let symbols = schema.parameters.iter().filter_map(|(name, _)| {
        let symbol = name.strip_prefix(parameter)?.strip_prefix('.')?;
        // Null has the hash of the empty text.
        Some(if symbol == NULL_SYMBOL { "" } else { symbol })
    });
    let has_null = schema.parameters.get(&format!("{parameter}.{NULL_SYMBOL}")).is_some();
    let json = |it: &str| if it.is_empty() && has_null { Json::Null } else { Json::of_text(it) };
    java_order::ordered(symbols).into_iter().map(json).collect()
}

/// The order of a hash map that was filled, and then copied.
fn in_copied_order(members: Members) -> Members {
    let filled = java_order::ordered(members.iter().map(|(name, _)| name.as_str()));
    let places = places(java_order::copied(filled.into_iter()));
    sorted(members, &places)
}

/// The order of a hash map that was filled.
fn in_order(members: Members) -> Members {
    let places = places(java_order::ordered(members.iter().map(|(name, _)| name.as_str())));
    sorted(members, &places)
}

fn places(names: Vec<&str>) -> HashMap<String, usize> {
    names.into_iter().enumerate().map(|(place, name)| (name.to_owned(), place)).collect()
}

fn sorted(mut members: Members, places: &HashMap<String, usize>) -> Members {
    members.sort_by_key(|(name, _)| places.get(name).copied());
    members
}

#[cfg(test)]
mod tests;
