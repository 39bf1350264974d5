//! Parts of the schema that a derive cannot say, and the clean-up of what it does say.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

/// An object with fields of any name and type, kept as they are.
pub(crate) fn free_map(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// The same, or nothing.
pub(crate) fn free_map_or_null(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "nullable": true,
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

/// A list of such objects.
pub(crate) fn free_list(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "array",
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    })
}

/// Spells numbers without a fraction as integers. `0.0` in a file and `0` in the cluster is the same limit, and a
/// difference for ever to tools that compare text.
pub(crate) fn integers(schema: &mut Value) {
    match schema {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|it| number.is_f64() && it.fract() == 0.0) {
                *number = (float as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(integers),
        Value::Object(fields) => fields.values_mut().for_each(integers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Gives a fresh object a status that says "nobody has looked yet"; without it tools take it for finished.
pub(crate) fn status_default(crd: &mut Value) {
    let versions = crd["spec"]["versions"].as_array_mut().into_iter().flatten();
    for version in versions {
        version["schema"]["openAPIV3Schema"]["properties"]["status"]["default"] =
            json!({"observedGeneration": -1});
    }
}
