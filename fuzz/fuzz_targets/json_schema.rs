//! Any text for a JSON Schema with any bytes for a record of it: what was read can be looked at and written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_json_schema::fuzzing;

fuzz_target!(|input: &[u8]| {
    // The schema is the first line.
    let end = input.iter().position(|it| *it == b'\n').unwrap_or(input.len());
    let (schema, record) = input.split_at(end);
    if let Ok(schema) = std::str::from_utf8(schema) {
        fuzzing(schema, record.get(1..).unwrap_or_default());
    }
});
