//! From Connect's schemas to Avro's (`AvroData.fromConnectSchema`).

mod defaults;

pub(crate) use defaults::fits;

use std::sync::Arc;

use sluice_plugin::model::{Field, Logical, Schema, SchemaRef, Type};

use crate::{
    Options,
    json::Json,
    names::{
        DEFAULT_NAME, ENUM_DEFAULT, ENUM_DOC, FIELD_DEFAULT, FIELD_DOC, FIXED_SIZE, MAP_ENTRY,
        NAMESPACE, PRECISION, RECORD_DOC, USUAL_PRECISION, enum_parameter, fixed_size,
        has_text_keys, is_union, scrubbed, split,
    },
    schema::{Avro, AvroField, Enum, Fixed, Id, Kind, Name, Record},
};

/// How deep a schema may be nested.
const DEEPEST: usize = 100;
/// The schema of what has none.
const ANYTHING: &str = r#"{"type":"record","name":"Anything","namespace":"io.confluent.connect.avro","fields":[{"name":"boolean","type":["null","boolean"],"default":null},{"name":"bytes","type":["null","bytes"],"default":null},{"name":"double","type":["null","double"],"default":null},{"name":"float","type":["null","float"],"default":null},{"name":"int","type":["null","int"],"default":null},{"name":"long","type":["null","long"],"default":null},{"name":"string","type":["null","string"],"default":null},{"name":"array","type":["null",{"type":"array","items":"Anything"}],"default":null},{"name":"map","type":["null",{"type":"array","items":{"type":"record","name":"MapEntry","fields":[{"name":"key","type":"Anything"},{"name":"value","type":"Anything"}]}}],"default":null}]}"#;

struct Derivation<'a> {
    avro: Avro,
    options: &'a Options,
    /// Required schemas that have their types already: a type is told once.
    known: Vec<(&'a Schema, Id)>,
    unnamed: u32,
    depth: usize,
}

/// The text of the schema for data without one.
pub(crate) const fn anything() -> &'static str {
    ANYTHING
}

/// The Avro schema of a schema of Connect.
///
/// # Errors
/// Why there is none.
pub(crate) fn derive(schema: &SchemaRef, options: &Options) -> Result<Avro, String> {
    let avro = Avro::default();
    let mut derivation = Derivation { avro, options, known: Vec::new(), unnamed: 0, depth: 0 };
    let root = derivation.schema(schema, schema.optional)?;
    derivation.avro.root = root;
    Ok(derivation.avro)
}

