//! Schemas made from others, as `SchemaBuilder` and `SchemaUtil.copySchemaBasics` make them.

use sluice_plugin::{
    Error, Result,
    model::{Field, Schema, Type, Value},
};

/// The class of errors about schemas that cannot be built.
pub(crate) const BUILDER_EXCEPTION: &str = "org.apache.kafka.connect.errors.SchemaBuilderException";

/// A required schema without default that has the name, version, text and parameters of another.
pub(crate) fn like(source: &Schema, r#type: Type) -> Schema {
    Schema {
        r#type,
        optional: false,
        name: source.name.clone(),
        version: source.version,
        doc: source.doc.clone(),
        default: None,
        parameters: source.parameters.clone(),
    }
}

/// Adds a field to those of a struct; its name must be new.
pub(crate) fn add(fields: &mut Vec<Field>, field: Field) -> Result<()> {
    if field.name.is_empty() {
        return Err(builder("fieldName cannot be null."));
    }
    if fields.iter().any(|it| it.name == field.name) {
        return Err(builder(format!(
            "Cannot create field because of field name duplication {}",
            field.name
        )));
    }
    fields.push(field);
    Ok(())
}

/// The fields of a struct schema.
pub(crate) fn fields(schema: &Schema) -> Result<&[Field]> {
    match &schema.r#type {
        Type::Struct(fields) => Ok(fields),
        _ => Err(Error::bad_record("Cannot list fields on non-struct type")),
    }
}

/// Gives a schema its default, which must fit it.
pub(crate) fn set_default(schema: &mut Schema, default: Value) -> Result<()> {
    schema.validate(None, &default).map_err(|cause| {
        builder("Invalid default value").because(super::require::invalid(&cause))
    })?;
    schema.default = Some(default);
    Ok(())
}

fn builder(message: impl Into<String>) -> Error {
    Error::bad_record(message).named(BUILDER_EXCEPTION)
}
