//! Any text as a Java date pattern: it reads any other text, and writes any moment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_plugin::model::{ConnectRecord, Logical, SchemaAndValue, Value};
use sluice_plugin::{Properties, TransformPlugin};
use sluice_transforms::{OnValue, TimestampConverter};

fuzz_target!(|input: (&str, &str, i64)| {
    let (format, text, moment) = input;
    let timestamp = SchemaAndValue::new(Logical::Timestamp.schema(0), Value::Date(moment));
    for (target, value) in [("Timestamp", SchemaAndValue::schemaless(text)), ("string", timestamp)]
    {
        let settings = Properties::from([
            ("target.type".to_owned(), target.to_owned()),
            ("format".to_owned(), format.to_owned()),
        ]);
        let made = (TransformPlugin::of::<OnValue<TimestampConverter>>().create)(&settings);
        let Ok(mut transform) = made else { return };
        let _ = transform.apply(&mut ConnectRecord::new("t", SchemaAndValue::NULL, value));
    }
});
