//! The connectors of a live cluster as resources.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Map, Value, json};
use sluice_crds::{CLUSTER_LABEL, GROUP, KafkaConnector, spec_schema};
use sluice_rest_model::{Expanded, State};

use super::conversion::Conversion;
use super::ledger::Note;
use super::settings;
use super::{Converted, Error, Outcome, Output};
use crate::connect_api::{ConnectApi, connections};
use crate::connector::redact;

/// Longest name that a resource gets here: a number may come behind it.
const MAX_NAME: usize = 245;

#[derive(Debug, Args)]
pub(super) struct Rest {
    /// Address of the REST API of any worker, such as http://localhost:8083.
    #[arg(long, value_name = "URL")]
    url: String,
    /// Name of the KafkaConnect that runs the connectors from now on.
    #[arg(long, value_name = "NAME")]
    cluster: String,
    /// Namespace to write into the manifests; none unless given.
    #[arg(short, long)]
    namespace: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Asks the workers for their connectors and converts them.
pub(super) async fn run(rest: Rest) -> Result<(Outcome, Output), Error> {
    let api = ConnectApi::new(connections(), rest.url.trim_end_matches('/'));
    let connectors = api.connectors().await?;
    let mut outcome = convert_all(connectors, &rest.cluster, rest.namespace.as_deref());
    outcome.told.push(format!(
        "look at: the settings of the workers are not in their REST API: write the KafkaConnect {} with their \
         group.id and topics",
        rest.cluster
    ));
    Ok((outcome, rest.output))
}

fn convert_all(
    connectors: BTreeMap<String, Expanded>,
    cluster: &str,
    namespace: Option<&str>,
) -> Outcome {
    let mut outcome = Outcome::default();
    // Whoever can keep its name does.
    let legal = connectors.keys().filter(|name| legal_name(name) == **name);
    let mut taken: BTreeSet<String> = legal.cloned().collect();
    for (name, connector) in connectors {
        let resource =
            if taken.contains(&name) { name.clone() } else { free_name(&name, &mut taken) };
        let mut made = convert(&name, &resource, connector);
        made.object["metadata"]["labels"] = json!({CLUSTER_LABEL: cluster});
        if let Some(namespace) = namespace {
            made.object["metadata"]["namespace"] = json!(namespace);
        }
        for (word, notes) in [("left out", &made.ledger.left), ("look at", &made.ledger.remarks)] {
            let line = |note: &Note| format!("{word}: connector {name}: {note}");
            outcome.told.extend(notes.iter().map(line));
        }
        outcome.take(made.object);
    }
    super::note_providers(&mut outcome);
    outcome
}

fn convert(name: &str, resource: &str, connector: Expanded) -> Converted {
    let config = connector.info.map(|info| info.config).unwrap_or_default();
    let entries: Map<String, Value> =
        config.into_iter().map(|(key, value)| (key, json!(value))).collect();
    let source = json!({"config": entries});
    let mut conversion = Conversion::new(source, spec_schema::<KafkaConnector>());
    for (key, field) in [("connector.class", "class"), ("connector.plugin.version", "version")] {
        if let Some(value) = conversion.take_entry("config", key) {
            conversion.put(&format!("config[{key}]"), field, value);
        }
    }
    if let Some(most) = conversion.take_entry("config", "tasks.max") {
        let number = most.as_str().and_then(|text| text.trim().parse::<i32>().ok());
        let most = number.map_or(most, |number| json!(number));
        conversion.put("config[tasks.max]", "tasksMax", most);
    }
    if conversion.take_entry("config", "name").is_some() {
        name_connector(&mut conversion, name, resource);
    }
    let settings = settings::take(&mut conversion, "config");
    for setting in &settings {
        let text = setting.value.as_str().unwrap_or_default();
        if redact::is_secret(&setting.key) && !text.is_empty() && !text.contains("${") {
            let why = "is a secret and stands in the manifest as text: put it into a Secret";
            conversion.ledger.remark(&setting.from, why);
        }
    }
    settings::put_into_connector(&mut conversion, settings);
    match connector.status.map(|status| status.connector.state) {
        Some(State::Paused) => conversion.write("state", json!("paused"), "it is paused now"),
        Some(State::Stopped) => conversion.write("state", json!("stopped"), "it is stopped now"),
        _ => {}
    }
    let metadata = json!({"name": resource});
    let (spec, ledger) = conversion.finish();
    let version = format!("{GROUP}/v1alpha1");
    let object = json!({"apiVersion": version, "kind": "KafkaConnector", "metadata": metadata, "spec": spec});
    Converted { object, ledger }
}

/// Keeps the name of a connector whose resource has to be called otherwise.
fn name_connector(conversion: &mut Conversion, name: &str, resource: &str) {
    const FROM: &str = "config[name]";
    if name == resource {
        conversion.ledger.moved(FROM, "metadata.name", &json!(name));
    } else if conversion.has_field("name") {
        conversion.put(FROM, "name", json!(name));
        let why = format!("{resource} is the name of the resource, as Kubernetes takes no other");
        conversion.ledger.remark(FROM, why);
    } else {
        let why = format!("Kubernetes takes no such name: the connector will be called {resource}");
        conversion.ledger.leave(FROM, why);
    }
}

/// A name that Kubernetes takes and that no other connector has got.
fn free_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let base = legal_name(name);
    let mut free = base.clone();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{base}-{number}");
        number += 1;
    }
    free
}

