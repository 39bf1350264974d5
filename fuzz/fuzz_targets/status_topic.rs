//! Any bytes as records of the status topic, one a line, key and value with a tab between them; without one, the key is
//! deleted. What was read can be written, and is the same when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_herder::store::{status::Statuses, topics::ActiveTopics};

fuzz_target!(|bytes: &[u8]| {
    let (mut statuses, mut topics) = (Statuses::default(), ActiveTopics::default());
    for record in bytes.split(|it| *it == b'\n') {
        let mut parts = record.splitn(2, |it| *it == b'\t');
        let key = parts.next().unwrap_or_default();
        let value = parts.next();
        statuses.apply(key, value);
        topics.apply(key, value);
    }
    for connector in topics.connectors() {
        assert!(topics.of(connector).next().is_some());
    }
    let mut again = Statuses::default();
    for subject in statuses.subjects() {
        let status = statuses.of(subject).expect("it is listed");
        again.apply(subject.key().as_bytes(), Some(status.encode().as_bytes()));
        assert_eq!(again.of(subject), Some(status));
    }
});
