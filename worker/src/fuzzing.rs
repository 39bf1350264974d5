//! A way in for `fuzz/`: how a worker file is read is private otherwise.

use std::{collections::BTreeMap, path::Path};

use sluice_providers::{Configured, Hidden};

use crate::{distributed, parts, worker_file};

/// Reads a worker file of both formats as far as a worker does before it reaches for the network.
pub fn read_worker_file(bytes: &[u8]) {
    for name in ["worker.properties", "worker.json"] {
        let Ok(properties) = worker_file::parse(Path::new(name), bytes) else { continue };
        let (environment, hidden) = (BTreeMap::new(), Hidden::default());
        let configured = Configured { worker: &properties, environment: &environment, hidden };
        let _ = configured.providers();
        let _ = parts::read_settings(&properties);
        let _ = distributed::read_settings(&properties);
    }
}