/// The name that Kubernetes takes and that is nearest to a connector's.
fn legal_name(name: &str) -> String {
    let is_legal = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-.".contains(it);
    let lower = name.to_lowercase();
    let letters = lower.chars().map(|it| if is_legal(it) { it } else { '-' });
    let text: String = letters.take(MAX_NAME).collect();
    let parts = text.split('.').map(|part| part.trim_matches('-')).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    if parts.is_empty() { "connector".to_owned() } else { parts.join(".") }
}

#[cfg(test)]
mod tests {
    use sluice_rest_model::Expanded;

    use super::*;

    fn expanded(name: &str, state: &str, config: &Value) -> Expanded {
        serde_json::from_value(json!({
            "info": {"name": name, "config": config, "tasks": [], "type": "source"},
            "status": {
                "name": name,
                "connector": {"state": state, "worker_id": "w:8083"},
                "tasks": [],
                "type": "source",
            },
        }))
        .unwrap()
    }

    #[test]
    fn connectors_of_a_live_cluster_become_resources() {
        let config = json!({
            "name": "My_Source", "connector.class": "FileStreamSource", "tasks.max": "2",
            "file": "/data/x", "db.password": "hunter2", "db.user": "${vault:a:b}",
        });
        let config_of_other =
            json!({"name": "my-source", "connector.class": "X", "tasks.max": "${env:N}"});
        let connectors = BTreeMap::from([
            ("My_Source".to_owned(), expanded("My_Source", "PAUSED", &config)),
            ("my-source".to_owned(), expanded("my-source", "RUNNING", &config_of_other)),
        ]);
        let outcome = convert_all(connectors, "c", Some("shop"));
        let first = &outcome.objects[0];
        assert_eq!(
            first["metadata"],
            json!({"name": "my-source-2", "namespace": "shop", "labels": {"sluice.dev/cluster": "c"}})
        );
        assert_eq!(first["spec"]["tasksMax"], 2);
        assert_eq!(first["spec"]["state"], "paused");
        assert_eq!(first["spec"]["config"]["file"], "/data/x");
        assert_eq!(outcome.objects[1]["metadata"]["name"], "my-source");
        assert!(!outcome.is_refused);
        let told = outcome.told.join("\n");
        for expected in [
            "look at: connector My_Source: config[db.password]: is a secret",
            "left out: connector my-source: config[tasks.max]: must be a whole number, is text",
            "KafkaConnector my-source-2: spec.config[db.user]: its value comes from the config provider vault",
            "connector My_Source: config[name]: ",
        ] {
            assert!(told.contains(expected), "{expected} in {told}");
        }
    }

    #[test]
    fn names_are_such_as_kubernetes_takes() {
        for (name, expected) in [
            ("orders", "orders"),
            ("Orders_1", "orders-1"),
            ("a..b-", "a.b"),
            ("->", "connector"),
            ("ü", "connector"),
        ] {
            assert_eq!(legal_name(name), expected);
        }
    }
}
