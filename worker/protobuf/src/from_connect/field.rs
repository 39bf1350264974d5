//! One field of a Connect struct as a field of a message.

use std::sync::Arc;

use sluice_plugin::model::{Field, Logical, Schema, SchemaRef, Type};

use super::{Building, Mapping, enum_parameter, enum_values, is_union, tag};
use crate::definition::{EnumDefinition, FieldDefinition, Label, MessageDefinition};
use crate::encode::{FieldWriter, Part, Presence, RowWriter};
use crate::known::message_of;
use crate::names::map_entry;
use crate::options::parameter;
use crate::scalar::{Scalar, WRAPPERS};

/// A field's type.
struct Typed {
    name: String,
    part: Part,
    /// Parameters of the option that tells what the type does not.
    notes: Vec<(&'static str, String)>,
}

impl Mapping<'_> {
    pub(super) fn add_field(
        &mut self,
        building: &mut Building,
        index: usize,
        field: &Field,
        number: u32,
    ) -> Result<(), String> {
        let place = (index, None);
        let (definition, writer) = self.field(building, field, place, number, false)?;
        building.message.fields.push(definition);
        building.writer.fields.push(writer);
        Ok(())
    }

    pub(super) fn add_member(
        &mut self,
        building: &mut Building,
        (index, member): (usize, usize),
        field: &Field,
    ) -> Result<(), String> {
        let number = tag(&field.schema)?.ok_or_else(|| {
            format!("a member of a union needs its number in the parameter {}", parameter::TAG)
        })?;
        if matches!(field.schema.r#type, Type::Array(_) | Type::Map(..)) {
            return Err("a member of a union can be no array and no map".to_owned());
        }
        let place = (index, Some(member));
        let (mut definition, mut writer) = self.field(building, field, place, number, true)?;
        definition.label = Label::None;
        writer.presence = Presence::Explicit;
        if let Some((_, members)) = building.message.oneofs.last_mut() {
            members.push(definition);
        }
        building.writer.fields.push(writer);
        Ok(())
    }

