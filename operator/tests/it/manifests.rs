//! What is installed: files that must agree.

use std::{collections::BTreeMap, fs};

use anyhow::Result;
use serde_json::Value;
use sluice_crds::{KafkaConnect, KafkaConnector, KafkaConnectorOffsets, yaml};
use sluice_operator::reason::Reason;

use crate::bed::root;

fn documents(path: &str) -> Result<Vec<yaml::Document>> {
    Ok(yaml::read(path, &fs::read_to_string(root().join(path))?)?)
}

/// The rights of the operator, as kustomize installs them.
pub(crate) fn rules() -> Result<Value> {
    Ok(documents("deploy/base/cluster_role.yaml")?[0].value["rules"].clone())
}

/// The rights of the operator in its own namespace.
pub(crate) fn leader_rules() -> Result<Value> {
    Ok(documents("deploy/base/leader_role.yaml")?[0].value["rules"].clone())
}

/// What the operator may ask for workers whose clients show tokens.
pub(crate) fn review_rules() -> Result<Value> {
    Ok(documents("deploy/base/reviews_role.yaml")?[0].value["rules"].clone())
}

#[test]
fn the_chart_grants_what_kustomize_grants() -> Result<()> {
    assert_eq!(documents("charts/sluice/files/rules.yaml")?[0].value["rules"], rules()?);
    Ok(())
}

#[test]
fn samples_are_sound() -> Result<()> {
    let mut kinds = BTreeMap::<String, usize>::new();
    for folder in ["quickstart", "positions", "orders", "orders-sqlite"] {
        for kind in kinds_of_sound(&format!("deploy/samples/{folder}"))? {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    let expected = [
        ("KafkaConnect", 3),
        ("KafkaConnector", 11),
        ("KafkaConnectorOffsets", 3),
        ("PersistentVolumeClaim", 1),
    ];
    assert_eq!(kinds, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
    Ok(())
}

/// The kinds of the manifests in a folder, each of which has to be sound.
fn kinds_of_sound(folder: &str) -> Result<Vec<String>> {
    let mut kinds = Vec::new();
    for entry in fs::read_dir(root().join(folder))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for document in documents(&format!("{folder}/{name}"))? {
            let kind = document.text_of("kind").unwrap_or_default().to_owned();
            match kind.as_str() {
                "KafkaConnect" => {
                    let cluster: KafkaConnect = document.parse()?;
                    assert!(cluster.validate_cel().is_ok(), "{name}");
                }
                "KafkaConnector" => {
                    let connector: KafkaConnector = document.parse()?;
                    assert!(sluice_operator::connector::desired::of(&connector).is_ok(), "{name}");
                }
                "KafkaConnectorOffsets" => {
                    let operation: KafkaConnectorOffsets = document.parse()?;
                    assert!(operation.validate_cel().is_ok(), "{name}");
                }
                _ => {}
            }
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

#[test]
fn metrics_of_the_resources_read_fields_that_are_there() -> Result<()> {
    let config = documents("deploy/kube-state-metrics/config.yaml")?.remove(0).value;
    let definitions = sluice_crds::definitions();
    let mut kinds = Vec::new();
    for resource in config["spec"]["resources"].as_array().into_iter().flatten() {
        let kind = &resource["groupVersionKind"]["kind"];
        let is_it = |it: &&sluice_crds::Definition| it.object["spec"]["names"]["kind"] == *kind;
        let definition = definitions.iter().find(is_it).expect("one of our kinds");
        let schema = &definition.object["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        kinds.push(kind.as_str().unwrap_or_default());
        for metric in resource["metrics"].as_array().into_iter().flatten() {
            let name = &metric["name"];
            let gauge = &metric["each"]["gauge"];
            let start = field(schema, &gauge["path"]);
            assert!(start.is_some(), "{kind} {name}: {}", gauge["path"]);
            // Of a list, labels and value are those of each item.
            let start = start.map(|it| if it["items"].is_null() { it } else { &it["items"] });
            let labels = gauge["labelsFromPath"].as_object().into_iter().flatten();
            let info = metric["each"]["info"]["labelsFromPath"].as_object().into_iter().flatten();
            for path in labels.chain(info).map(|(_, path)| path).chain(gauge.get("valueFrom")) {
                let found = start.and_then(|start| field(start, path));
                assert!(found.is_some(), "{kind} {name}: {path}");
            }
        }
    }
    assert_eq!(kinds, ["KafkaConnect", "KafkaConnector", "KafkaConnectorOffsets"]);
    Ok(())
}

/// The schema of a field; the schema itself for no path at all. What is metadata is known to be there.
fn field<'a>(schema: &'a Value, path: &Value) -> Option<&'a Value> {
    let mut parts = path.as_array().into_iter().flatten().filter_map(Value::as_str).peekable();
    if parts.next_if_eq(&"metadata").is_some() {
        return Some(schema);
    }
    parts.try_fold(schema, |schema, part| schema["properties"].get(part))
}

#[test]
fn every_reason_has_a_line_that_says_what_to_do() -> Result<()> {
    let page = fs::read_to_string(root().join("docs/status.md"))?;
    for reason in Reason::ALL {
        let stalled = if reason.needs_a_person() { "yes " } else { "" };
        let line = format!("| {reason} | {stalled}| ");
        assert!(page.contains(&line), "docs/status.md has no line that starts with {line}");
    }
    Ok(())
}
