//! Any text as a value, then that as every other type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_plugin::model::values::{self, ValuesError};
use sluice_plugin::model::{Value, project};

fuzz_target!(|text: &str| {
    let Ok(parsed) = values::parse_string(&text.into()) else { return };
    let Some(schema) = &parsed.schema else { return };
    let _ = values::convert_to_string(&parsed.value);
    let _ = values::infer_schema(&parsed.value);
    let _ = project(schema, &parsed.value, schema);
    for value in [parsed.value.clone(), Value::from(text)] {
        let _ = all(&value);
    }
});

fn all(value: &Value) -> Result<(), ValuesError> {
    let _ = values::convert_to_boolean(None, value);
    let _ = values::convert_to_long(None, value);
    let _ = values::convert_to_double(None, value);
    let _ = values::convert_to_date(None, value);
    let _ = values::convert_to_time(None, value);
    let _ = values::convert_to_timestamp(None, value);
    let _ = values::convert_to_decimal(value, 2);
    let _ = values::convert_to_map(value.clone());
    values::convert_to_list(value.clone()).map(drop)
}
