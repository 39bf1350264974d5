//! From manifests to what runs on this machine: worker files, connectors, folders. Decides, touches nothing. What it
//! shares with a cluster is the operator's: the checks, the worker file, the connector's settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kube::ResourceExt;
use sluice_crds::{CLUSTER_LABEL, KafkaConnect, KafkaConnector, yaml};

use super::carried;
use super::manifests::{Files, Located, Manifests};
use super::mounts::{Folder, Mounts, Places};
use crate::cluster::installation::Installation;
use crate::cluster::references::{ConfigMapView, References, SecretView};
use crate::cluster::{validate, worker_file};
use crate::connector::{Desired, desired};

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) clusters: Vec<Cluster>,
    pub(super) connectors: Vec<Connector>,
    pub(super) folders: Vec<Folder>,
    pub(super) notes: Vec<String>,
}

/// The workers of one KafkaConnect.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) replicas: usize,
    /// Settings that all its workers have.
    pub(super) settings: BTreeMap<String, String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// One KafkaConnector.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) resource: KafkaConnector,
    pub(super) desired: Desired,
}

/// Which Kafka the workers use.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kafka<'a> {
    /// The embedded broker, which has no security.
    Embedded(&'a str),
    /// One that the user names, with the security settings of the resources.
    Named(&'a str),
}

/// Lays out the manifests, or tells all that is wrong.
pub(super) fn of(
    manifests: &Manifests,
    kafka: Kafka<'_>,
    places: Places<'_>,
) -> Result<Layout, Vec<yaml::Error>> {
    let mut layout = Layout {
        clusters: Vec::new(),
        connectors: Vec::new(),
        folders: secrets(manifests, places),
        notes: manifests.notes.clone(),
    };
    let mut errors = Vec::new();
    let mut mounts = BTreeMap::new();
    let mut carried = Files::new();
    for located in &manifests.clusters {
        match cluster(located, manifests, kafka, places, &mut layout) {
            Ok(of_cluster) => {
                mounts.insert(located.object.name_any(), of_cluster);
            }
            Err(error) => errors.push(error),
        }
    }
    for located in &manifests.connectors {
        match connector(located, manifests, &mounts) {
            Ok((connector, files)) => {
                layout.connectors.push(connector);
                carried.extend(files);
            }
            Err(error) => errors.push(error),
        }
    }
    if !carried.is_empty() {
        layout.folders.push(Folder { path: places.state.join("secrets"), files: carried });
    }
    if errors.is_empty() { Ok(layout) } else { Err(errors) }
}

fn cluster(
    located: &Located<KafkaConnect>,
    manifests: &Manifests,
    kafka: Kafka<'_>,
    places: Places<'_>,
    layout: &mut Layout,
) -> Result<Mounts, yaml::Error> {
    let refuse = |error: &validate::Error| refuse(located, error);
    let mut resource = located.object.clone();
    // The API server would give it one.
    resource.metadata.uid.get_or_insert_with(|| "dev".to_owned());
    let address = match kafka {
        Kafka::Embedded(address) => {
            if resource.spec.tls.take().is_some() | resource.spec.authentication.take().is_some() {
                let text = "tls and authentication have no effect with the embedded broker";
                layout.notes.push(format!("{}: {text}", located.object.name_any()));
            }
            address
        }
        Kafka::Named(address) => address,
    };
    address.clone_into(&mut resource.spec.bootstrap_servers);
    if resource.spec.rest.take().is_some() {
        let text = "rest has no effect: workers of this machine answer this machine alone";
        layout.notes.push(format!("{}: {text}", located.object.name_any()));
    }
    if resource.spec.logging.take().is_some() {
        let text = "logging has no effect: the variable RUST_LOG says what shows";
        layout.notes.push(format!("{}: {text}", located.object.name_any()));
    }
    // The workers are those of this program, whatever the image.
    resource.spec.image.get_or_insert_default();
    let references = references(manifests);
    let installation = Installation::default();
    let checked = validate::cluster(&resource, &references, &installation);
    let checked = checked.map_err(|error| refuse(&error))?;
    let told = checked.warnings.iter();
    layout.notes.extend(told.map(|warning| format!("{}: {warning}", checked.name)));
    let (mounts, folders) = Mounts::of(located, manifests, places)?;
    layout.folders.extend(folders);
    let credentials = places.state.join("credentials").display().to_string();
    let secrets = places.state.join("secrets").display().to_string();
    let local = |(key, value): (String, String)| {
        let value = value.replace(worker_file::CREDENTIALS, &credentials);
        (key, mounts.local(&value.replace(worker_file::SECRETS, &secrets)))
    };
    layout.clusters.push(Cluster {
        replicas: usize::try_from(resource.spec.replicas).unwrap_or_default(),
        settings: checked.worker_file.settings.into_iter().map(local).collect(),
        environment: environment(located, &mounts, &mut layout.notes),
        name: checked.name,
    });
    Ok(mounts)
}

fn refuse(located: &Located<KafkaConnect>, error: &validate::Error) -> yaml::Error {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((field, message)) if field.starts_with("spec.") || field.starts_with("metadata.") => {
            located.document.refuse(Some(field), message)
        }
        _ => located.document.refuse(None, text),
    }
}

