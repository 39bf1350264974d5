//! Rows: nulls, defaults, and what Java's `Struct.put` refuses.
//!
//! A value that stays in its field was taken by that field before; only its being null is looked at again.

use sluice_plugin::{
    Result,
    model::{Field, Schema, Value},
};

use super::require;

/// What a field holds, its default in place of null if `defaults` says so.
pub(crate) fn read<'a>(value: &'a Value, schema: &'a Schema, defaults: bool) -> &'a Value {
    match &schema.default {
        Some(default) if defaults && value.is_null() => default,
        _ => value,
    }
}

/// Refuses null for a required field.
pub(crate) fn check_null(name: &str, schema: &Schema, value: &Value) -> Result<()> {
    if value.is_null() && !schema.optional {
        return schema.validate(Some(name), value).map_err(|it| require::invalid(&it));
    }
    Ok(())
}

/// Checks that a field of another schema takes the value.
pub(crate) fn check(name: &str, schema: &Schema, value: &Value) -> Result<()> {
    schema.validate(Some(name), value).map_err(|it| require::invalid(&it))
}

/// Checks all fields of a row that keeps its values.
pub(crate) fn check_all(fields: &[Field], values: &[Value], defaults: bool) -> Result<()> {
    for (field, value) in fields.iter().zip(values) {
        check_null(&field.name, &field.schema, read(value, &field.schema, defaults))?;
    }
    Ok(())
}

/// Puts defaults in place of nulls, if `defaults` says so.
pub(crate) fn fill(fields: &[Field], values: &mut [Value], defaults: bool) {
    if !defaults {
        return;
    }
    for (field, value) in fields.iter().zip(values) {
        if let Some(default) = &field.schema.default
            && value.is_null()
        {
            *value = default.clone();
        }
    }
}
