//! Any bytes as a header value: every one is readable, and what was read can be written.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sluice_converters::SimpleHeaderConverter;
use sluice_plugin::{ConverterFactory, ConverterRole, Properties};

fuzz_target!(|bytes: &[u8]| {
    let made = SimpleHeaderConverter.create(&Properties::new(), ConverterRole::Header);
    let mut converter = made.expect("it has no settings");
    let read =
        converter.decode("t", Some(Bytes::copy_from_slice(bytes))).expect("no header is refused");
    converter.encode("t", read.schema.as_ref(), &read.value).expect("what was read can be written");
});
