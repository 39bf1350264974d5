//! Manifests that use each field of the source's kinds, and what becomes of every one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sluice_crds::yaml;

use super::ledger::{covers, leaves};
use super::{Converter, Manifests, Outcome, Output, cfk, convert_files, documents, strimzi};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/convert/tests");

const SOURCES: [(&str, &str, Converter); 3] = [
    ("strimzi_v1", strimzi::GROUP, strimzi::convert),
    ("strimzi_v1beta2", strimzi::GROUP, strimzi::convert),
    ("cfk", cfk::GROUP, cfk::convert),
];

fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

fn convert(name: &str, group: &str, converter: Converter) -> Outcome {
    let manifests = Manifests {
        files: vec![file(&format!("{name}.yaml"))],
        cluster: None,
        output: Output { output: "yaml".to_owned() },
    };
    convert_files(&manifests, group, converter).unwrap()
}

/// Resources of a file, those of lists too.
fn resources(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file(&format!("{name}.yaml"))).unwrap();
    let documents = yaml::read(name, &text).unwrap();
    let items = |value: Value| match value["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![value],
    };
    documents.into_iter().flat_map(|document| items(document.value)).collect()
}

/// Compares with a file beside this one; `UPDATE=1` writes it.
fn assert_golden(name: &str, text: &str) {
    let path = file(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(golden, text, "{name} is stale: UPDATE=1 cargo test -p sluice-operator --lib");
}

#[test]
fn manifests_become_these_and_what_is_left_out_is_named() {
    for (name, group, converter) in SOURCES {
        let outcome = convert(name, group, converter);
        assert_golden(&format!("{name}.out.yaml"), &documents(&outcome.objects).unwrap());
        let told = outcome.told.join("\n").replace(&format!("{FOLDER}/"), "");
        assert_golden(&format!("{name}.told.txt"), &format!("{told}\n"));
        let refused = outcome.told.iter().find(|line| line.starts_with("refused: "));
        assert_eq!(refused, None);
    }
}

#[test]
fn every_field_is_converted_or_named_and_none_is_both() {
    for (name, _, converter) in SOURCES {
        for resource in resources(name) {
            let Some(made) = converter(&resource) else { continue };
            let converted: BTreeSet<&str> =
                made.ledger.moved.iter().map(|(from, _)| from.as_str()).collect();
            let is_named = |path: &str| made.ledger.left.iter().any(|it| covers(&it.field, path));
            for leaf in leaves(&resource) {
                let path = leaf.trim_start_matches('.');
                let is_converted = converted.iter().any(|from| covers(from, path));
                let name = &resource["metadata"]["name"];
                assert!(is_converted != is_named(path), "{name}: {path}: converted {is_converted}");
            }
        }
    }
}

#[test]
fn every_value_that_was_moved_is_where_it_is_said_to_be() {
    for (name, _, converter) in SOURCES {
        for resource in resources(name) {
            let Some(made) = converter(&resource) else { continue };
            let there: BTreeSet<String> = leaves(&made.object)
                .into_iter()
                .map(|it| it.trim_start_matches('.').to_owned())
                .collect();
            for (from, to) in &made.ledger.moved {
                assert!(there.iter().any(|path| covers(to, path)), "{name}: {from} is not at {to}");
            }
        }
    }
}

#[test]
fn a_connector_that_names_no_cluster_gets_the_one_that_is_given() {
    let source = serde_json::json!({
        "apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaConnector",
        "metadata": {"name": "a"}, "spec": {"class": "X"},
    });
    let mut made = strimzi::convert(&source).unwrap();
    let refusals = super::refusals(&made.object);
    assert!(refusals[0].contains("give --cluster NAME"), "{refusals:?}");
    super::name_cluster(&mut made, "mine");
    assert_eq!(super::refusals(&made.object), [""; 0]);
    assert_eq!(made.object["metadata"]["labels"]["sluice.dev/cluster"], "mine");
}
