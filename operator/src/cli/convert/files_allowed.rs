//! The folders of Kafka's file connectors: a worker opens files only where its settings let it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use sluice_crds::CLUSTER_LABEL;

use super::{Outcome, kind_and_name};

const CLASSES: [&str; 2] = ["FileStreamSource", "FileStreamSink"];
const KEY: &str = "sluice.file.paths";

/// Writes the folders of the file connectors into the settings of their clusters, and says so; says what to write if the
/// cluster is not among the resources.
pub(super) fn allow(outcome: &mut Outcome) {
    let mut folders = BTreeMap::<String, BTreeSet<String>>::new();
    for object in &outcome.objects {
        if let Some((cluster, folder)) = folder(object) {
            folders.entry(cluster).or_default().insert(folder);
        }
    }
    for (name, folders) in folders {
        let list = folders.into_iter().collect::<Vec<_>>().join(",");
        let is_it = |it: &&mut Value| kind_and_name(it) == ["KafkaConnect", &name];
        let told = match outcome.objects.iter_mut().find(is_it) {
            Some(cluster) if cluster["spec"]["config"][KEY].is_null() => {
                cluster["spec"]["config"][KEY] = json!(list);
                format!("\"{list}\" is written: the folders that its file connectors may touch")
            }
            Some(_) => continue,
            None => {
                format!("file connectors touch no file until {KEY} of the KafkaConnect is {list}")
            }
        };
        outcome.told.push(format!("look at: KafkaConnect {name}: spec.config[{KEY}]: {told}"));
    }
}

/// The cluster of a file connector, and the folder of its file.
fn folder(object: &Value) -> Option<(String, String)> {
    let spec = &object["spec"];
    let class = spec["class"].as_str()?.rsplit('.').next()?;
    let is_of_files = CLASSES.contains(&class.strip_suffix("Connector").unwrap_or(class));
    if object["kind"] != "KafkaConnector" || !is_of_files || !spec["connectRest"].is_null() {
        return None;
    }
    let cluster = object["metadata"]["labels"][CLUSTER_LABEL].as_str()?;
    let folder = Path::new(spec["config"]["file"].as_str()?).parent()?.to_str()?;
    (folder.starts_with('/')).then(|| (cluster.to_owned(), folder.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(cluster: &str, class: &str, file: &str) -> Value {
        json!({
            "kind": "KafkaConnector",
            "metadata": {"name": "a", "labels": {CLUSTER_LABEL: cluster}},
            "spec": {"class": class, "config": {"file": file}},
        })
    }

    #[test]
    fn clusters_get_the_folders_of_their_file_connectors() {
        let cluster = |name: &str, config: Value| json!({"kind": "KafkaConnect", "metadata": {"name": name}, "spec": {"config": config}});
        let mut outcome = Outcome {
            objects: vec![
                cluster("one", json!({})),
                cluster("two", json!({KEY: "/mine"})),
                connector(
                    "one",
                    "org.apache.kafka.connect.file.FileStreamSourceConnector",
                    "/b/in.txt",
                ),
                connector("one", "FileStreamSink", "/a/out.txt"),
                connector("one", "com.example.Other", "/c/x"),
                connector("two", "FileStreamSink", "/b/x"),
                connector("three", "FileStreamSink", "/d/x"),
                connector("one", "FileStreamSink", "relative"),
            ],
            ..Outcome::default()
        };
        allow(&mut outcome);
        assert_eq!(outcome.objects[0]["spec"]["config"][KEY], "/a,/b");
        assert_eq!(outcome.objects[1]["spec"]["config"][KEY], "/mine");
        assert_eq!(
            outcome.told,
            [
                "look at: KafkaConnect one: spec.config[sluice.file.paths]: \"/a,/b\" is written: the folders that its \
                 file connectors may touch",
                "look at: KafkaConnect three: spec.config[sluice.file.paths]: file connectors touch no file until \
                 sluice.file.paths of the KafkaConnect is /d",
            ]
        );
    }
}
