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

/// What a field holds, or its default, if the field of the output takes it: null only if that is optional. A default
/// is looked at as a whole, because nobody has until now.
pub(crate) fn checked<'a>(
    output: &Field,
    schema: &'a Schema,
    value: &'a Value,
    defaults: bool,
) -> Result<&'a Value> {
    if !value.is_null() {
        return Ok(value);
    }
    let value = read(value, schema, defaults);
    if !(value.is_null() && output.schema.optional) {
        check(&output.name, &output.schema, value)?;
    }
    Ok(value)
}

/// Checks that a field of another schema takes the value.
pub(crate) fn check(name: &str, schema: &Schema, value: &Value) -> Result<()> {
    schema.validate(Some(name), value).map_err(|it| require::invalid(&it))
}

/// Checks all fields of a row that keeps its values.
pub(crate) fn check_all(fields: &[Field], values: &[Value], defaults: bool) -> Result<()> {
    for (field, value) in fields.iter().zip(values) {
        checked(field, &field.schema, value, defaults)?;
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

/// Takes a value away, leaving null.
pub(crate) const fn take(value: &mut Value) -> Value {
    std::mem::replace(value, Value::Null)
}
