//! Which topics hold a connector's positions: its own over the worker's, or the worker's alone
//! (`Worker.offsetStoreForExactlyOnceSourceTask` and its neighbours).

use std::{collections::BTreeSet, sync::Arc};

use sluice_kafka::{
    admin::{Isolation, NewTopic},
    log::LogConfig,
};

use super::{KafkaOffsets, OffsetStore, layered::LayeredOffsets};
use crate::{clients::ClientSpec, settings::Distributed, trace::Failure};

/// Where the positions of one connector are.
#[derive(Clone)]
pub(crate) struct Positions {
    /// Reads and writes them.
    pub(crate) store: Arc<dyn OffsetStore>,
    /// The topic that counts.
    pub(crate) topic: String,
    /// The worker's, if that is another one.
    pub(crate) workers: Option<Arc<dyn OffsetStore>>,
}

impl Positions {
    /// Those of a worker on its own.
    pub(crate) fn workers(store: &Arc<dyn OffsetStore>) -> Self {
        Self { store: Arc::clone(store), topic: String::new(), workers: None }
    }

    /// Opens a connector's own topic, if it has one. Whatever reaches the topic does so as the connector's admin client.
    pub(crate) async fn open(
        worker: &Distributed,
        clients: &ClientSpec<'_>,
        workers: &Arc<dyn OffsetStore>,
    ) -> Result<Self, Failure> {
        let named = clients.connector.get("offsets.storage.topic").filter(|it| !it.is_empty());
        let topic = named.unwrap_or(&worker.offsets.name).clone();
        // A regular task writes its positions as the worker does, unless a topic is named.
        let is_shared = named.is_none() && !worker.exactly_once;
        if is_shared || (topic == worker.offsets.name && clients.is_on_workers_cluster()) {
            return Ok(Self { store: Arc::clone(workers), topic, workers: None });
        }
        let config = LogConfig {
            client: clients.offsets_client()?,
            topic: NewTopic { name: topic.clone(), ..worker.offsets.clone() },
            key: "offsets.storage.topic",
            purpose: "source connector offsets",
            single_partition: false,
            isolation: Isolation::Committed,
        };
        let own = KafkaOffsets::start(config).await;
        let own = own.map_err(|error| Failure::of(error.java_class(), error.to_string()))?;
        let store = LayeredOffsets::new(Arc::new(own), Arc::clone(workers));
        Ok(Self { store: Arc::new(store), topic, workers: Some(Arc::clone(workers)) })
    }
}

/// Whether two lists of servers name the same.
pub(crate) fn are_same_servers(left: Option<&String>, right: Option<&String>) -> bool {
    let set = |text: Option<&String>| -> BTreeSet<String> {
        let text = text.map(String::as_str).unwrap_or_default();
        text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
    };
    set(left) == set(right)
}

#[test]
fn servers_are_compared_without_their_order() {
    let text = |text: &str| Some(text.to_owned());
    for (left, right, expected) in [
        (text("a:1,b:2"), text("b:2, a:1"), true),
        (text("a:1"), text("a:1,b:2"), false),
        (None, text(""), true),
    ] {
        assert_eq!(are_same_servers(left.as_ref(), right.as_ref()), expected);
    }
}
