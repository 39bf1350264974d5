//! From Avro's schemas to Connect's, with the plan to read their values (`AvroData.toConnectSchema`).

mod defaults;

use std::sync::Arc;

use bytestring::ByteString;
use sluice_plugin::model::{Field, Logical, Schema, SchemaRef, Type, logical::scale_of};

use crate::{
    Options,
    derive::anything,
    json::Json,
    names::{
        DEFAULT_NAME, ENUM, ENUM_DEFAULT, ENUM_DOC, FIELD_DEFAULT, FIELD_DOC, FIXED_SIZE,
        MAP_ENTRY, NAMESPACE, PRECISION, RECORD_DOC, SUM_ENUM, SUM_UNION, UNION, USUAL_PRECISION,
        member_name,
    },
    read::{Decoded, Read},
    schema::{Avro, Id, Kind, Record},
};

/// Most parts of a schema, types that stand in many places counted in each.
const MOST_PARTS: usize = 20_000;

/// What a schema of a registry means: the schema of its values, none for data without one, and how to read them.
pub(crate) fn translate(
    avro: &Avro,
    version: Option<i32>,
    options: &Options,
) -> Result<(Option<SchemaRef>, Read), String> {
    if avro.to_text().as_deref() == Ok(anything()) {
        return Ok((None, Read::Anything));
    }
    let mut translation = Translation { avro, options, open: Vec::new(), parts: 0, unions: 0 };
    let around = Around { version, ..Around::default() };
    let (schema, read) = translation.schema(avro.root, &around)?;
    Ok((Some(schema), read))
}

/// What the place of a type adds to it.
#[derive(Default)]
struct Around<'a> {
    optional: bool,
    default: Option<&'a Json>,
    version: Option<i32>,
}

struct Translation<'a> {
    avro: &'a Avro,
    options: &'a Options,
    /// Records around the current part.
    open: Vec<Id>,
    parts: usize,
    unions: usize,
}

