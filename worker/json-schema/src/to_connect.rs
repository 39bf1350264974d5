//! From texts of JSON Schema to Connect's schemas, with the plan to read their values (`JsonSchemaData.toConnectSchema`).

mod all;

use std::sync::Arc;

use sluice_plugin::{
    config::java_order,
    model::{Field, Schema, SchemaRef, Type},
};

use crate::{
    Options,
    document::{Document, Id, Kind, Node, Object},
    json::Json,
    names::{BYTES, ENUM, KEY, MAP, NULL_SYMBOL, ONE_OF, SUM_ENUM, SUM_UNION, VALUE},
    read::{Read, default_of},
};

/// Most parts of a schema, types that stand in many places counted in each.
const MOST_PARTS: usize = 20_000;
/// How deep they may be nested.
const DEEPEST: usize = 128;

/// What a schema of a registry means: the schema of its values, and how to read them.
pub(crate) fn translate(
    document: &Document,
    version: Option<i32>,
    options: &Options,
) -> Result<(SchemaRef, Read), String> {
    let mut translation = Translation { document, options, open: Vec::new(), parts: 0, unions: 0 };
    translation.schema(document.root, version, false)
}

struct Translation<'a> {
    document: &'a Document,
    options: &'a Options,
    /// Schemas around the current one.
    open: Vec<Id>,
    parts: usize,
    unions: usize,
}

/// A schema that lacks its description, and how to read its parts.
struct Shape {
    schema: Schema,
    parts: Vec<Read>,
}

impl Shape {
    fn plain(r#type: Type) -> Self {
        Self { schema: Schema::required(r#type), parts: Vec::new() }
    }
}

impl Translation<'_> {
    fn schema(
        &mut self,
        id: Id,
        version: Option<i32>,
        optional: bool,
    ) -> Result<(SchemaRef, Read), String> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(format!("the schema has more than {MOST_PARTS} parts"));
        }
        if self.open.contains(&id) {
            let title = self.document.node(id).title.as_deref().unwrap_or("without a title");
            return Err(format!(
                "a schema ({title}) contains itself, which no schema of Connect can here"
            ));
        }
        if self.open.len() == DEEPEST {
            return Err(format!("the schema is nested deeper than {DEEPEST} levels"));
        }
        self.open.push(id);
        let answer = self.opened(id, version, optional)?;
        self.open.pop();
        Ok(answer)
    }

    fn opened(
        &mut self,
        id: Id,
        version: Option<i32>,
        optional: bool,
    ) -> Result<(SchemaRef, Read), String> {
        let document = self.document;
        let node = document.node(id);
        let shape = match &node.kind {
            Kind::Reference(target) => return self.schema(*target, version, optional),
            Kind::Any(types) | Kind::All(types) if types.len() == 1 && self.options.flatten => {
                return self.schema(types[0], None, false);
            }
            Kind::All(types) => return self.all(types, version, optional),
            Kind::Any(types) => {
                let name = self.union_name();
                let is_null = |id: Id| matches!(document.node(id).kind, Kind::Null);
                if let [first, second] = types.as_slice() {
                    match (is_null(*first), is_null(*second)) {
                        (true, false) => return self.schema(*second, version, true),
                        (false, true) => return self.schema(*first, version, true),
                        _ => {}
                    }
                }
                self.union(types, name)?
            }
            Kind::Array(items) => self.list(node, *items)?,
            Kind::Object(object) => self.object(node, object)?,
            plain => self.plain(node, plain)?,
        };
        described(node, shape, version, optional)
    }

    fn plain(&self, node: &Node, kind: &Kind) -> Result<Shape, String> {
        let connect = node.connect_type.as_deref();
        Ok(Shape::plain(match kind {
            Kind::Boolean => Type::Boolean,
            Kind::Number { integer } => match connect {
                None if *integer => Type::Int64,
                None | Some("float64") => Type::Float64,
                Some("int8") => Type::Int8,
                Some("int16") => Type::Int16,
                Some("int32") => Type::Int32,
                Some("int64") => Type::Int64,
                Some("float32") => Type::Float32,
                // A decimal that is a number of JSON.
                Some(BYTES) => Type::Bytes,
                Some(other) => return Err(format!("Unsupported type {other}")),
            },
            Kind::Text if connect == Some(BYTES) => Type::Bytes,
            Kind::Text => Type::String,
            Kind::Const(only) => return Ok(self.symbols(std::slice::from_ref(only))),
            Kind::Enum(all) => return Ok(self.symbols(all)),
            Kind::Anything => {
                return Err(
                    "a schema that says nothing of its values is none of Connect: name a type"
                        .to_owned(),
                );
            }
            Kind::Null => {
                return Err("null alone is no type of Connect: name another beside it".to_owned());
            }
            Kind::Other(word) => {
                return Err(format!("{word} alone describes no type of Connect: name a type"));
            }
            Kind::Array(_) | Kind::Object(_) | Kind::All(_) | Kind::Any(_) | Kind::Reference(_) => {
                return Err("a schema with parts is no plain one".to_owned());
            }
        }))
    }

    /// A text with its symbols as parameters.
    fn symbols(&self, symbols: &[Json]) -> Shape {
        let mut shape = Shape::plain(Type::String);
        let parameter = if self.options.sums { SUM_ENUM } else { ENUM };
        let parameters = &mut shape.schema.parameters;
        parameters.set(parameter, "");
        for (index, symbol) in symbols.iter().enumerate() {
            let symbol = match symbol {
                Json::Null => NULL_SYMBOL.to_owned(),
                Json::Text(text) => text.clone(),
                other => other.to_text(),
            };
            let value = if self.options.sums { index.to_string() } else { symbol.clone() };
            parameters.set(format!("{parameter}.{symbol}"), value);
        }
        shape
    }

    fn list(&mut self, node: &Node, items: Option<Id>) -> Result<Shape, String> {
        let items = items.ok_or("Array schema did not specify the items type")?;
        let document = self.document;
        if node.connect_type.as_deref() == Some(MAP)
            && let Kind::Object(entry) = &document.node(items).kind
        {
            let part = |name: &str| {
                let found = entry.properties.iter().find(|(known, _)| known == name);
                found
                    .map(|(_, id)| *id)
                    .ok_or_else(|| format!("the entries of a map have no {name}"))
            };
            let (keys, read_keys) = self.schema(part(KEY)?, None, false)?;
            let (values, read_values) = self.schema(part(VALUE)?, None, false)?;
            if crate::names::has_names(&keys) {
                return Err("a map whose keys are names is an object, and not a list".to_owned());
            }
            let schema = Schema::required(Type::Map(keys, values));
            return Ok(Shape { schema, parts: vec![read_keys, read_values] });
        }
        let (items, read) = self.schema(items, None, false)?;
        Ok(Shape { schema: Schema::required(Type::Array(items)), parts: vec![read] })
    }

    fn object(&mut self, node: &Node, object: &Object) -> Result<Shape, String> {
        if node.connect_type.as_deref() == Some(MAP) {
            let values = object.additional.ok_or("a map has no schema of its values")?;
            let (values, read) = self.schema(values, None, false)?;
            let keys = SchemaRef::kept(Schema::required(Type::String));
            let read_keys = Read::new(&keys, &[])?;
            let schema = Schema::required(Type::Map(keys, values));
            return Ok(Shape { schema, parts: vec![read_keys, read] });
        }
        let document = self.document;
        let mut properties: Vec<(usize, &str, Id)> = Vec::new();
        for (name, id) in in_java_order(object) {
            let index = document.node(id).index.and_then(|it| usize::try_from(it).ok());
            properties.push((index.unwrap_or(properties.len()), name, id));
        }
        properties.sort_by_key(|(index, ..)| *index);
        let required = |name: &str| object.required.iter().any(|it| it == name);
        let properties: Vec<(&str, Id, bool)> =
            properties.into_iter().map(|(_, name, id)| (name, id, required(name))).collect();
        self.row(&properties)
    }

    /// A struct of properties: name, schema, whether it is required.
    fn row(&mut self, properties: &[(&str, Id, bool)]) -> Result<Shape, String> {
        let (mut fields, mut parts) = (Vec::new(), Vec::new());
        for (name, id, is_required) in properties {
            let optional = self.options.optional && !is_required;
            let (schema, read) = self.schema(*id, None, optional)?;
            fields.push(Field { name: Arc::from(*name), schema });
            parts.push(read);
        }
        Ok(Shape { schema: Schema::required(Type::Struct(fields)), parts })
    }

    /// The name of the next union. Null beside one type counts as one.
    fn union_name(&mut self) -> String {
        if !self.options.sums {
            return ONE_OF.to_owned();
        }
        self.unions += 1;
        format!("connect_union_{}", self.unions - 1)
    }

    fn union(&mut self, types: &[Id], name: String) -> Result<Shape, String> {
        let mut schema = Schema::required(Type::Struct(Vec::new()));
        let (mut fields, mut parts) = (Vec::new(), Vec::new());
        for id in types {
            if matches!(self.document.node(*id).kind, Kind::Null) {
                schema.optional = true;
                continue;
            }
            let index = fields.len();
            let field = if self.options.sums {
                format!("connect_union_field_{index}")
            } else {
                format!("{name}.field.{index}")
            };
            let (of, read) = self.schema(*id, None, true)?;
            fields.push(Field { name: field.into(), schema: of });
            parts.push(read);
        }
        if fields.is_empty() {
            return Err("null alone is no type of Connect: name another beside it".to_owned());
        }
        if self.options.sums {
            schema.parameters.set(SUM_UNION, name.as_str());
        }
        schema.name = Some(name.into());
        schema.r#type = Type::Struct(fields);
        Ok(Shape { schema, parts })
    }
}

