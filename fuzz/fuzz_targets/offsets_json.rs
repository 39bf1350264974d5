//! Any bytes as a record of the offsets topic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| sluice_engine::fuzzing::read_offset(input.0, input.1));