impl<'a> Translation<'a> {
    fn schema(&mut self, id: Id, around: &Around<'_>) -> Result<(SchemaRef, Read), String> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(format!("the schema has more than {MOST_PARTS} parts"));
        }
        if let Kind::Union(branches) = self.avro.kind(id)
            && let Some(answer) = self.flat_union(branches)?
        {
            return Ok(answer);
        }
        let (mut schema, shape) = self.base(id)?;
        self.describe(id, &mut schema, around)?;
        let schema = SchemaRef::kept(schema);
        let read = shape.finish(&schema)?;
        Ok((schema, read))
    }

    /// A union that is no struct: of one type, or of one type and null.
    fn flat_union(&mut self, branches: &[Id]) -> Result<Option<(SchemaRef, Read)>, String> {
        match branches {
            [only] if self.options.flatten => {
                let (schema, read) = self.schema(*only, &Around::default())?;
                Ok(Some((schema, Read::Union(vec![read]))))
            }
            [first, second] => {
                let value = match (self.avro.is_null(*first), self.avro.is_null(*second)) {
                    (true, false) => 1,
                    (false, true) => 0,
                    _ => return Ok(None),
                };
                let around = Around { optional: true, ..Around::default() };
                let (schema, read) = self.schema(branches[value], &around)?;
                let mut reads = vec![Read::Null, Read::Null];
                reads[value] = read;
                Ok(Some((schema, Read::Union(reads))))
            }
            _ => Ok(None),
        }
    }

    /// The bare type, and what its plan lacks of the finished schema.
    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    fn base(&mut self, id: Id) -> Result<(Schema, Shape), String> {
        let node = self.avro.node(id);
        let logical = node.prop("logicalType").and_then(Json::text);
        let is = |word: &str| logical.is_some_and(|it| it.eq_ignore_ascii_case(word));
        let plain = |r#type, read| (Schema::required(r#type), Shape::Plain(read));
        Ok(match &node.kind {
            Kind::Boolean => plain(Type::Boolean, Read::Boolean),
            Kind::Double => plain(Type::Float64, Read::Double),
            Kind::Float => plain(Type::Float32, Read::Float),
            Kind::String => plain(Type::String, Read::Text),
            Kind::Long if is("timestamp-millis") => {
                (Logical::Timestamp.schema(0), Shape::Plain(Read::Long))
            }
            Kind::Long => plain(Type::Int64, Read::Long),
            Kind::Int if is("date") => (Logical::Date.schema(0), Shape::Plain(Read::Int)),
            Kind::Int if is("time-millis") => (Logical::Time.schema(0), Shape::Plain(Read::Int)),
            Kind::Int => match node.prop("connect.type").and_then(Json::text) {
                _ if logical.is_some() => plain(Type::Int32, Read::Int),
                None => plain(Type::Int32, Read::Int),
                Some("int8") => plain(Type::Int8, Read::Int8),
                Some("int16") => plain(Type::Int16, Read::Int16),
                Some(_) => {
                    return Err("Connect type annotation for Avro int field is null".to_owned());
                }
            },
            Kind::Bytes | Kind::Fixed(_) => self.bytes(id, is("decimal"))?,
            Kind::Array(items) => {
                if let Some((keys, values)) = self.map_entry(*items)? {
                    let (keys, read_keys) = self.schema(keys, &Around::default())?;
                    let (values, read_values) = self.schema(values, &Around::default())?;
                    let read = Read::Entries(Box::new((read_keys, read_values)));
                    plain(Type::Map(keys, values), read)
                } else {
                    let (items, read) = self.schema(*items, &Around::default())?;
                    plain(Type::Array(items), Read::Array(Box::new(read)))
                }
            }
            Kind::Map(values) => {
                let (values, read) = self.schema(*values, &Around::default())?;
                let keys = SchemaRef::kept(Schema::required(Type::String));
                plain(Type::Map(keys, values), Read::Map(Box::new(read)))
            }
            Kind::Record(record) => self.record(id, record)?,
            Kind::Enum(it) => {
                let mut schema = Schema::required(Type::String);
                let parameters = &mut schema.parameters;
                if self.options.metadata {
                    if let Some(doc) = &it.doc {
                        parameters.set(format!("{ENUM_DOC}{}", it.name.name), doc.as_str());
                    }
                    if let Some(default) = &it.default {
                        parameters.set(format!("{ENUM_DEFAULT}{}", it.name.name), default.as_str());
                    }
                }
                let word = if self.options.sums { SUM_ENUM } else { ENUM };
                parameters.set(word, it.name.to_full());
                for (index, symbol) in it.symbols.iter().enumerate() {
                    let value =
                        if self.options.sums { index.to_string() } else { (**symbol).to_owned() };
                    parameters.set(format!("{word}.{symbol}"), value);
                }
                let symbols = it.symbols.iter().map(|it| ByteString::from(&**it)).collect();
                (schema, Shape::Plain(Read::Enum(symbols)))
            }
            Kind::Union(branches) => self.union(branches)?,
            Kind::Null => {
                return Err(
                    "Standalone null schemas are not supported by this converter".to_owned()
                );
            }
        })
    }

    fn bytes(&self, id: Id, is_decimal: bool) -> Result<(Schema, Shape), String> {
        let node = self.avro.node(id);
        let mut schema = Schema::required(Type::Bytes);
        if is_decimal {
            schema = Logical::Decimal.schema(node.scale());
            if let Some(precision) = node.prop("precision") {
                let precision =
                    precision.number().ok_or("the precision of a decimal is no number")?;
                if precision as i64 != USUAL_PRECISION {
                    schema.parameters.set(PRECISION, (precision as i64).to_string());
                }
            }
        }
        let Kind::Fixed(fixed) = &node.kind else { return Ok((schema, Shape::Plain(Read::Bytes))) };
        schema.parameters.set(FIXED_SIZE, fixed.size.to_string());
        Ok((schema, Shape::Plain(Read::Fixed(fixed.size))))
    }

    /// Keys and values of a list that stands for a map.
    fn map_entry(&self, items: Id) -> Result<Option<(Id, Id)>, String> {
        let Kind::Record(record) = self.avro.kind(items) else { return Ok(None) };
        let is_own =
            record.name.space.as_deref() == Some(NAMESPACE) && *record.name.name == *MAP_ENTRY;
        let marker = self.avro.node(items).prop("connect.internal.type").and_then(Json::text);
        if !is_own && marker != Some(MAP_ENTRY) {
            return Ok(None);
        }
        match record.fields.as_slice() {
            [key, value] if *key.name == *"key" && *value.name == *"value" => {
                Ok(Some((key.schema, value.schema)))
            }
            _ => Err("Found map encoded as array of key-value pairs, but array elements do not \
                      match the expected format."
                .to_owned()),
        }
    }

    fn record(&mut self, id: Id, record: &'a Record) -> Result<(Schema, Shape), String> {
        if self.open.contains(&id) {
            return Err(format!(
                "{} contains itself, which no schema of Connect can here",
                record.name.to_full()
            ));
        }
        self.open.push(id);
        let (mut fields, mut reads) = (Vec::new(), Vec::new());
        let mut schema = Schema::required(Type::Struct(Vec::new()));
        if let Some(doc) = record.doc.as_deref().filter(|_| self.options.metadata) {
            schema.parameters.set(RECORD_DOC, doc);
        }
        for field in &record.fields {
            if let Some(doc) = field.doc.as_deref().filter(|_| self.options.metadata) {
                schema.parameters.set(format!("{FIELD_DOC}{}", field.name), doc);
            }
            // One that is none of its type is as good as none.
            let default = field.default.as_ref();
            let default = default.filter(|it| crate::derive::fits(self.avro, field.schema, it));
            let around = Around { default, ..Around::default() };
            let (of, read) = self.schema(field.schema, &around)?;
            fields.push(Field { name: Arc::clone(&field.name), schema: of });
            reads.push(read);
        }
        self.open.pop();
        schema.r#type = Type::Struct(fields);
        Ok((schema, Shape::Record(reads)))
    }

    fn union(&mut self, branches: &[Id]) -> Result<(Schema, Shape), String> {
        let mut schema = Schema::required(Type::Struct(Vec::new()));
        let name = if self.options.sums {
            self.unions += 1;
            let name = format!("connect_union_{}", self.unions - 1);
            schema.parameters.set(SUM_UNION, name.as_str());
            name
        } else {
            UNION.to_owned()
        };
        schema.name = Some(name.into());
        let (mut fields, mut members) = (Vec::<Field>::new(), Vec::new());
        for (index, branch) in branches.iter().enumerate() {
            if self.avro.is_null(*branch) {
                schema.optional = true;
                members.push(None);
                continue;
            }
            let name = member_name(self.avro.kind(*branch), index, self.options);
            if fields.iter().any(|it| *it.name == *name) {
                return Err("Multiple union schemas map to the Connect union field name".to_owned());
            }
            let around = Around { optional: true, ..Around::default() };
            let (of, read) = self.schema(*branch, &around)?;
            members.push(Some((fields.len(), read)));
            fields.push(Field { name: (&*name).into(), schema: of });
        }
        schema.r#type = Type::Struct(fields);
        Ok((schema, Shape::Union(members)))
    }

    /// What properties and place say of a type.
    fn describe(&self, id: Id, schema: &mut Schema, around: &Around<'_>) -> Result<(), String> {
        let node = self.avro.node(id);
        if let Some(doc) =
            node.prop("connect.doc").and_then(Json::text).filter(|_| self.options.metadata)
        {
            schema.doc = Some(doc.into());
        }
        let version = match node.prop("connect.version") {
            None => around.version,
            Some(it) => {
                let number = it.number().ok_or("Invalid Connect version found")?;
                Some(number as i32)
            }
        };
        if let Some(version) = version.filter(|it| *it >= 0) {
            match schema.version {
                Some(known) if known != version => {
                    return Err(format!(
                        "Mismatched versions: version already added to SchemaBuilder ({known}) differs from version in \
                         source schema ({version})"
                    ));
                }
                _ => schema.version = Some(version),
            }
        }
        if let Some(parameters) = node.prop("connect.parameters").filter(|_| self.options.metadata)
        {
            let Json::Object(members) = parameters else {
                return Err("Expected JSON object for schema parameters".to_owned());
            };
            for (name, value) in members {
                let text = value.text().ok_or("Expected schema parameter values to be strings")?;
                schema.parameters.set(name.as_str(), text);
            }
        }
        for (name, value) in node.props.iter().filter(|(name, _)| name.starts_with("avro")) {
            let text = match value {
                Json::Text(text) => text.clone(),
                other => {
                    let mut text = String::new();
                    other.write(&mut text);
                    text
                }
            };
            schema.parameters.set(Arc::clone(name), text);
        }
        let own = node.prop("connect.default");
        if around.default.is_some() && own.is_none() && self.options.metadata {
            schema.parameters.set(FIELD_DEFAULT, "true");
        }
        self.name(id, schema)?;
        schema.optional |= around.optional;
        if let Some(default) = around.default.or(own) {
            schema.default = defaults::of(schema, self.avro, id, default, self.options);
        }
        Ok(())
    }

    fn name(&self, id: Id, schema: &mut Schema) -> Result<(), String> {
        let node = self.avro.node(id);
        let is_decimal = Logical::of(schema) == Some(Logical::Decimal);
        let name = match (node.prop("connect.name"), &node.kind) {
            (Some(name), _) => Some(name.text().ok_or("Invalid schema name")?.to_owned()),
            (None, Kind::Fixed(_)) if is_decimal => None,
            (None, kind) => kind.name().map(crate::schema::Name::to_full),
        };
        let made_up = format!("{NAMESPACE}.{DEFAULT_NAME}");
        let Some(name) = name.filter(|it| !it.starts_with(&made_up)) else { return Ok(()) };
        match &schema.name {
            Some(known) if **known != *name => Err(format!(
                "Mismatched names: name already added to SchemaBuilder ({known}) differs from name in source schema \
                 ({name})"
            )),
            _ => {
                schema.name = Some(name.into());
                Ok(())
            }
        }
    }
}

