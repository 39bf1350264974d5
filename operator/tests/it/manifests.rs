//! What is installed: files that must agree.

use std::fs;

use anyhow::Result;
use serde_json::Value;
use sluice_crds::{KafkaConnect, KafkaConnector, yaml};
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

#[test]
fn the_chart_grants_what_kustomize_grants() -> Result<()> {
    assert_eq!(documents("charts/sluice/files/rules.yaml")?[0].value["rules"], rules()?);
    Ok(())
}

#[test]
fn samples_are_sound() -> Result<()> {
    let mut kinds = Vec::new();
    for entry in fs::read_dir(root().join("deploy/samples/quickstart"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for document in documents(&format!("deploy/samples/quickstart/{name}"))? {
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
                _ => {}
            }
            kinds.push(kind);
        }
    }
    kinds.sort();
    let expected = [
        "KafkaConnect",
        "KafkaConnector",
        "KafkaConnector",
        "KafkaConnector",
        "PersistentVolumeClaim",
    ];
    assert_eq!(kinds, expected);
    Ok(())
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
