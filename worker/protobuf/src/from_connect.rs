//! Connect schemas to Protobuf definitions, and how their values are written (`ProtobufData.fromConnectSchema`).

mod field;

use std::sync::Arc;

use sluice_plugin::model::{Logical, Schema, SchemaRef, Type};

use crate::definition::{EnumDefinition, FileDefinition, MessageDefinition};
use crate::encode::{Part, RowWriter};
use crate::names::Names;
use crate::options::{MappingOptions, parameter};
use crate::scalar::Scalar;

/// What a Connect schema becomes.
#[derive(Debug)]
pub(crate) struct Mapped {
    /// The text to register; none is the well-known file of the wrappers.
    pub(crate) definition: Option<FileDefinition>,
    /// The full name of the message.
    pub(crate) name: String,
    /// Which of the file's messages it is.
    pub(crate) index: usize,
    /// How values are written.
    pub(crate) root: Part,
}

/// Maps a schema.
///
/// # Errors
/// What of it Protobuf cannot say, with the name of the field.
pub(crate) fn map(schema: &SchemaRef, options: &MappingOptions) -> Result<Mapped, String> {
    if let Some(logical) = Logical::of(schema) {
        return Err(format!(
            "{} cannot be the whole of a Protobuf message: it has to be the field of a struct",
            logical.name()
        ));
    }
    if let Some(scalar) = Scalar::of(schema)? {
        let scalar = Scalar::wrapped_by(scalar.wrapper()).unwrap_or(scalar);
        let (name, index) = (scalar.wrapper().to_owned(), scalar.place());
        return Ok(Mapped { definition: None, name, index, root: Part::Wrapper(scalar) });
    }
    if !matches!(schema.r#type, Type::Struct(_)) {
        return Err(format!("Unsupported root schema of type {}", schema.type_name()));
    }
    let mut mapping =
        Mapping { options, names: Names::new(options.scrub_names), imports: Vec::new() };
    let (package, name) = mapping.names.split(schema.name.as_deref());
    let (message, writer) = mapping.message(name.clone(), schema)?;
    let definition = FileDefinition { package, imports: mapping.imports, message };
    definition.check()?;
    let full =
        definition.package.as_ref().map_or_else(|| name.clone(), |it| format!("{it}.{name}"));
    let root = Part::Row(writer);
    Ok(Mapped { definition: Some(definition), name: full, index: 0, root })
}

/// The mapping of one schema.
struct Mapping<'a> {
    options: &'a MappingOptions,
    names: Names,
    imports: Vec<&'static str>,
}

/// A message while its fields are added.
struct Building {
    message: MessageDefinition,
    /// The schemas of the messages inside, by name.
    inner: Vec<(String, SchemaRef, Arc<RowWriter>)>,
    writer: RowWriter,
}

impl Mapping<'_> {
    fn message(
        &mut self,
        name: String,
        schema: &SchemaRef,
    ) -> Result<(MessageDefinition, Arc<RowWriter>), String> {
        let mut building = Building {
            message: MessageDefinition { name, ..MessageDefinition::default() },
            inner: Vec::new(),
            writer: RowWriter {
                schema: schema.clone(),
                fields: Vec::new(),
                unions: Vec::new(),
                ignore_default: self.options.ignore_default,
            },
        };
        let mut next = 1;
        for (index, field) in schema.fields().iter().enumerate() {
            let number = tag(&field.schema)?.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            let result = if is_union(&field.schema) {
                self.union(&mut building, index, &field.schema)
            } else {
                self.add_field(&mut building, index, field, number)
            };
            result.map_err(|error| within(&field.name, &error))?;
        }
        building.writer.fields.sort_by_key(|it| it.number);
        Ok((building.message, Arc::new(building.writer)))
    }

    /// The members of a union become fields of the message itself.
    fn union(
        &mut self,
        building: &mut Building,
        index: usize,
        schema: &SchemaRef,
    ) -> Result<(), String> {
        let name = if let Some(name) = schema.parameters.get(parameter::GENERAL_UNION) {
            name.to_string()
        } else {
            let full = schema.name.as_deref().unwrap_or_default();
            let name = full.strip_prefix(parameter::UNION).unwrap_or(full);
            self.names.unqualified(name.strip_prefix('.'))
        };
        building.writer.unions.push(index);
        building.message.oneofs.push((name, Vec::new()));
        for (member, field) in schema.fields().iter().enumerate() {
            self.add_member(building, (index, member), field)
                .map_err(|error| within(&field.name, &error))?;
        }
        Ok(())
    }

    fn import(&mut self, file: &'static str) {
        if !self.imports.contains(&file) {
            self.imports.push(file);
        }
    }
}

/// The name of a field before what is wrong with it.
fn within(name: &str, error: &str) -> String {
    match error.strip_prefix("Field ") {
        Some(rest) => format!("Field {name}.{rest}"),
        None => format!("Field {name}: {error}"),
    }
}

/// The number that a schema says that its field has.
fn tag(schema: &Schema) -> Result<Option<u32>, String> {
    let Some(text) = schema.parameters.get(parameter::TAG) else { return Ok(None) };
    let number = text.parse();
    number
        .map(Some)
        .map_err(|_| format!("The parameter {} is no number: \"{text}\"", parameter::TAG))
}

fn is_union(schema: &Schema) -> bool {
    let is_named = |name: &str| name.starts_with(parameter::UNION);
    matches!(schema.r#type, Type::Struct(_))
        && (schema.name.as_deref().is_some_and(is_named)
            || schema.parameters.get(parameter::GENERAL_UNION).is_some())
}

/// The parameter of a schema that names its enum, if it has one.
fn enum_parameter(schema: &Schema) -> Option<&'static str> {
    let has = |name: &&str| schema.parameters.get(name).is_some();
    [parameter::GENERAL_ENUM, parameter::ENUM].into_iter().find(has)
}

/// The values of an enum by the parameters that begin with its name.
fn enum_values(schema: &Schema, parameter: &str) -> Result<Vec<(String, i32)>, String> {
    let values = schema.parameters.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix(parameter)?.strip_prefix('.')?, value))
    });
    let number = |(name, text): (&str, &Arc<str>)| {
        let number = text.parse();
        number
            .map(|number| (name.to_owned(), number))
            .map_err(|_| format!("The number of the enum value \"{name}\" is none: \"{text}\""))
    };
    values.map(number).collect()
}

impl Building {
    /// Adds an enum unless it is there.
    fn add_enum(&mut self, definition: EnumDefinition) -> Result<(), String> {
        match self.message.enums.iter().find(|it| it.name == definition.name) {
            Some(known) if *known == definition => Ok(()),
            Some(_) => {
                Err(format!("Two enums of one struct are named \"{}\" and differ", definition.name))
            }
            None => {
                self.message.enums.push(definition);
                Ok(())
            }
        }
    }
}
