//! Any bytes as a record of the JSON converter, under all of its options; what can be read can be written.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sluice_converters::JsonConverter;
use sluice_plugin::{ConverterFactory, ConverterRole, Properties};

fuzz_target!(|input: (bool, bool, bool, &[u8])| {
    let (schemas, replace, numeric, bytes) = input;
    let settings = Properties::from([
        ("schemas.enable".to_owned(), schemas.to_string()),
        ("replace.null.with.default".to_owned(), replace.to_string()),
        ("decimal.format".to_owned(), if numeric { "NUMERIC" } else { "BASE64" }.to_owned()),
    ]);
    let made = JsonConverter.create(&settings, ConverterRole::Value);
    let mut converter = made.expect("the options are right");
    let Ok(read) = converter.decode("t", Some(Bytes::copy_from_slice(bytes))) else { return };
    let _ = converter.encode("t", read.schema.as_ref(), &read.value);
});