    fn field(
        &mut self,
        building: &mut Building,
        field: &Field,
        place: (usize, Option<usize>),
        number: u32,
        is_member: bool,
    ) -> Result<(FieldDefinition, FieldWriter), String> {
        let name = self.names.scrubbed(&field.name).into_owned();
        let schema = &field.schema;
        let (label, presence, of) = match &schema.r#type {
            Type::Array(items) => (Label::Repeated, Presence::Repeated, items),
            Type::Map(..) => (Label::Repeated, Presence::Repeated, schema),
            _ if self.options.optional_for_nullables && schema.optional => {
                (Label::Optional, Presence::Explicit, schema)
            }
            _ => (Label::None, Presence::Implicit, schema),
        };
        let Typed { name: r#type, part, notes } = self.typed(building, of, &name, is_member)?;
        if matches!((&schema.r#type, &part), (Type::Array(_), Part::Map(_))) {
            return Err("an array of maps cannot be a field in Protobuf".to_owned());
        }
        let is_message = matches!(part, Part::Row(_) | Part::Logical(_) | Part::Wrapper(_));
        let presence = match presence {
            Presence::Implicit if is_message => Presence::Explicit,
            presence => presence,
        };
        let writer = FieldWriter { name: Arc::clone(&field.name), place, number, presence, part };
        Ok((FieldDefinition { label, r#type, name, number, parameters: notes }, writer))
    }

    fn typed(
        &mut self,
        building: &mut Building,
        schema: &SchemaRef,
        field: &str,
        is_member: bool,
    ) -> Result<Typed, String> {
        let plain = |name: &str, part| Typed { name: name.to_owned(), part, notes: Vec::new() };
        if let Some(logical) = Logical::of(schema) {
            let (name, file) = message_of(logical);
            self.import(file);
            return Ok(Typed {
                notes: notes(schema, logical)?,
                ..plain(name, Part::Logical(logical))
            });
        }
        if let Some(parameter) = enum_parameter(schema) {
            return self.enumeration(building, schema, parameter);
        }
        if let Some(scalar) = Scalar::of(schema)? {
            let is_wrapped = self.options.wrapper_for_nullables
                && schema.optional
                && (!is_member || is_marked_wrapper(schema));
            let mut typed = if is_wrapped {
                self.import(WRAPPERS);
                let wrapped = Scalar::wrapped_by(scalar.wrapper()).unwrap_or(scalar);
                plain(scalar.wrapper(), Part::Wrapper(wrapped))
            } else {
                plain(scalar.name(), Part::Scalar(scalar))
            };
            typed.notes = narrow(schema);
            return Ok(typed);
        }
        match &schema.r#type {
            Type::Map(keys, values) => self.map(building, schema, keys, values),
            Type::Struct(_) if is_union(schema) => {
                Err("a union can only be a field of a struct itself".to_owned())
            }
            Type::Struct(_) => self.row(building, schema, field),
            _ => Err("Array cannot be nested".to_owned()),
        }
    }

    fn enumeration(
        &mut self,
        building: &mut Building,
        schema: &SchemaRef,
        parameter: &str,
    ) -> Result<Typed, String> {
        let values = enum_values(schema, parameter)?;
        let part = match schema.r#type {
            Type::String => Part::Enum(
                values.iter().map(|(name, number)| (name.as_str().into(), *number)).collect(),
            ),
            Type::Int32 => Part::EnumNumber,
            _ => return Err(format!("an enum is STRING or INT32 and not {}", schema.type_name())),
        };
        let name = schema.parameters.get(parameter).map(ToString::to_string).unwrap_or_default();
        let named = self.names.unqualified(schema.name.as_deref());
        if named != name {
            return Err(format!("the enum \"{name}\" is named \"{named}\" by its schema"));
        }
        building.add_enum(EnumDefinition { name: name.clone(), values })?;
        Ok(Typed { name, part, notes: Vec::new() })
    }

    fn map(
        &mut self,
        building: &mut Building,
        schema: &Schema,
        keys: &SchemaRef,
        values: &SchemaRef,
    ) -> Result<Typed, String> {
        let name = map_entry(&self.names.unqualified(schema.name.as_deref()));
        let mut entry = Building {
            message: MessageDefinition { name: name.clone(), ..MessageDefinition::default() },
            inner: Vec::new(),
            writer: RowWriter {
                schema: keys.clone(),
                fields: Vec::new(),
                unions: Vec::new(),
                ignore_default: false,
            },
        };
        let mut writers = Vec::with_capacity(2);
        for (number, part, schema) in [(1, "key", keys), (2, "value", values)] {
            let field = Field { name: part.into(), schema: schema.clone() };
            let (mut definition, mut writer) =
                self.field(&mut entry, &field, (0, None), number, false)?;
            if definition.label == Label::Optional {
                // Entries are read as if their parts were never left out.
                definition.label = Label::None;
                let is_scalar =
                    matches!(writer.part, Part::Scalar(_) | Part::Enum(_) | Part::EnumNumber);
                writer.presence = if is_scalar { Presence::Implicit } else { Presence::Explicit };
            }
            entry.message.fields.push(definition);
            writers.push(writer);
        }
        building.message.messages.push(entry.message);
        let (Some(value), Some(key)) = (writers.pop(), writers.pop()) else {
            return Err("a map has keys and values".to_owned());
        };
        Ok(Typed { name, part: Part::Map(Box::new((key, value))), notes: Vec::new() })
    }

    fn row(
        &mut self,
        building: &mut Building,
        schema: &SchemaRef,
        field: &str,
    ) -> Result<Typed, String> {
        let mut name = self.names.unqualified(schema.name.as_deref());
        if name == field {
            // A message and a field of one message share their names.
            name.push_str("Message");
        }
        if name == building.message.name {
            return Err(format!(
                "a struct named \"{name}\" inside of one with the same name means that one in Protobuf: rename one of them"
            ));
        }
        if let Some((_, known, writer)) = building.inner.iter().find(|(known, ..)| *known == name) {
            if known.r#type != schema.r#type {
                return Err(format!(
                    "two structs in one are named \"{name}\" and differ: rename one of them"
                ));
            }
            let part = Part::Row(same_rows(writer, schema));
            return Ok(Typed { name, part, notes: Vec::new() });
        }
        let (message, writer) = self.message(name.clone(), schema)?;
        building.message.messages.push(message);
        building.inner.push((name.clone(), schema.clone(), Arc::clone(&writer)));
        Ok(Typed { name, part: Part::Row(writer), notes: Vec::new() })
    }
}

/// The writer for rows whose schema has the same fields and other attributes.
fn same_rows(writer: &Arc<RowWriter>, schema: &SchemaRef) -> Arc<RowWriter> {
    if writer.schema == *schema {
        return Arc::clone(writer);
    }
    Arc::new(RowWriter { schema: schema.clone(), ..(**writer).clone() })
}

fn is_marked_wrapper(schema: &Schema) -> bool {
    schema.parameters.get(parameter::WRAPPER).is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

/// What tells integers of 8 and 16 bits from the type that they are written as.
fn narrow(schema: &Schema) -> Vec<(&'static str, String)> {
    let name = match schema.r#type {
        Type::Int8 => "int8",
        Type::Int16 => "int16",
        _ => return Vec::new(),
    };
    vec![("connect.type", name.to_owned())]
}

/// Precision and scale of a decimal.
fn notes(schema: &Schema, logical: Logical) -> Result<Vec<(&'static str, String)>, String> {
    let mut notes = Vec::new();
    if logical != Logical::Decimal {
        return Ok(notes);
    }
    for (name, known) in [("precision", parameter::PRECISION), ("scale", parameter::SCALE)] {
        if let Some(text) = schema.parameters.get(known) {
            let number: i32 = text
                .parse()
                .map_err(|_| format!("the parameter {known} of a decimal is no number"))?;
            notes.push((name, number.to_string()));
        }
    }
    Ok(notes)
}
