//! Lines that become structs on their way, with the time of their record in them: `transformations`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

use super::super::dead_letters::records;
use super::cluster::Cluster;

const LINES: [&str; 3] = ["foo", "bar", "baz"];

#[tokio::test]
async fn lines_become_structs_with_the_time_of_their_record() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("in");
    std::fs::write(&input, "")?;
    let file = Cluster::file(&kafka.bootstrap(), "transformed")
        .with("value.converter.schemas.enable", "true")
        .with("sluice.file.paths", &folder.path().display().to_string());
    let cluster = Cluster::start(&file).await?;
    let config = json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "tasks.max": "1", "file": input, "topic": "transformed",
        "transforms": "hoistToStruct,insertTimestampField",
        "transforms.hoistToStruct.type": "org.apache.kafka.connect.transforms.HoistField$Value",
        "transforms.hoistToStruct.field": "content",
        "transforms.insertTimestampField.type": "org.apache.kafka.connect.transforms.InsertField$Value",
        "transforms.insertTimestampField.timestamp.field": "the_timestamp",
    });
    cluster.create("transformed", &config).await?;
    cluster.all_tell("transformed", 1, "RUNNING").await?;
    std::fs::write(&input, LINES.join("\n") + "\n")?;
    let records = records::read(kafka, "transformed", LINES.len()).await?;
    ensure!(records.len() == LINES.len(), "{records:?}");
    let schema = json!({
        "type": "struct", "optional": false, "fields": [
            {"field": "content", "type": "string", "optional": false},
            {"field": "the_timestamp", "type": "int64", "optional": true, "version": 1,
             "name": "org.apache.kafka.connect.data.Timestamp"},
        ],
    });
    for (record, line) in records.iter().zip(LINES) {
        let value: Value = serde_json::from_slice(record.value.as_ref().context("a value")?)?;
        ensure!(value["schema"] == schema, "{value}");
        let payload = json!({"content": line, "the_timestamp": record.timestamp});
        ensure!(value["payload"] == payload, "{value} at {:?}", record.timestamp);
    }
    Ok(())
}
