//! Reads the manifests of a folder: the resources that run, the ConfigMaps and Secrets they may need, and notes on what
//! is left out. All that is wrong is told at once.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;
use sluice_crds::yaml::{self, Document};
use sluice_crds::{GROUP, KafkaConnect, KafkaConnector, admit};

/// A resource and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Located<K> {
    pub(super) object: K,
    pub(super) document: Document,
}

/// Files by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    pub(super) clusters: Vec<Located<KafkaConnect>>,
    pub(super) connectors: Vec<Located<KafkaConnector>>,
    pub(super) config_maps: BTreeMap<String, Files>,
    pub(super) secrets: BTreeMap<String, Files>,
    pub(super) notes: Vec<String>,
}

/// Takes the documents of a text into `manifests`.
pub(super) fn take(
    file: &str,
    text: &str,
    manifests: &mut Manifests,
) -> Result<(), Vec<yaml::Error>> {
    let mut errors = Vec::new();
    for document in yaml::read(file, text).map_err(|error| vec![error])? {
        if let Err(more) = take_document(document, manifests) {
            errors.extend(more);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn take_document(document: Document, manifests: &mut Manifests) -> Result<(), Vec<yaml::Error>> {
    let kind = document.text_of("kind").unwrap_or_default().to_owned();
    let group = document.text_of("apiVersion").unwrap_or_default();
    let is_ours = group.strip_prefix(GROUP).is_some_and(|rest| rest.starts_with('/'));
    match kind.as_str() {
        "" => return Err(vec![document.refuse(Some("kind"), "is missing")]),
        "KafkaConnect" if is_ours => {
            let located = Located { object: admit::<KafkaConnect>(&document)?, document };
            add(located, &mut manifests.clusters)?;
        }
        "KafkaConnector" if is_ours => {
            let located = Located { object: admit::<KafkaConnector>(&document)?, document };
            add(located, &mut manifests.connectors)?;
        }
        "ConfigMap" => {
            let map: ConfigMap = document.parse().map_err(|error| vec![error])?;
            let text = map.data.iter().flatten().map(|(key, it)| (key.clone(), it.clone().into()));
            let bytes = map.binary_data.iter().flatten().map(bytes);
            manifests.config_maps.insert(map.name_any(), text.chain(bytes).collect());
        }
        "Secret" => {
            let secret: Secret = document.parse().map_err(|error| vec![error])?;
            let text = secret.string_data.iter().flatten();
            let text = text.map(|(key, it)| (key.clone(), it.clone().into()));
            let bytes = secret.data.iter().flatten().map(bytes);
            manifests.secrets.insert(secret.name_any(), bytes.chain(text).collect());
        }
        _ => {
            let name = document.value["metadata"]["name"].as_str().unwrap_or_default();
            let note = format!("{}:{}: {kind} {name} is left out", document.file, document.line);
            manifests.notes.push(note);
        }
    }
    Ok(())
}

fn bytes((key, value): (&String, &ByteString)) -> (String, Vec<u8>) {
    (key.clone(), value.0.clone())
}

fn add<K: kube::Resource>(
    found: Located<K>,
    to: &mut Vec<Located<K>>,
) -> Result<(), Vec<yaml::Error>> {
    let name = found.object.name_any();
    if name.is_empty() {
        return Err(vec![found.document.refuse(Some("metadata.name"), "is missing")]);
    }
    if let Some(other) = to.iter().find(|other| other.object.name_any() == name) {
        let (file, line) = (&other.document.file, other.document.line);
        let message = format!("{name} is there already, in {file}:{line}");
        return Err(vec![found.document.refuse(Some("metadata.name"), message)]);
    }
    to.push(found);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const CLUSTER: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnect
metadata:
  name: my-connect
spec:
  replicas: 2
  bootstrapServers: kafka:9092
  groupId: my-connect
  configStorageTopic: c
  statusStorageTopic: s
  offsetStorageTopic: o
";

    pub(crate) const CONNECTOR: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnector
metadata:
  name: lines
  labels:
    sluice.dev/cluster: my-connect
spec:
  class: FileStreamSource
  config:
    file: /data/lines.txt
";

    pub(crate) fn read(text: &str) -> Result<Manifests, Vec<String>> {
        let mut manifests = Manifests::default();
        match take("a.yaml", text, &mut manifests) {
            Ok(()) => Ok(manifests),
            Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn what_runs_is_taken_and_the_rest_is_noted() {
        let more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: x}\n---\n\
                    apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==}\nstringData: {b: z}\n---\n\
                    apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p}\n---\n\
                    apiVersion: kafka.strimzi.io/v1\nkind: KafkaConnect\nmetadata: {name: other}\n";
        let manifests = read(&format!("{CLUSTER}---\n{CONNECTOR}---\n{more}")).unwrap();
        assert_eq!((manifests.clusters.len(), manifests.connectors.len()), (1, 1));
        assert_eq!(manifests.config_maps["m"]["a"], b"x");
        assert_eq!(manifests.secrets["s"]["a"], b"x");
        assert_eq!(manifests.secrets["s"]["b"], b"z");
        let notes: Vec<&str> = manifests
            .notes
            .iter()
            .filter_map(|note| note.split_once(": "))
            .map(|it| it.1)
            .collect();
        assert_eq!(
            notes,
            ["PersistentVolumeClaim p is left out", "KafkaConnect other is left out"]
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let text =
            format!("{CLUSTER}---\n{CLUSTER}  replica: 3\n---\n{CLUSTER}---\nmetadata: {{}}\n");
        let errors = read(&text).unwrap_err();
        let expected = [
            "spec.replica: unknown field",
            "metadata.name: my-connect is there already, in a.yaml:1",
            "kind: is missing",
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.starts_with("a.yaml:") && error.ends_with(expected), "{error}");
        }
    }
}