/// A plan that lacks the finished schema.
enum Shape {
    Plain(Read),
    Record(Vec<Read>),
    Union(Vec<Option<(usize, Read)>>),
}

impl Shape {
    fn finish(self, schema: &SchemaRef) -> Result<Read, String> {
        let read = match self {
            Self::Record(fields) => return Ok(Read::Record(schema.clone(), fields)),
            Self::Union(members) => return Ok(Read::Members(schema.clone(), members)),
            Self::Plain(read) => read,
        };
        // The name alone makes a value a logical one.
        let Some(logical) = Logical::of(schema) else { return Ok(read) };
        let fits = matches!(
            (logical, &read),
            (Logical::Decimal, Read::Bytes | Read::Fixed(_))
                | (Logical::Date | Logical::Time, Read::Int)
                | (Logical::Timestamp, Read::Long)
        );
        if !fits {
            return Err(format!("{} does not fit its type", logical.name()));
        }
        Ok(match logical {
            Logical::Decimal => {
                let scale = scale_of(schema).map_err(|error| error.to_string())?;
                Read::Decoded(Box::new(read), Decoded::Decimal(scale))
            }
            Logical::Date => Read::Decoded(Box::new(read), Decoded::Date),
            Logical::Time => Read::Decoded(Box::new(read), Decoded::Time),
            Logical::Timestamp => Read::Decoded(Box::new(read), Decoded::Timestamp),
        })
    }
}
