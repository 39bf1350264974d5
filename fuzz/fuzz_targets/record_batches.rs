//! Any bytes as the record batches of a broker's answer. Checksums are not compared, or nothing would come behind them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sluice_kafka::fuzzing::read_batches(bytes));
