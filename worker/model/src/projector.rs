//! Values of one schema as values of another (`org.apache.kafka.connect.data.SchemaProjector`).

mod error;
mod number;

pub use error::ProjectError;

use number::widen;

use crate::{Field, Schema, SchemaRef, Struct, Type, Value, values::identity::rekeyed};

/// The value, which `source` describes, as `target` describes it: numbers widen, fields come by name, defaults stand in
/// for what is missing.
pub fn project(source: &Schema, value: &Value, target: &SchemaRef) -> Result<Value, ProjectError> {
    check(source, target)?;
    if !value.is_null() {
        if source.optional && !target.optional && target.default.is_none() {
            return Err(ProjectError::NoDefault);
        }
        return project_some(source, value, target);
    }
    if !source.optional || target.optional {
        return Ok(Value::Null);
    }
    target.default.clone().ok_or(ProjectError::NoDefault)
}

fn check(source: &Schema, target: &Schema) -> Result<(), ProjectError> {
    if source.known().is_none() || target.known().is_none() {
        return Err(ProjectError::Untyped);
    }
    if source.type_name() != target.type_name() && !widens(source, target) {
        let (source_type, target) = (source.type_name(), target.type_name());
        return Err(ProjectError::Type { source_type, target });
    }
    if source.name != target.name {
        let name = |it: &Schema| it.name.as_deref().unwrap_or("null").to_owned();
        return Err(ProjectError::Name { source_name: name(source), target: name(target) });
    }
    if source.parameters != target.parameters {
        let (source_parameters, target) = (parameters(source), parameters(target));
        return Err(ProjectError::Parameters { source_parameters, target });
    }
    Ok(())
}

/// The text of a map, or of none.
fn parameters(schema: &Schema) -> String {
    if schema.parameters.is_empty() {
        return "null".to_owned();
    }
    let entries: Vec<String> =
        schema.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", entries.join(", "))
}

fn widens(source: &Schema, target: &Schema) -> bool {
    let widths = (source.r#type.width(), target.r#type.width());
    matches!(widths, (Some(source), Some(target)) if source <= target)
}

fn project_some(source: &Schema, value: &Value, target: &SchemaRef) -> Result<Value, ProjectError> {
    let wrong = || ProjectError::Class { class: value.java_class(), expected: target.type_name() };
    match (&source.r#type, &target.r#type) {
        (Type::Struct(_), Type::Struct(_)) => match value {
            Value::Struct(row) => project_row(source, row, target),
            _ => Err(wrong()),
        },
        (Type::Array(from), Type::Array(to)) => match value {
            Value::Array(items) => {
                let items = items.iter().map(|it| project(from, it, to));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            _ => Err(wrong()),
        },
        (Type::Map(from_keys, from_values), Type::Map(to_keys, to_values)) => match value {
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = project(from_keys, key, to_keys)?;
                    Ok((key, project(from_values, value, to_values)?))
                });
                let entries = entries.collect::<Result<Vec<_>, ProjectError>>()?;
                Ok(Value::Map(rekeyed(entries)))
            }
            _ => Err(wrong()),
        },
        _ => Ok(widen(value, &target.r#type)),
    }
}

fn project_row(source: &Schema, row: &Struct, target: &SchemaRef) -> Result<Value, ProjectError> {
    let mut values = Vec::with_capacity(target.fields().len());
    for field in target.fields() {
        let from = source.field_index(&field.name).map(|index| &source.fields()[index]);
        let value = match (from, &field.schema.default) {
            (Some(from), _) => project_field(from, row, &field.schema)?,
            (None, _) if field.schema.optional => {
                values.push(Value::Null);
                continue;
            }
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(ProjectError::MissingField {
                    field: field.name.to_string(),
                    source_schema: source.to_string(),
                });
            }
        };
        field.schema.validate(Some(&field.name), &value)?;
        values.push(value);
    }
    Ok(Value::Struct(Struct::new(target.clone(), values)))
}

fn project_field(from: &Field, row: &Struct, target: &SchemaRef) -> Result<Value, ProjectError> {
    project(&from.schema, field_of(row, &from.name)?, target).map_err(|error| {
        if !error.is_of_projector() {
            return error;
        }
        ProjectError::Field { field: from.name.to_string(), source: error.into() }
    })
}

/// A field of a row, or its default (`Struct.get`).
fn field_of<'a>(row: &'a Struct, name: &str) -> Result<&'a Value, ProjectError> {
    let schema = row.schema();
    let index =
        schema.field_index(name).ok_or_else(|| ProjectError::UnknownField(name.to_owned()))?;
    let value = &row.values()[index];
    let default = schema.fields()[index].schema.default.as_ref().filter(|_| value.is_null());
    Ok(default.unwrap_or(value))
}

#[cfg(test)]
mod tests;
