//! Fencing, which the worker can only refuse.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::*;
use crate::signature::{self, ALGORITHM, Signature};

#[test]
fn fencing_is_refused_after_what_java_refuses() {
    let mut worker = running();
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_sessioned = true;
    worker.step(Event::Joined(joined));
    let fence = |connector: &str, signature| Request::Fence {
        connector: connector.to_owned(),
        body: Vec::new(),
        signature,
    };
    let id = worker.ask(fence("a", None));
    let missing = "Internal request missing required signature";
    assert_eq!(worker.answer(id), Err(Error::BadRequest(missing.to_owned())));
    let key = signature::new_key(1);
    worker.store(vec![encode::session_key(&key)]);
    for (connector, expected) in [
        ("none", Error::NotFound("Connector none not found".to_owned())),
        ("a", Error::BadRequest("Connector a is not a source connector".to_owned())),
    ] {
        let bytes = BASE64.decode(signature::sign(&key, b"")).unwrap();
        let signature = Signature { algorithm: ALGORITHM.to_owned(), bytes };
        let id = worker.ask(fence(connector, Some(signature)));
        assert_eq!(worker.answer(id), Err(expected), "{connector}");
    }
}

#[test]
fn a_worker_on_its_own_takes_nothing_of_other_workers() {
    let mut worker = running();
    worker.state.settings.is_alone = true;
    let (connector, signature) = ("a".to_owned(), None);
    for (request, expected) in [
        (
            Request::Fence { connector: connector.clone(), body: Vec::new(), signature: None },
            "Kafka Connect in standalone mode does not support exactly-once source connectors.",
        ),
        (
            Request::PutTaskConfigs { connector, body: b"[]".to_vec(), signature },
            "Kafka Connect in standalone mode does not support externally setting task configurations.",
        ),
    ] {
        let id = worker.ask(request);
        assert_eq!(worker.answer(id), Err(Error::Internal(expected.to_owned())));
    }
}
