//! Schemas from text, as registries hold them.

use std::{collections::HashMap, sync::Arc};

use super::{Avro, AvroField, Enum, Fixed, Id, Kind, Name, Record};
use crate::json::Json;

/// How deep a schema may be nested: JSON of the registry is bounded as well, and each level takes some stack.
const DEEPEST: usize = 120;
/// Members that are no properties.
const RESERVED: [&str; 12] = [
    "type",
    "name",
    "namespace",
    "doc",
    "fields",
    "items",
    "values",
    "symbols",
    "size",
    "aliases",
    "default",
    "order",
];

struct Parser {
    avro: Avro,
    named: HashMap<String, Id>,
    depth: usize,
}

impl Avro {
    /// Reads a text that may name types of others, which are read first.
    pub(crate) fn parse<'a>(
        text: &str,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, String> {
        let mut parser = Parser { avro: Self::default(), named: HashMap::new(), depth: 0 };
        for other in others {
            parser.schema(&Json::parse(other)?, None)?;
        }
        let json = Json::parse(text)?;
        parser.avro.root = parser.schema(&json, None)?;
        Ok(parser.avro)
    }
}

impl Parser {
    fn schema(&mut self, json: &Json, space: Option<&Arc<str>>) -> Result<Id, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("the schema is nested deeper than {DEEPEST} levels"));
        }
        let id = match json {
            Json::Text(name) => self.by_name(name, space)?,
            Json::List(branches) => {
                let branches = branches.iter().map(|it| self.schema(it, space));
                let branches = branches.collect::<Result<Vec<_>, _>>()?;
                if branches.iter().any(|it| matches!(self.avro.kind(*it), Kind::Union(_))) {
                    return Err("a union stands right in a union".to_owned());
                }
                self.avro.add(Kind::Union(branches))
            }
            Json::Object(_) => self.object(json, space)?,
            _ => return Err("a schema is a name, a list or an object".to_owned()),
        };
        self.depth -= 1;
        Ok(id)
    }

    fn by_name(&mut self, text: &str, space: Option<&Arc<str>>) -> Result<Id, String> {
        if let Some(kind) = primitive(text) {
            return Ok(self.avro.add(kind));
        }
        let name = resolved(text, None, space);
        let found = self.named.get(&name.to_full()).or_else(|| self.named.get(text));
        found.copied().ok_or_else(|| format!("Undefined name: \"{text}\""))
    }

    fn object(&mut self, json: &Json, space: Option<&Arc<str>>) -> Result<Id, String> {
        let r#type = json.get("type").ok_or("an object has no type")?;
        let Json::Text(word) = r#type else {
            // A schema around a schema.
            return self.schema(r#type, space);
        };
        let part = |name: &str| json.get(name).ok_or_else(|| format!("{word} has no {name}"));
        let id = match word.as_str() {
            "array" => {
                let items = self.schema(part("items")?, space)?;
                self.avro.add(Kind::Array(items))
            }
            "map" => {
                let values = self.schema(part("values")?, space)?;
                self.avro.add(Kind::Map(values))
            }
            "record" | "error" | "enum" | "fixed" => self.named(word, json, space)?,
            word => match primitive(word) {
                Some(kind) => self.avro.add(kind),
                None => return self.by_name(word, space),
            },
        };
        if let Json::Object(members) = json {
            for (name, value) in members {
                let is_reserved = RESERVED.contains(&name.as_str());
                if !is_reserved {
                    self.avro.node_mut(id).set(name, value.clone())?;
                }
            }
        }
        Ok(id)
    }

    fn named(&mut self, word: &str, json: &Json, space: Option<&Arc<str>>) -> Result<Id, String> {
        let text = |member: &str| json.get(member).and_then(Json::text);
        let name = text("name").filter(|it| !it.is_empty()).ok_or("a named type has no name")?;
        let name = resolved(name, text("namespace"), space);
        let doc = text("doc").map(str::to_owned);
        let list = |member: &str| match json.get(member) {
            Some(Json::List(items)) => Ok(items.as_slice()),
            _ => Err(format!("{word} {} has no {member}", name.to_full())),
        };
        let kind = match word {
            "enum" => {
                let symbols = list("symbols")?.iter().map(|it| it.text().map(Arc::from));
                let symbols = symbols.collect::<Option<Vec<_>>>().ok_or("a symbol is no text")?;
                let default = text("default").map(str::to_owned);
                Kind::Enum(Enum { name: name.clone(), doc, symbols, default })
            }
            "fixed" => {
                let size = json.get("size").and_then(Json::int).and_then(|it| it.try_into().ok());
                let size = size.ok_or_else(|| format!("fixed {} has no size", name.to_full()))?;
                Kind::Fixed(Fixed { name: name.clone(), doc, size })
            }
            _ => {
                let aliases = match json.get("aliases") {
                    Some(Json::List(items)) => {
                        items.iter().filter_map(Json::text).map(str::to_owned).collect()
                    }
                    _ => Vec::new(),
                };
                Kind::Record(Record { name: name.clone(), doc, aliases, fields: Vec::new() })
            }
        };
        let is_record = matches!(kind, Kind::Record(_));
        let id = self.avro.add(kind);
        if self.named.insert(name.to_full(), id).is_some() {
            return Err(format!("Can't redefine: {}", name.to_full()));
        }
        if is_record {
            let space = name.space.as_ref();
            let fields = list("fields")?.iter().map(|it| self.field(it, space));
            let fields = fields.collect::<Result<Vec<_>, _>>()?;
            for (index, field) in fields.iter().enumerate() {
                if fields[..index].iter().any(|it| it.name == field.name) {
                    return Err(format!("{} has two fields {}", name.to_full(), field.name));
                }
            }
            if let Kind::Record(record) = &mut self.avro.node_mut(id).kind {
                record.fields = fields;
            }
        }
        Ok(id)
    }

    fn field(&mut self, json: &Json, space: Option<&Arc<str>>) -> Result<AvroField, String> {
        let name = json.get("name").and_then(Json::text).ok_or("a field has no name")?;
        let r#type = json.get("type").ok_or_else(|| format!("the field {name} has no type"))?;
        Ok(AvroField {
            name: name.into(),
            schema: self.schema(r#type, space)?,
            doc: json.get("doc").and_then(Json::text).map(str::to_owned),
            default: json.get("default").cloned(),
        })
    }
}

