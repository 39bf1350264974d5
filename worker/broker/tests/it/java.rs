//! The broker seen by Kafka's own Java tools.

use std::net::SocketAddr;

use sluice_kit::java;

use crate::clients::{broker, create_topic};

/// Runs a tool against the broker; its output, or the text with which it failed.
async fn tool(address: SocketAddr, class: &str, arguments: &[&str], stdin: &str) -> String {
    let class_path = java::class_path().await.unwrap();
    let address = address.to_string();
    let mut all = vec!["--bootstrap-server", address.as_str()];
    all.extend_from_slice(arguments);
    match java::run_main(&class_path, class, &all, stdin.as_bytes()).await {
        Ok(output) => String::from_utf8(output).unwrap(),
        Err(error) => format!("{error:#}"),
    }
}

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_managed_by_javas_tool() {
    sluice_kit::require!(java::missing());
    let broker = broker().await;
    let address = broker.address();
    let create =
        ["--create", "--topic", "t", "--partitions", "3", "--config", "cleanup.policy=compact"];
    let steps: [(&[&str], &str); 5] = [
        (&create, "Created topic t."),
        (&create, "Topic 't' already exists."),
        (&["--alter", "--topic", "t", "--partitions", "5"], ""),
        (
            &["--describe", "--topic", "t"],
            "PartitionCount: 5\tReplicationFactor: 1\tConfigs: cleanup.policy=compact",
        ),
        (&["--create", "--topic", "u", "--config", "nope=1"], "Unknown topic config name: nope"),
    ];
    for (arguments, expected) in steps {
        let told = tool(address, TOPICS, arguments, "").await;
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_groups_are_understood_by_javas_tools() {
    sluice_kit::require!(java::missing());
    let broker = broker().await;
    let address = broker.address();
    create_topic(&broker, "lines", 1).await;
    let send = "org.apache.kafka.tools.ConsoleProducer";
    tool(address, send, &["--topic", "lines"], "one\ntwo\nthree\n").await;
    let read = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let arguments = [
        "--topic",
        "lines",
        "--from-beginning",
        "--group",
        "g",
        "--max-messages",
        "3",
        "--timeout-ms",
        "20000",
    ];
    assert_eq!(tool(address, read, &arguments, "").await, "one\ntwo\nthree\n");
    let steps: [(&[&str], &str); 3] = [
        (
            &["--describe", "--group", "g"],
            "lines           0          3               3               0",
        ),
        (
            &["--group", "g", "--topic", "lines", "--reset-offsets", "--to-earliest", "--execute"],
            "lines",
        ),
        (&["--delete-offsets", "--group", "g", "--topic", "lines"], "Successful"),
    ];
    for (arguments, expected) in steps {
        let told = tool(address, GROUPS, arguments, "").await;
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
    broker.stop().await;
}
