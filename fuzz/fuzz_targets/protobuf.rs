//! Any text for a file of Protobuf with any bytes for a message of it: what was read can be looked at and written.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sluice_protobuf::{Decoding, Encoding, MappingOptions, ProtoText};

fuzz_target!(|input: &[u8]| {
    // The text is the first line.
    let end = input.iter().position(|it| *it == b'\n').unwrap_or(input.len());
    let (text, message) = input.split_at(end);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let message = Bytes::copy_from_slice(message.get(1..).unwrap_or_default());
    let imports = [("other.proto".to_owned(), text.to_owned())];
    let usual = MappingOptions::default();
    let others = MappingOptions {
        full_names: true,
        scrub_names: true,
        optional_for_nullables: true,
        flatten_unions: true,
        struct_for_nulls: true,
        wrapper_for_raw_primitives: false,
        ..usual
    };
    for options in [usual, others] {
        let source = ProtoText { text, imports: &imports };
        let Ok(decoding) = Decoding::new(source, &[0], Some(1), &options) else { return };
        let encoding = Encoding::new(decoding.schema(), &options);
        if let (Ok(value), Ok(encoding)) = (decoding.read(&message), encoding) {
            drop(encoding.write(&value, &mut Vec::new()));
        }
    }
});
