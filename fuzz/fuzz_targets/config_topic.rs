//! Any bytes as records of the config topic, one a line, key and value with a tab between them; without one, the key is
//! deleted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_herder::store::config::ClusterConfig;

fuzz_target!(|bytes: &[u8]| {
    let mut cluster = ClusterConfig::default();
    for (offset, record) in bytes.split(|it| *it == b'\n').enumerate() {
        let mut parts = record.splitn(2, |it| *it == b'\t');
        let key = parts.next().unwrap_or_default();
        cluster.apply(offset as i64, key, parts.next());
    }
    for id in cluster.all_tasks() {
        assert!(cluster.task(&id).is_some(), "{id:?}");
    }
    for name in cluster.connectors() {
        let entry = cluster.connector(name).expect("it is listed");
        let tasks: Vec<_> = entry.tasks().into_iter().map(|(_, it)| it.clone()).collect();
        assert!(!entry.is_inconsistent() || tasks.is_empty());
        entry.has_applied(&tasks);
    }
});
