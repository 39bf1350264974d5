//! Descriptors to Connect schemas, and how their messages are read (`ProtobufData.toConnectSchema`).

mod field;

use std::sync::Arc;

use prost_reflect::{FieldDescriptor, MessageDescriptor, OneofDescriptor};
use sluice_plugin::model::{Field, Schema, SchemaRef, Type, Value};

use crate::compile::name_of;
use crate::decode::{FieldReader, Part, Place, RowReader};
use crate::options::{MappingOptions, parameter};
use crate::scalar::Scalar;

/// How deep messages may lie in each other in a schema.
const DEEPEST: usize = 100;
/// How many fields a schema may have in all, each as often as it stands somewhere.
const MOST_FIELDS: usize = 100_000;

/// What a message becomes.
#[derive(Debug)]
pub(crate) struct Read {
    /// The schema of its values.
    pub(crate) schema: SchemaRef,
    /// How they are read.
    pub(crate) part: Part,
}

/// Maps a message; `version` is the one that the registry gave the schema.
///
/// # Errors
/// What of it Connect cannot say.
pub(crate) fn map(
    message: &MessageDescriptor,
    version: Option<i32>,
    options: &MappingOptions,
) -> Result<Read, String> {
    let mut mapping = Mapping { options, open: Vec::new(), fields: 0 };
    if let Some(scalar) = mapping.unwrapped(message) {
        let mut schema = Schema::required(field::type_of(scalar));
        schema.version = version;
        return Ok(Read { schema: SchemaRef::kept(schema), part: Part::Wrapper(scalar) });
    }
    let mut row = mapping.row(message, version)?;
    row.schema = SchemaRef::kept((*row.schema).clone());
    Ok(Read { schema: row.schema.clone(), part: Part::Row(Arc::new(row)) })
}

/// The mapping of one message.
struct Mapping<'a> {
    options: &'a MappingOptions,
    /// The messages that are being mapped, from the outermost on.
    open: Vec<String>,
    fields: usize,
}

/// A struct while its fields are added.
#[derive(Default)]
struct Building {
    fields: Vec<Field>,
    absent: Vec<Value>,
    readers: Vec<FieldReader>,
}

