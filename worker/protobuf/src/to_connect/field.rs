//! One field of a message as a field of a Connect struct.

use std::sync::Arc;

use prost_reflect::{
    EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value as ProtoValue,
};
use sluice_plugin::model::{Logical, Schema, SchemaRef, Type, Value};

use super::{MOST_FIELDS, Mapping, is_optional};
use crate::compile::name_of;
use crate::decode::{EnumReader, FieldReader, MapReader, Part, Place, Source, Width};
use crate::known::logical_of;
use crate::names::{MAP_ENTRY_SUFFIX, map_field};
use crate::options::parameter;
use crate::scalar::{Scalar, scalar_of};

/// What a field becomes.
pub(super) struct Mapped {
    pub(super) schema: SchemaRef,
    pub(super) part: Part,
    /// The value that stands for none.
    pub(super) absent: Value,
    pub(super) is_repeated: bool,
}

/// The type of a field, without what the field itself adds.
struct Typed {
    schema: Schema,
    part: Part,
    absent: Value,
}

impl Mapped {
    /// Whether a field that is not there has a value all the same, unless it has presence: all but single messages.
    pub(super) fn is_valued(&self) -> bool {
        self.is_repeated || matches!(self.part, Part::Scalar(..) | Part::Enum(_) | Part::Map(_))
    }

    pub(super) fn reader(self, field: &FieldDescriptor, place: Place) -> FieldReader {
        FieldReader {
            number: field.number(),
            name: name_of(field).into(),
            place,
            is_repeated: self.is_repeated,
            is_required: field.is_required(),
            part: self.part,
        }
    }
}

/// The type of Connect that a scalar becomes.
pub(super) const fn type_of(scalar: Scalar) -> Type {
    match scalar {
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Type::Int32,
        Scalar::Float => Type::Float32,
        Scalar::Double => Type::Float64,
        Scalar::Bool => Type::Boolean,
        Scalar::String => Type::String,
        Scalar::Bytes => Type::Bytes,
        _ => Type::Int64,
    }
}

impl Mapping<'_> {
    pub(super) fn field(
        &mut self,
        field: &FieldDescriptor,
        is_member: bool,
    ) -> Result<Mapped, String> {
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            return Err(format!("A schema has more than {MOST_FIELDS} fields in all"));
        }
        let Typed { mut schema, mut part, mut absent } =
            self.typed(field).map_err(|error| format!("{}: {error}", field.full_name()))?;
        let is_map = matches!(part, Part::Map(_));
        let is_repeated = field.cardinality() == prost_reflect::Cardinality::Repeated && !is_map;
        if is_repeated {
            schema.optional = true;
            let items = SchemaRef::kept(schema);
            settle(&mut part, &items);
            schema = Schema::optional(Type::Array(items));
            absent = Value::Array(Vec::new());
        }
        if is_member {
            schema.optional = true;
            if self.options.wrapper_for_nullables && matches!(part, Part::Wrapper(_)) {
                schema.parameters.set(parameter::WRAPPER, "true");
            }
        } else if self.options.optional_for_nullables {
            schema.optional |= is_optional(field);
        } else if !self.options.wrapper_for_nullables {
            schema.optional = true;
        }
        schema.parameters.set(parameter::TAG, field.number().to_string());
        let schema = SchemaRef::kept(schema);
        if matches!(part, Part::Row(_)) && !is_repeated {
            settle(&mut part, &schema);
            absent = empty(&part);
        }
        Ok(Mapped { schema, part, absent, is_repeated })
    }

    fn typed(&mut self, field: &FieldDescriptor) -> Result<Typed, String> {
        let scalar = match field.kind() {
            Kind::Message(_) if field.is_group() => {
                return Err("Unknown Connect schema type: GROUP".to_owned());
            }
            Kind::Message(message) => return self.message(field, &message),
            Kind::Enum(values) => return Ok(self.enumeration(field, &values)),
            kind => scalar_of(&kind).ok_or_else(|| "Unknown Connect schema type".to_owned())?,
        };
        let width = width_of(field, scalar);
        let r#type = match width {
            Width::Int8 => Type::Int8,
            Width::Int16 => Type::Int16,
            Width::Own => type_of(scalar),
        };
        let mut schema = Schema::required(r#type);
        let says_itself = matches!(scalar, Scalar::Int32 | Scalar::Int64)
            || !matches!(schema.r#type, Type::Int32 | Type::Int64);
        if !says_itself {
            schema.parameters.set(parameter::TYPE, scalar.name());
        }
        let default = field.default_value();
        let absent = default_of(&default, width).unwrap_or_else(|| scalar.zero(width));
        Ok(Typed { schema, part: Part::Scalar(scalar, width), absent })
    }

    fn enumeration(&self, field: &FieldDescriptor, definition: &EnumDescriptor) -> Typed {
        let as_number = self.options.int_for_enums;
        let mut schema = Schema::optional(if as_number { Type::Int32 } else { Type::String });
        let name = if self.options.full_names { definition.full_name() } else { definition.name() };
        schema.name = Some(name.into());
        let parameter = if self.options.generalized_sum_types {
            parameter::GENERAL_ENUM
        } else {
            parameter::ENUM
        };
        schema.parameters.set(parameter, definition.name());
        let mut values: Vec<(i32, bytestring::ByteString)> = Vec::new();
        // In the order of the text, so that the first name of a number is the one that counts.
        for value in &definition.enum_descriptor_proto().value {
            schema
                .parameters
                .set(format!("{parameter}.{}", value.name()), value.number().to_string());
            values.push((value.number(), value.name().into()));
        }
        values.sort_by_key(|(number, _)| *number);
        values.dedup_by_key(|(number, _)| *number);
        let is_open = definition.parent_file().syntax() != prost_reflect::Syntax::Proto2;
        let reader = EnumReader { name: definition.name().to_owned(), values, is_open, as_number };
        let default = match field.default_value() {
            ProtoValue::EnumNumber(number) => number,
            _ => definition.default_value().number(),
        };
        let absent = reader.value(default).unwrap_or(Value::Null);
        Typed { schema, part: Part::Enum(Arc::new(reader)), absent }
    }

    fn message(
        &mut self,
        field: &FieldDescriptor,
        message: &MessageDescriptor,
    ) -> Result<Typed, String> {
        if let Some(logical) = logical_of(message.full_name()) {
            return Ok(logical_type(field, logical));
        }
        if let Some(scalar) = self.unwrapped(message) {
            let schema = Schema::optional(type_of(scalar));
            let absent = scalar.zero(Width::Own);
            return Ok(Typed { schema, part: Part::Wrapper(scalar), absent });
        }
        if is_map(field, message) {
            return self.map(message);
        }
        let row = self.row(message, None)?;
        let mut schema = (*row.schema).clone();
        schema.optional = true;
        Ok(Typed { schema, part: Part::Row(Arc::new(row)), absent: Value::Null })
    }

    fn map(&mut self, entry: &MessageDescriptor) -> Result<Typed, String> {
        let part = |name| {
            entry.get_field_by_name(name).ok_or_else(|| "a map has no key or value".to_owned())
        };
        let key = self.field(&part("key")?, false)?;
        let value = self.field(&part("value")?, false)?;
        let mut schema = Schema::optional(Type::Map(key.schema, value.schema));
        let name = if self.options.full_names { entry.full_name() } else { entry.name() };
        schema.name = Some(map_field(name).into());
        let absent = (key.absent, value.absent);
        let reader = MapReader { key: key.part, value: value.part, absent };
        let part = Part::Map(Arc::new(reader));
        Ok(Typed { schema, part, absent: Value::Map(Vec::new()) })
    }
}

