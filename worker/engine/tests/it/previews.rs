//! Previews: what a connector makes of records, and that nothing is written for it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sluice_engine::EngineSettings;
use sluice_engine::preview::{Outcome, Preview, Shown, records_of};
use sluice_plugin::model::TopicPartition;

use crate::plugins::Numbers;
use crate::stage::{PATIENCE, Stage, end_of, properties};

/// A preview of the connector `class` on a stage's worker.
fn preview(stage: &Stage, class: &str, more: &[(&str, &str)]) -> Preview {
    let mut connector =
        properties(&[("name", class), ("connector.class", class), ("topics", "numbers")]);
    connector.extend(properties(more));
    let settings = EngineSettings::parse(&stage.worker, "preview").unwrap();
    let plugins = Arc::clone(&stage.plugins) as Arc<dyn sluice_engine::PluginSource>;
    Preview::new(settings, plugins, connector, false)
}

/// A stage with sources and sinks that must not be opened, and the numbers 0 and 1 in the topic.
async fn stage() -> Stage {
    let stage = Stage::set().await;
    stage.plugins.source("Src", |start| Box::new(Numbers::from(start.as_ref(), 25)));
    stage.plugins.sink("Snk", |_| panic!("a sink writes, so it is not opened"));
    let mut running = stage.plain();
    stage.plugins.source("Two", |start| Box::new(Numbers::from(start.as_ref(), 2)));
    let id = running.start("Two", &[]);
    running.told().await;
    stage.values(2).await;
    running.engine.stop_tasks(&[id]).await;
    stage
}

const ODD_ONLY: [(&str, &str); 5] = [
    ("transforms", "drop"),
    ("transforms.drop.type", "Forget"),
    ("transforms.drop.predicate", "odd"),
    ("predicates", "odd"),
    ("predicates.odd.type", "Odd"),
];

fn values(shown: &[Shown]) -> Vec<String> {
    let value = |it: &Shown| match &it.outcome {
        Outcome::Kept(record) => record["value"].as_str().unwrap_or_default().to_owned(),
        Outcome::Dropped { transform } => format!("- {transform}"),
        Outcome::Failed { stage, .. } => format!("! {stage}"),
    };
    shown.iter().map(value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_shows_what_it_would_send_and_sends_nothing() {
    let stage = stage().await;
    let before = (stage.records().await, stage.admin.topics().await.unwrap());
    let shown = preview(&stage, "Src", &ODD_ONLY).of_source(12, PATIENCE).await.unwrap();
    assert_eq!(shown.len(), 12);
    assert_eq!(
        shown[0].before,
        json!({ "topic": "numbers", "partition": 0, "key": null, "value": "0" })
    );
    assert_eq!(values(&shown[..3]), ["0", "- org.example.Forget", "2"]);
    let rename = [("transforms", "r"), ("transforms.r.type", "Rename")];
    let shown = preview(&stage, "Src", &rename).of_source(1, PATIENCE).await.unwrap();
    let after = json!({ "topic": "renamed", "partition": 7, "key": null, "value": "0" });
    assert_eq!(shown[0].outcome, Outcome::Kept(after));
    assert_eq!((stage.records().await, stage.admin.topics().await.unwrap()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_news_ends_the_preview_in_time() {
    let stage = stage().await;
    let short = Duration::from_millis(200);
    let shown = preview(&stage, "Src", &[]).of_source(100, short).await.unwrap();
    assert_eq!(shown.len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_shows_what_its_task_would_get_without_a_task_or_a_group() {
    let stage = stage().await;
    let with_group = [("consumer.override.group.id", "others")];
    for more in [&ODD_ONLY[..], &with_group] {
        let shown = preview(&stage, "Snk", more).of_topics(10, PATIENCE).await.unwrap();
        assert_eq!(shown.len(), 2);
        assert_eq!(
            (&shown[1].before["offset"], &shown[1].before["value"]),
            (&json!(1), &json!("1"))
        );
        let expected = if more == with_group { ["0", "1"] } else { ["0", "- org.example.Forget"] };
        assert_eq!(values(&shown), expected);
    }
    let one = preview(&stage, "Snk", &[]).of_topics(1, PATIENCE).await.unwrap();
    assert_eq!(values(&one), ["0"]);
    for group in ["connect-Snk", "others"] {
        assert!(stage.admin.group_offsets(group).await.unwrap().is_empty(), "{group}");
    }
    assert_eq!(end_of(&stage.admin).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_there_is_not_is_named_and_not_made() {
    let stage = Stage::set().await;
    stage.plugins.sink("Snk", |_| panic!("a sink writes, so it is not opened"));
    let missing = preview(&stage, "Snk", &[("topics", "numbers,none")]);
    let error = missing.of_topics(1, PATIENCE).await.unwrap_err();
    assert!(error.contains("the topic none does not exist"), "{error}");
    assert_eq!(stage.admin.topics().await.unwrap(), ["numbers"]);
    let none = TopicPartition::new("none", 0);
    assert!(stage.admin.end_offsets(&[none]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_file_need_no_broker_and_failures_name_their_step() {
    let stage = Stage::set().await;
    stage.plugins.sink("Snk", |_| panic!("a sink writes, so it is not opened"));
    stage.broker.stop().await;
    let lines = "{\"value\": \"7\", \"key\": \"k\"}\n{\"value\": \"x\"}\n{\"value\": \"8\", \"headers\": {\"h\": \"1\"}}\n";
    let records = records_of(lines, "t", 9).unwrap();
    let settings = EngineSettings::parse(&stage.worker, "preview").unwrap();
    let mut connector = properties(&ODD_ONLY);
    connector.extend(properties(&[("name", "s"), ("connector.class", "Snk"), ("topics", "t")]));
    let plugins = Arc::clone(&stage.plugins) as Arc<dyn sluice_engine::PluginSource>;
    let shown = Preview::new(settings, plugins, connector, true).of_messages(records).unwrap();
    assert!(matches!(&shown[0].outcome, Outcome::Dropped { .. }));
    let Outcome::Failed { stage, class, error } = &shown[1].outcome else {
        panic!("{:?}", shown[1])
    };
    assert_eq!((*stage, class.as_str()), ("TRANSFORMATION", "org.example.Forget"));
    assert!(error.ends_with("no number"), "{error}");
    let Outcome::Kept(kept) = &shown[2].outcome else { panic!("{:?}", shown[2]) };
    assert_eq!(kept["value"]["payload"], "8");
    assert_eq!(kept["headers"][0]["h"]["payload"], 1);
}
