//! Any bytes as a worker file, in Java's `.properties` format and as JSON, with its config providers and settings.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sluice_worker::fuzzing::read_worker_file(bytes));