/// Rows have the schema of the field that they stand in, with its number and whether it may be null.
fn settle(part: &mut Part, schema: &SchemaRef) {
    if let Part::Row(row) = part
        && let Some(row) = Arc::get_mut(row)
    {
        row.schema = schema.clone();
    }
}

/// A message that stands for the entries of a map, whether or not its file says so.
fn is_map(field: &FieldDescriptor, message: &MessageDescriptor) -> bool {
    let is_single = |number, name| {
        message.get_field(number).is_some_and(|it| {
            it.name() == name && it.cardinality() != prost_reflect::Cardinality::Repeated
        })
    };
    field.cardinality() == prost_reflect::Cardinality::Repeated
        && message.name().ends_with(MAP_ENTRY_SUFFIX)
        && message.fields().len() == 2
        && is_single(1, "key")
        && is_single(2, "value")
}

/// The value of a message without fields; null where such a message means nothing.
fn empty(part: &Part) -> Value {
    let whole = bytes::Bytes::new();
    part.read_message(&[], Source { whole: &whole, depth: 0 }).unwrap_or(Value::Null)
}

fn logical_type(field: &FieldDescriptor, logical: Logical) -> Typed {
    let noted = |key: &str| note(field, key).and_then(|it| it.parse::<i32>().ok());
    let mut schema = logical.schema(noted("scale").unwrap_or_default());
    schema.optional = true;
    if let Some(precision) = noted("precision").filter(|_| logical == Logical::Decimal) {
        schema.parameters.set(parameter::PRECISION, precision.to_string());
    }
    let part = Part::Logical(logical);
    let absent = empty(&part);
    Typed { schema, part, absent }
}

/// A parameter of the option that Confluent's tools leave on a field.
fn note(field: &FieldDescriptor, key: &str) -> Option<String> {
    let extension = field.parent_pool().get_extension_by_name("confluent.field_meta")?;
    let options = field.options();
    let meta = options.get_extension(&extension);
    let parameters = meta.as_message()?.get_field_by_name("params")?.into_owned();
    let key = prost_reflect::MapKey::String(key.to_owned());
    Some(parameters.as_map()?.get(&key)?.as_str()?.to_owned())
}

fn width_of(field: &FieldDescriptor, scalar: Scalar) -> Width {
    if !matches!(scalar, Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32) {
        return Width::Own;
    }
    match note(field, "connect.type").as_deref() {
        Some("int8") => Width::Int8,
        Some("int16") => Width::Int16,
        _ => Width::Own,
    }
}

/// The value that a file of proto2 says a field has where it is not there.
fn default_of(default: &ProtoValue, width: Width) -> Option<Value> {
    Some(match (default, width) {
        (ProtoValue::I32(it), Width::Int8) => Value::Int8((*it).try_into().ok()?),
        (ProtoValue::I32(it), Width::Int16) => Value::Int16((*it).try_into().ok()?),
        (ProtoValue::I32(it), Width::Own) => Value::Int32(*it),
        (ProtoValue::I64(it), _) => Value::Int64(*it),
        (ProtoValue::U32(it), _) => Value::Int64((*it).into()),
        (ProtoValue::U64(it), _) => Value::Int64(*it as i64),
        (ProtoValue::F32(it), _) => Value::Float32(*it),
        (ProtoValue::F64(it), _) => Value::Float64(*it),
        (ProtoValue::Bool(it), _) => Value::Boolean(*it),
        (ProtoValue::String(it), _) => Value::from(it.as_str()),
        (ProtoValue::Bytes(it), _) => Value::Bytes(it.clone()),
        _ => return None,
    })
}