/// Variables with a plain value; others come from a cluster.
fn environment(
    located: &Located<KafkaConnect>,
    mounts: &Mounts,
    notes: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let template = located.object.spec.template.clone().unwrap_or_default();
    let mut environment = BTreeMap::new();
    for variable in template.connect_container.iter().flat_map(|container| &container.env) {
        match &variable.value {
            Some(value) => {
                environment.insert(variable.name.clone(), mounts.local(value));
            }
            None => notes.push(format!(
                "{}: the environment variable {} is left out: its value comes from the cluster",
                located.object.name_any(),
                variable.name
            )),
        }
    }
    environment
}

fn connector(
    located: &Located<KafkaConnector>,
    manifests: &Manifests,
    mounts: &BTreeMap<String, Mounts>,
) -> Result<(Connector, Files), yaml::Error> {
    let refuse = |error: desired::Error| match &error {
        desired::Error::Config(refused) => {
            let field = format!("spec.config[{}]", refused.key);
            located.document.refuse(Some(&field), refused.message.clone())
        }
        desired::Error::NoCluster => {
            located.document.refuse(Some("metadata.labels"), error.to_string())
        }
        desired::Error::TwoClusters { .. }
        | desired::Error::NotCarried(_)
        | desired::Error::Name => located.document.refuse(Some("spec"), error.to_string()),
    };
    let mut desired = desired::of(&located.object).map_err(refuse)?;
    let is_there = |name: &str| manifests.clusters.iter().any(|it| it.object.name_any() == name);
    if !is_there(&desired.place.cluster) {
        let message = format!("no KafkaConnect {} among the manifests", desired.place.cluster);
        let field = match located.object.spec.cluster {
            Some(_) => "spec.cluster".to_owned(),
            None => format!("metadata.labels[{CLUSTER_LABEL}]"),
        };
        return Err(located.document.refuse(Some(&field), message));
    }
    let files = carried::files(&desired, manifests).map_err(|reference| {
        let message = format!("there is no {reference} among the manifests");
        located.document.refuse(Some("spec.config"), message)
    })?;
    if let Some(mounts) = mounts.get(&desired.place.cluster) {
        for value in desired.config.values_mut() {
            *value = mounts.local(value);
        }
    }
    Ok((Connector { resource: located.object.clone(), desired }, files))
}

fn references(manifests: &Manifests) -> References {
    let secret = |(name, files): (&String, &Files)| {
        let keys = files.keys().cloned().collect();
        (name.clone(), SecretView { keys, ..SecretView::default() })
    };
    let map = |(name, files): (&String, &Files)| {
        let text = |(key, bytes): (&String, &Vec<u8>)| {
            (key.clone(), String::from_utf8_lossy(bytes).into_owned())
        };
        let data = files.iter().map(text).collect();
        (name.clone(), ConfigMapView { data, ..ConfigMapView::default() })
    };
    References {
        secrets: manifests.secrets.iter().map(secret).collect(),
        config_maps: manifests.config_maps.iter().map(map).collect(),
    }
}

/// Folders with the Secrets, as pods have them under [`worker_file::CREDENTIALS`].
fn secrets(manifests: &Manifests, places: Places<'_>) -> Vec<Folder> {
    let folder = |(name, files): (&String, &Files)| {
        let path: PathBuf = places.state.join("credentials").join(name);
        Folder { path, files: files.clone() }
    };
    manifests.secrets.iter().map(folder).collect()
}

