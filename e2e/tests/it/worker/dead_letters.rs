//! Orders on a real Kafka: Kafka Connect and Sluice take the same ones, in the same form, and write the same dead
//! letters for the rest.

mod killed;
pub(super) mod records;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;
use records::Record;

const TOPIC: &str = "orders";

/// An order with its schema, as a JSON converter writes it.
fn order(total: &str) -> String {
    format!(
        r#"{{"schema":{{"type":"struct","optional":false,"fields":[{{"field":"id","type":"int64"}},{{"field":"phone","type":"string","optional":true}},{{"field":"email","type":"string"}},{{"field":"total","type":"string"}}]}},"payload":{{"id":7,"phone":"555-01","email":"a@example.org","total":{total}}}}}"#
    )
}

/// What is in the topic: some orders are good, the others fail in one step or another.
fn orders() -> Vec<Record> {
    let string = r#"{"schema":{"type":"string"},"payload":"no order"}"#;
    let wrong_type = order("\"12\"").replace("\"int64\"", "\"int65\"");
    let missing = order("\"12\"").replace(r#""email":"a@example.org","#, "");
    let large = order("\"99999999999\"");
    let value = |bytes: &[u8]| Record { value: Some(bytes.to_vec()), ..Record::default() };
    let mut orders: Vec<Record> = [
        order("\"12\"").as_bytes(),
        b"{\"schema\":",
        b"{\"id\":7}",
        b"",
        b"\xff\xfe",
        string.as_bytes(),
        wrong_type.as_bytes(),
        missing.as_bytes(),
        order("null").as_bytes(),
        order("\"twelve\"").as_bytes(),
        large.as_bytes(),
        order("[1]").as_bytes(),
        &b"[".repeat(100_000),
        order("\"-3\"").as_bytes(),
    ]
    .into_iter()
    .map(value)
    .collect();
    orders.push(Record { key: Some(b"tombstone".to_vec()), ..Record::default() });
    // What is there already stays in front of what is added.
    orders.push(Record {
        key: Some(b"k".to_vec()),
        timestamp: Some(1_600_000_000_000),
        headers: vec![
            ("trace".to_owned(), Some(b"1".to_vec())),
            ("__connect.errors.topic".to_owned(), None),
        ],
        ..value(b"]")
    });
    orders.push(value(order("\"42\"").as_bytes()));
    orders
}

fn sink(output: &std::path::Path, letters: &str, group: &str) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "topics": TOPIC,
        "file": output,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "transforms": "pii,number",
        "transforms.pii.type": "org.apache.kafka.connect.transforms.ReplaceField$Value",
        "transforms.pii.exclude": "phone,email",
        "transforms.number.type": "org.apache.kafka.connect.transforms.Cast$Value",
        "transforms.number.spec": "total:int32",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": letters,
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true",
        // Both sinks have the same name, which the letters tell; each reads on its own.
        "consumer.override.group.id": group,
        "consumer.override.auto.offset.reset": "earliest",
    })
}

#[tokio::test]
async fn bad_orders_become_the_dead_letters_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let orders = orders();
    records::write(kafka, TOPIC, &orders).await?;
    let folder = tempfile::tempdir()?;
    let worker_file = |group: &str| {
        WorkerFile::new(&kafka.bootstrap(), group)
            .with("offset.flush.interval.ms", "500")
            .with("sluice.file.paths", &folder.path().display().to_string())
    };
    let java = ConnectWorker::java(&worker_file("letters-java")).await?;
    let sluice = ConnectWorker::sluice(&worker_file("letters-sluice")).await?;
    let mut came = Vec::new();
    for (worker, name) in [(&java, "java"), (&sluice, "sluice")] {
        let output = folder.path().join(name);
        let letters = format!("orders-dlq-{name}");
        let config = sink(&output, &letters, &letters);
        wait::until_ok(PATIENCE, "the sink to be created", async || {
            worker.ask("PUT", "/connectors/orders/config", Some(&config)).await.map(drop)
        })
        .await?;
        // The last of all orders is a good one.
        let taken = || std::fs::read_to_string(&output).unwrap_or_default();
        wait::until(PATIENCE, "the last order to come", async || {
            taken().ends_with("Struct{id=7,total=42}\n")
        })
        .await?;
        let written = records::read(kafka, &letters, orders.len()).await?;
        came.push((taken(), written));
    }
    let (expected, got) = (&came[0], &came[1]);
    ensure!(got.0 == expected.0, "taken by Java:\n{}\nby Sluice:\n{}", expected.0, got.0);
    ensure!(expected.1.len() > 10, "Java wrote {} letters", expected.1.len());
    let different = records::differences(&expected.1, &got.1);
    ensure!(different.is_empty(), "{}", different.join("\n"));
    let reading = sluice.ask("GET", "/sluice/connectors/orders/reading", None).await?;
    let told = json!({"topic": "orders-dlq-sluice", "records": got.1.len()});
    ensure!(reading["dead_letters"] == told, "{reading}");
    Ok(())
}
