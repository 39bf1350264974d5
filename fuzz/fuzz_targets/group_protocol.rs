//! Any bytes as what members of a group send each other; what can be read can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_group::protocol::{Assignment, ConnectProtocol, Metadata};

fuzz_target!(|bytes: &[u8]| {
    for protocol in [ConnectProtocol::Eager, ConnectProtocol::Sessioned] {
        if let Ok(metadata) = Metadata::decode(bytes) {
            let _ = metadata.encode(protocol);
        }
        if let Ok(assignment) = Assignment::decode(bytes) {
            let _ = assignment.encode(protocol);
        }
    }
});