/// Settings of one worker: those of its cluster, at addresses of this machine.
pub(super) fn worker_settings(
    cluster: &Cluster,
    rest_port: u16,
    metrics_port: u16,
) -> BTreeMap<String, String> {
    let mut settings = cluster.settings.clone();
    let own = [
        ("listeners", format!("http://127.0.0.1:{rest_port}")),
        ("rest.advertised.host.name", "127.0.0.1".to_owned()),
        ("rest.advertised.port", rest_port.to_string()),
        ("sluice.metrics.listener", format!("127.0.0.1:{metrics_port}")),
    ];
    settings.extend(own.map(|(key, value)| (key.to_owned(), value)));
    settings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::manifests::tests::{CLUSTER, CONNECTOR, read};
    use super::*;

    const VOLUME: &str = "  config:
    sluice.file.paths: /data
    offset.flush.interval.ms: 5000
  template:
    pod:
      volumes: [{name: files, persistentVolumeClaim: {claimName: x}}]
    connectContainer:
      env: [{name: A, value: /data/a}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
      volumeMounts: [{name: files, mountPath: /data}]
";

    fn lay_out(text: &str, kafka: Kafka<'_>) -> Result<Layout, Vec<String>> {
        let places = Places { manifests: Path::new("/m"), state: Path::new("/s"), given: &[] };
        of(&read(text)?, kafka, places)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_manifests_of_a_cluster_run_here_with_local_addresses_and_folders() {
        let text = format!("{CLUSTER}{VOLUME}---\n{CONNECTOR}");
        let layout = lay_out(&text, Kafka::Embedded("127.0.0.1:1")).unwrap();
        let cluster = &layout.clusters[0];
        let settings = worker_settings(cluster, 8083, 9404);
        for (key, value) in [
            ("bootstrap.servers", "127.0.0.1:1"),
            ("group.id", "my-connect"),
            ("sluice.file.paths", "/m/files"),
            ("offset.flush.interval.ms", "5000"),
            ("listeners", "http://127.0.0.1:8083"),
            ("rest.advertised.port", "8083"),
            ("sluice.metrics.listener", "127.0.0.1:9404"),
        ] {
            assert_eq!(settings.get(key).map(String::as_str), Some(value), "{key}");
        }
        assert_eq!(cluster.replicas, 2);
        assert_eq!(cluster.environment, [("A".to_owned(), "/m/files/a".to_owned())].into());
        assert_eq!(layout.connectors[0].desired.config["file"], "/m/files/lines.txt");
        assert_eq!(layout.folders.len(), 1);
        assert!(layout.notes[0].contains("variable B is left out"), "{:?}", layout.notes);
    }

    #[test]
    fn security_goes_with_a_kafka_that_is_named() {
        let secured = "  authentication:
    type: scram-sha-512
    username: u
    passwordSecret: {secretName: s, password: p}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {p: hush}
";
        let text = format!("{CLUSTER}{secured}");
        let layout = lay_out(&text, Kafka::Named("k:9092")).unwrap();
        let jaas = &layout.clusters[0].settings["sasl.jaas.config"];
        assert!(jaas.contains(":/s/credentials/s:p}") && !jaas.contains("hush"), "{jaas}");
        assert_eq!(layout.folders[0].path, Path::new("/s/credentials/s"));
        let layout = lay_out(&text, Kafka::Embedded("k:9092")).unwrap();
        assert!(!layout.clusters[0].settings.contains_key("sasl.jaas.config"));
        assert!(layout.notes[0].contains("no effect with the embedded broker"));
    }

    #[test]
    fn values_of_secrets_are_files_that_the_workers_read() {
        let reference = "    p: {secretKeyRef: {name: s, key: p}}\n    file:";
        let connector = CONNECTOR.replace("    file:", reference);
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hush}\n";
        let text = format!("{CLUSTER}---\n{connector}---\n{secret}");
        let layout = lay_out(&text, Kafka::Embedded("127.0.0.1:1")).unwrap();
        assert_eq!(layout.connectors[0].desired.config["p"], "${secrets:s:p}");
        assert_eq!(layout.clusters[0].settings["sluice.secrets.path"], "/s/secrets");
        let folder = layout.folders.iter().find(|it| it.path == Path::new("/s/secrets")).unwrap();
        assert_eq!(folder.files["s_p"], b"hush");
        let text = format!("{CLUSTER}---\n{connector}");
        let errors = lay_out(&text, Kafka::Embedded("127.0.0.1:1")).unwrap_err();
        assert!(errors[0].contains("there is no Secret/s/p among the manifests"), "{errors:?}");
    }

    #[test]
    fn what_cannot_run_is_told_with_file_line_and_field() {
        let other = CONNECTOR.replace("my-connect", "other");
        let named = CONNECTOR.replace("    file:", "    tasks.max: 2\n    file:");
        let list = format!("{CLUSTER}  config:\n    a: [1]\n");
        for (text, place, field) in [
            (format!("{CLUSTER}---\n{other}"), "a.yaml:", "no KafkaConnect other among"),
            (format!("{CLUSTER}---\n{named}"), "a.yaml:", "spec.config[tasks.max]: is not taken"),
            (list, "a.yaml:", "spec.config[a]: is a list"),
        ] {
            let errors = lay_out(&text, Kafka::Embedded("k:1")).unwrap_err();
            assert!(errors[0].starts_with(place) && errors[0].contains(field), "{errors:?}");
        }
    }
}