impl Mapping<'_> {
    fn row(
        &mut self,
        message: &MessageDescriptor,
        version: Option<i32>,
    ) -> Result<RowReader, String> {
        let name = message.full_name();
        if self.open.iter().any(|it| it == name) {
            return Err(format!(
                "The message {name} holds itself, which a schema of Kafka Connect cannot here"
            ));
        }
        if self.open.len() >= DEEPEST {
            return Err(format!("Messages lie in each other more than {DEEPEST} deep"));
        }
        self.open.push(name.to_owned());
        let mut building = Building::default();
        for (index, oneof) in message.oneofs().enumerate().filter(|(_, it)| !it.is_synthetic()) {
            if self.options.flatten_unions {
                self.flat_union(&mut building, &oneof)?;
            } else {
                self.union(&mut building, &oneof, index)?;
            }
        }
        // By number is how the library orders them; schemas keep the order of the text.
        for field in &message.descriptor_proto().field {
            let field = message.get_field_by_name(field.name());
            let field = field.ok_or_else(|| format!("A field of {name} is not defined"))?;
            if !is_member(&field) {
                self.plain(&mut building, &field)?;
            }
        }
        self.open.pop();
        building.readers.sort_by_key(|it| it.number);
        let mut schema = Schema::required(Type::Struct(building.fields));
        schema.name = Some(if self.options.full_names { name } else { message.name() }.into());
        schema.version = version;
        let schema = SchemaRef::new(schema);
        Ok(RowReader { schema, absent: building.absent, fields: building.readers })
    }

    fn plain(&mut self, building: &mut Building, field: &FieldDescriptor) -> Result<(), String> {
        let mapped = self.field(field, false)?;
        let is_always =
            self.options.struct_for_nulls || (mapped.is_valued() && !self.has_presence(field));
        let place = Place::Field(building.fields.len());
        building.absent.push(if is_always { mapped.absent.clone() } else { Value::Null });
        building.push(field, mapped, place);
        Ok(())
    }

    /// The members of a union as fields of a struct of their own.
    fn union(
        &mut self,
        building: &mut Building,
        oneof: &OneofDescriptor,
        index: usize,
    ) -> Result<(), String> {
        let mut inner = Building::default();
        let mut members = Vec::new();
        for field in oneof.fields() {
            let mapped = self.field(&field, true)?;
            let schema = mapped.schema.clone();
            inner.fields.push(Field { name: name_of(&field).into(), schema });
            members.push((field, mapped));
        }
        let name = if self.options.full_names { oneof.full_name() } else { oneof.name() };
        let mut schema = Schema::optional(Type::Struct(inner.fields));
        if self.options.generalized_sum_types {
            schema.name = Some(oneof.name().into());
            schema.parameters.set(parameter::GENERAL_UNION, oneof.name());
        } else {
            schema.name = Some(format!("{}.{name}", parameter::UNION).into());
        }
        let schema = SchemaRef::kept(schema);
        let union = building.fields.len();
        for (member, (field, mapped)) in members.into_iter().enumerate() {
            let place = Place::Member { union, schema: schema.clone(), member };
            building.readers.push(mapped.reader(&field, place));
        }
        let name = if self.options.index_for_unions {
            format!("{}_{index}", oneof.name())
        } else {
            oneof.name().to_owned()
        };
        building.fields.push(Field { name: name.into(), schema });
        building.absent.push(Value::Null);
        Ok(())
    }

    fn flat_union(
        &mut self,
        building: &mut Building,
        oneof: &OneofDescriptor,
    ) -> Result<(), String> {
        let first = building.fields.len();
        let union: Arc<[usize]> = (first..first + oneof.fields().len()).collect();
        for (index, field) in (first..).zip(oneof.fields()) {
            let mapped = self.field(&field, true)?;
            building.absent.push(Value::Null);
            building.push(&field, mapped, Place::Flat { index, union: Arc::clone(&union) });
        }
        Ok(())
    }

    /// The type that a message wraps, if it is to be read as one.
    fn unwrapped(&self, message: &MessageDescriptor) -> Option<Scalar> {
        let is_wished =
            self.options.wrapper_for_raw_primitives || self.options.wrapper_for_nullables;
        let is_wished =
            is_wished && (!self.open.is_empty() || self.options.wrapper_for_raw_primitives);
        Scalar::wrapped_by(message.full_name()).filter(|_| is_wished)
    }

    /// Whether a message tells if a field of a plain type has a value.
    fn has_presence(&self, field: &FieldDescriptor) -> bool {
        is_proto3_optional(field) || (self.options.optional_for_proto2 && is_optional(field))
    }
}

impl Building {
    fn push(&mut self, field: &FieldDescriptor, mapped: field::Mapped, place: Place) {
        let schema = mapped.schema.clone();
        self.fields.push(Field { name: name_of(field).into(), schema });
        self.readers.push(mapped.reader(field, place));
    }
}

/// Whether a field is a member of a union that the file itself has.
fn is_member(field: &FieldDescriptor) -> bool {
    field.containing_oneof().is_some_and(|it| !it.is_synthetic())
}

fn is_proto3_optional(field: &FieldDescriptor) -> bool {
    field.field_descriptor_proto().proto3_optional()
}

/// Whether a field has the word `optional`.
fn is_optional(field: &FieldDescriptor) -> bool {
    let is_proto2 = field.parent_file().syntax() == prost_reflect::Syntax::Proto2;
    let is_single = !field.is_list() && !field.is_required() && !field.is_map();
    is_proto3_optional(field) || (is_proto2 && is_single && !is_member(field))
}