impl<'a> Derivation<'a> {
    /// The type of a schema; `optional` says whether null is a value, whatever the schema says.
    fn schema(&mut self, schema: &'a Schema, optional: bool) -> Result<Id, String> {
        if is_union(schema) {
            return self.union(schema, optional);
        }
        let is_struct = matches!(schema.r#type, Type::Struct(_));
        // Java knows required schemas again, and the required form of a struct.
        let is_known = !optional || is_struct;
        let known = self.known.iter().find(|(known, _)| is_known && is_same(known, schema));
        let id = if let Some((_, id)) = known {
            *id
        } else {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("the schema is nested deeper than {DEEPEST} levels"));
            }
            let id = self.base(schema)?;
            self.depth -= 1;
            self.describe(schema, id)?;
            if is_known {
                self.known.push((schema, id));
            }
            id
        };
        if !optional {
            return Ok(id);
        }
        let null = self.avro.add(Kind::Null);
        // The default of a field is of the first type. A struct stands behind null all the same.
        let is_first = schema.default.is_some() && !is_struct;
        Ok(self.avro.add(Kind::Union(if is_first { vec![id, null] } else { vec![null, id] })))
    }

    fn union(&mut self, schema: &'a Schema, optional: bool) -> Result<Id, String> {
        let mut branches = Vec::new();
        if optional {
            branches.push(self.avro.add(Kind::Null));
        }
        for field in schema.fields() {
            branches.push(self.schema(&field.schema, false)?);
        }
        Ok(self.avro.add(Kind::Union(branches)))
    }

    /// The type without what describes it.
    fn base(&mut self, schema: &'a Schema) -> Result<Id, String> {
        let kind = match &schema.r#type {
            Type::Int8 | Type::Int16 | Type::Int32 => Kind::Int,
            Type::Int64 => Kind::Long,
            Type::Float32 => Kind::Float,
            Type::Float64 => Kind::Double,
            Type::Boolean => Kind::Boolean,
            Type::String => match enum_parameter(schema, self.options) {
                Some(parameter) => self.r#enum(schema, parameter),
                None => Kind::String,
            },
            Type::Bytes => return self.bytes(schema),
            Type::Array(items) => Kind::Array(self.schema(items, items.optional)?),
            Type::Map(keys, values) if has_text_keys(keys, self.options) => {
                Kind::Map(self.schema(values, values.optional)?)
            }
            Type::Map(keys, values) => return self.entries(schema, keys, values),
            Type::Struct(fields) => return self.record(schema, fields),
            Type::Untyped => return Err("a part of the schema has no type".to_owned()),
        };
        Ok(self.avro.add(kind))
    }

    fn r#enum(&mut self, schema: &Schema, parameter: &str) -> Kind {
        let prefix = format!("{parameter}.");
        let symbols = schema.parameters.iter().filter_map(|(key, _)| key.strip_prefix(&prefix));
        let symbols = symbols.map(Arc::from).collect();
        let own = self.name(schema).name;
        let parameter_of = |key: &str| schema.parameters.get(key).map(|it| (**it).to_owned());
        Kind::Enum(Enum {
            name: Name::full(schema.parameters.get(parameter).map_or("", |it| it)),
            doc: parameter_of(&format!("{ENUM_DOC}{own}")),
            symbols,
            default: parameter_of(&format!("{ENUM_DEFAULT}{own}")),
        })
    }

    fn bytes(&mut self, schema: &Schema) -> Result<Id, String> {
        let kind = match fixed_size(schema) {
            Some(size) => Kind::Fixed(Fixed { name: self.name(schema), doc: None, size }),
            None if schema.name.is_some() && schema.parameters.get(FIXED_SIZE).is_some() => {
                return Err(format!("the parameter {FIXED_SIZE} is no number of bytes"));
            }
            None => Kind::Bytes,
        };
        let id = self.avro.add(kind);
        if Logical::of(schema) == Some(Logical::Decimal) {
            let (scale, precision) = decimal(schema)?;
            let node = self.avro.node_mut(id);
            node.set("scale", Json::Int(scale))?;
            node.set("precision", Json::Int(precision))?;
        }
        Ok(id)
    }

    /// A map whose keys are no texts: a list of entries.
    fn entries(
        &mut self,
        schema: &Schema,
        keys: &'a Schema,
        values: &'a Schema,
    ) -> Result<Id, String> {
        let is_named = schema.name.is_some();
        let name = if is_named {
            self.name(schema)
        } else {
            Name { space: Some(NAMESPACE.into()), name: MAP_ENTRY.into() }
        };
        let fields =
            vec![self.field("key".into(), keys, None)?, self.field("value".into(), values, None)?];
        let record =
            self.avro.add(Kind::Record(Record { name, doc: None, aliases: Vec::new(), fields }));
        if is_named {
            let marker = Json::Text(MAP_ENTRY.to_owned());
            self.avro.node_mut(record).set("connect.internal.type", marker)?;
        }
        Ok(self.avro.add(Kind::Array(record)))
    }

    fn record(&mut self, schema: &'a Schema, fields: &'a [Field]) -> Result<Id, String> {
        let name = self.name(schema);
        let parameter = |key: &str| schema.parameters.get(key).map(|it| (**it).to_owned());
        let doc = parameter(RECORD_DOC);
        let mut all: Vec<AvroField> = Vec::with_capacity(fields.len());
        for field in fields {
            let doc = parameter(&format!("{FIELD_DOC}{}", field.name));
            let name: Arc<str> = scrubbed(&field.name, self.options).into();
            if all.iter().any(|it| it.name == name) {
                return Err(format!("two fields have the name {name}"));
            }
            all.push(self.field(name, &field.schema, doc)?);
        }
        Ok(self.avro.add(Kind::Record(Record { name, doc, aliases: Vec::new(), fields: all })))
    }

    fn field(
        &mut self,
        name: Arc<str>,
        schema: &'a Schema,
        doc: Option<String>,
    ) -> Result<AvroField, String> {
        if !is_name(&name) {
            return Err(format!(
                "Illegal character in: {name}; scrub.invalid.names writes names that Avro takes"
            ));
        }
        let id = self.schema(schema, schema.optional)?;
        let default = match &schema.default {
            Some(default) => {
                let default = defaults::of(schema, default, self.options)?.widened();
                defaults::is_valid(&self.avro, id, &default).then_some(default)
            }
            None => schema.optional.then_some(Json::Null),
        };
        Ok(AvroField { name, schema: id, doc, default })
    }

    /// The name of a schema's type, or one that is made up.
    fn name(&mut self, schema: &Schema) -> Name {
        if let Some(name) = &schema.name {
            return split(name, self.options);
        }
        self.unnamed += 1;
        let number = if self.unnamed > 1 { self.unnamed.to_string() } else { String::new() };
        Name { space: Some(NAMESPACE.into()), name: format!("{DEFAULT_NAME}{number}").into() }
    }

    /// Says of a type what Avro has no word for.
    fn describe(&mut self, schema: &Schema, id: Id) -> Result<(), String> {
        let kind = self.avro.kind(id);
        if let Some(name) = kind.name()
            && !is_name(&name.name)
        {
            return Err(format!(
                "Illegal character in: {}; scrub.invalid.names writes names that Avro takes",
                name.name
            ));
        }
        let node = self.avro.node_mut(id);
        if self.options.metadata {
            if let Some(doc) = &schema.doc {
                node.set("connect.doc", Json::Text((**doc).to_owned()))?;
            }
            if let Some(version) = schema.version {
                node.set("connect.version", Json::Int(version.into()))?;
            }
            let kept = schema.parameters.iter().filter(|(key, _)| ***key != *FIELD_DEFAULT);
            let kept: Vec<_> = kept
                .map(|(key, value)| ((**key).to_owned(), Json::Text((**value).to_owned())))
                .collect();
            if !kept.is_empty() {
                node.set("connect.parameters", Json::Object(kept))?;
            }
            if let Some(default) = &schema.default
                && schema.parameters.get(FIELD_DEFAULT).is_none()
            {
                node.set("connect.default", defaults::of(schema, default, self.options)?)?;
            }
            if let Some(name) = &schema.name {
                node.set("connect.name", Json::Text((**name).to_owned()))?;
            }
            let small = match schema.r#type {
                Type::Int8 => Some("int8"),
                Type::Int16 => Some("int16"),
                _ => None,
            };
            if let Some(small) = small {
                node.set("connect.type", Json::Text(small.to_owned()))?;
            }
        }
        let logical = match Logical::of(schema) {
            Some(Logical::Decimal) => Some("decimal"),
            Some(Logical::Time) => Some("time-millis"),
            Some(Logical::Timestamp) => Some("timestamp-millis"),
            Some(Logical::Date) => Some("date"),
            None => None,
        };
        if let Some(logical) = logical {
            node.set("logicalType", Json::Text(logical.to_owned()))?;
        }
        for (key, value) in schema.parameters.iter().filter(|(key, _)| key.starts_with("avro")) {
            node.set(key, Json::Text((**value).to_owned()))?;
        }
        Ok(())
    }
}

/// Scale and precision of a decimal.
fn decimal(schema: &Schema) -> Result<(i64, i64), String> {
    let number = |key: &str, usual| match schema.parameters.get(key) {
        None => usual,
        Some(text) => text.parse::<i32>().ok().map(i64::from),
    };
    let scale = number("scale", None).ok_or("a decimal has no scale")?;
    let precision = number(PRECISION, Some(USUAL_PRECISION));
    Ok((scale, precision.ok_or_else(|| format!("the parameter {PRECISION} is no number"))?))
}

/// What Avro takes for a name (`Schema.validateName`).
fn is_name(name: &str) -> bool {
    let mut all = name.chars();
    let begins = all.next().is_some_and(|it| it.is_alphabetic() || it == '_');
    begins && all.all(|it| it.is_alphanumeric() || it == '_')
}

/// Whether two schemas have one type, whether null is a value or not.
fn is_same(left: &Schema, right: &Schema) -> bool {
    std::ptr::eq(left, right)
        || left.name == right.name
            && left.version == right.version
            && left.doc == right.doc
            && left.default == right.default
            && left.parameters == right.parameters
            && left.r#type == right.r#type
}
