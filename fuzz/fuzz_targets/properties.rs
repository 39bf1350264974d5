//! Any bytes as a worker file in Java's `.properties` format, and as the settings of its clients.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_config::parse_properties;
use sluice_kafka::ClientSettings;

fuzz_target!(|bytes: &[u8]| {
    let Ok(properties) = parse_properties(bytes) else { return };
    let _ = ClientSettings::parse(&properties);
});
