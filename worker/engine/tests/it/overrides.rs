//! Client settings that a connector overrides although the worker does not allow it: a configuration may have come past
//! the worker's REST API.

use std::sync::Arc;

use sluice_engine::MemoryOffsets;

use crate::plugins::Numbers;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_overrides_are_not_allowed_is_not_started() {
    const NOT_ALLOWED: &str =
        "org.apache.kafka.connect.errors.ConnectException: Client Config Overrides not allowed ";
    let refusal = |policy: &str, key: &str| {
        format!(
            "[{key},[hidden],[],[The '{policy}' policy does not allow '{key}' to be overridden in the connector \
             configuration.],true]"
        )
    };
    let stage = Stage::set().await;
    stage.plugins.source("source", |_| Box::new(Numbers::from(None, 1)));
    stage.plugins.sink("sink", |_| panic!("it is not to be opened"));
    let dead_letters =
        [("errors.deadletterqueue.topic.name", "letters"), ("admin.override.retries", "1")];
    for (policy, connector, settings, expected) in [
        ("None", "source", &[("producer.override.acks", "1")][..], refusal("None", "acks")),
        ("None", "sink", &[("consumer.override.group.id", "hush")], refusal("None", "group.id")),
        ("Principal", "sink", &dead_letters, refusal("Principal", "retries")),
        (
            "Principal",
            "source",
            &[("producer.override.linger.ms", "1"), ("producer.override.acks", "1")],
            format!("{}, {}", refusal("Principal", "acks"), refusal("Principal", "linger.ms")),
        ),
    ] {
        let key = "connector.client.config.override.policy";
        let mut running = stage.engine(&[(key, policy)], Arc::<MemoryOffsets>::default());
        running.start(connector, settings);
        assert_eq!(running.failure().await, format!("{NOT_ALLOWED}[{expected}]"));
    }
    stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_allows_is_used() {
    let stage = Stage::set().await;
    stage.plugins.source("source", |_| Box::new(Numbers::from(None, 3)));
    for (policy, allowlist) in [("All", ""), ("Allowlist", "acks")] {
        let keys = [
            ("connector.client.config.override.policy", policy),
            ("connector.client.config.override.allowlist", allowlist),
        ];
        let running = stage.engine(&keys, Arc::<MemoryOffsets>::default());
        let before = stage.records().await;
        let id = running.start("source", &[("producer.override.acks", "1")]);
        stage.values(before as usize + 3).await;
        running.engine.stop_tasks(&[id]).await;
    }
    stage.broker.stop().await;
}