fn resolved(name: &str, own: Option<&str>, around: Option<&Arc<str>>) -> Name {
    if name.contains('.') {
        return Name::full(name);
    }
    let space = own.map(Arc::from).or_else(|| around.cloned());
    Name { space: space.filter(|it| !it.is_empty()), name: name.into() }
}

fn primitive(word: &str) -> Option<Kind> {
    Some(match word {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            "\"int\"",
            r#"{"type":"int","connect.type":"int8"}"#,
            r#"["null",{"type":"array","items":"string"}]"#,
            r#"{"type":"record","name":"R","namespace":"a.b","doc":"d","fields":[{"name":"next","type":["null","R"],"doc":"x","default":null},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}},{"name":"f","type":{"type":"fixed","name":"F","namespace":"c","size":4}},{"name":"g","type":"c.F"}],"connect.name":"a.b.R","aliases":["Old"]}"#,
        ] {
            assert_eq!(Avro::parse(text, []).unwrap().to_text().unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_schema_is_told() {
        for (text, expected) in [
            ("{", "EOF"),
            ("1", "a schema is"),
            ("\"X\"", "Undefined name"),
            ("[[\"int\"]]", "a union"),
            ("{}", "no type"),
            (r#"{"type":"array"}"#, "no items"),
            (r#"{"type":"fixed","name":"F","size":-1}"#, "no size"),
            (r#"{"type":"record","name":"R"}"#, "no fields"),
            (
                r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
                "two fields a",
            ),
        ] {
            let error = Avro::parse(text, []).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let deep =
            format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(121), "}".repeat(121));
        assert!(Avro::parse(&deep, []).is_err());
    }

    #[test]
    fn types_of_others_can_be_named() {
        let other = r#"{"type":"record","name":"a.O","fields":[]}"#;
        let avro = Avro::parse(r#"{"type":"array","items":"a.O"}"#, [other]).unwrap();
        let Kind::Array(items) = avro.kind(avro.root) else { panic!() };
        assert_eq!(avro.kind(*items).name().map(Name::to_full).as_deref(), Some("a.O"));
    }
}