/// The schema with what its text says beside its type.
fn described(
    node: &Node,
    shape: Shape,
    version: Option<i32>,
    optional: bool,
) -> Result<(SchemaRef, Read), String> {
    let Shape { mut schema, parts } = shape;
    if let Some(title) = &node.title
        && schema.name.is_none()
    {
        schema.name = Some(title.as_str().into());
    }
    schema.version = node.version.or(version);
    schema.doc = node.description.as_deref().map(Into::into);
    for (name, value) in &node.parameters {
        schema.parameters.set(name.as_str(), value.as_str());
    }
    schema.optional |= optional;
    if let Some(default) = &node.default {
        let bare = SchemaRef::new(schema.clone());
        let read = Read::new(&bare, &parts)?;
        let default = default_of(&read, &bare, &default.to_text());
        schema.default = default.map_err(|error| format!("the default{error}"))?;
    }
    let schema = SchemaRef::kept(schema);
    let read = Read::new(&schema, &parts)?;
    Ok((schema, read))
}

/// The properties of an object in the order of the hash map that Everit's library keeps them in.
fn in_java_order(object: &Object) -> Vec<(&str, Id)> {
    let filled = java_order::ordered(object.properties.iter().map(|(name, _)| name.as_str()));
    let ids: std::collections::HashMap<&str, Id> =
        object.properties.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    let ordered = java_order::copied(filled.into_iter());
    ordered.into_iter().filter_map(|name| Some((name, *ids.get(name)?))).collect()
}

#[cfg(test)]
mod tests;
