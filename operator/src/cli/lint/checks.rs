//! What the operator would refuse, and what resources do to each other.

use std::collections::BTreeMap;

use kube::{Resource, ResourceExt};
use serde_json::Value;
use sluice_crds::{CLUSTER_LABEL, KafkaConnect, KafkaConnector};

use super::findings::{Finding, Findings, Severity};
use super::{Admitted, Located, called};
use crate::cluster::installation::Installation;
use crate::cluster::references::References;
use crate::cluster::{validate, worker_file};
use crate::connector::desired;
use crate::connector::place::{self, Place};
use crate::scalars::{self, Refused};

/// A free map of settings.
type Settings = BTreeMap<String, Value>;

/// Checks everything that needs no worker.
pub(super) fn all(admitted: &Admitted, findings: &mut Findings) {
    unique(&admitted.clusters, findings);
    unique(&admitted.connectors, findings);
    for cluster in &admitted.clusters {
        let scalars = |one: &Settings| scalars::to_text(one).map(drop);
        config(
            cluster,
            &cluster.object.spec.config,
            scalars,
            worker_file::decided_elsewhere,
            // The operator goes on without it, and says so.
            Severity::Warning,
            findings,
        );
        rest(cluster, findings);
    }
    shared(&admitted.clusters, findings);
    for connector in &admitted.connectors {
        let settings = |one: &Settings| desired::settings(one).map(drop);
        config(
            connector,
            &connector.object.spec.config,
            settings,
            desired::decided_elsewhere,
            Severity::Error,
            findings,
        );
        runs_somewhere(connector, &admitted.clusters, findings);
    }
}

impl<K: Resource<DynamicType = ()>> Located<K> {
    pub(super) fn find(
        &self,
        severity: Severity,
        field: &str,
        message: impl Into<String>,
    ) -> Finding {
        let error = self.document.refuse(Some(field), message);
        Finding::new(severity, &called(&self.object), error)
    }
}

fn unique<K: Resource<DynamicType = ()>>(all: &[Located<K>], findings: &mut Findings) {
    let mut seen: BTreeMap<(Option<String>, String), &Located<K>> = BTreeMap::new();
    for located in all {
        let key = (located.object.namespace(), located.object.name_any());
        if located.object.meta().name.is_none() {
            findings.add(located.find(Severity::Error, "metadata.name", "is required"));
        } else if let Some(first) = seen.get(&key) {
            let (file, line) = (&first.document.file, first.document.line);
            let message = format!("is there already, in {file}:{line}");
            findings.add(located.find(Severity::Error, "metadata.name", message));
        } else {
            seen.insert(key, located);
        }
    }
}

/// Every key of a free map on its own.
fn config<K: Resource<DynamicType = ()>>(
    located: &Located<K>,
    config: &Settings,
    check: impl Fn(&Settings) -> Result<(), Refused>,
    decided_elsewhere: fn(&str) -> Option<&'static str>,
    decided: Severity,
    findings: &mut Findings,
) {
    for (key, value) in config {
        let one = BTreeMap::from([(key.clone(), value.clone())]);
        let (severity, message) = match (check(&one), decided_elsewhere(key)) {
            (Err(refused), _) => (Severity::Error, refused.message),
            (_, Some(remedy)) => (decided, format!("is not taken from here: {remedy}")),
            _ => continue,
        };
        findings.add(located.find(severity, &format!("spec.config[{key}]"), message));
    }
}

/// The rest of a cluster: what needs no Secrets and has not been looked at yet.
fn rest(cluster: &Located<KafkaConnect>, findings: &mut Findings) {
    const NO_EFFECT: &str = " has no effect: ";
    let mut resource = cluster.object.clone();
    resource.metadata.uid.get_or_insert_with(|| "lint".to_owned());
    let spec = &mut resource.spec;
    spec.config.clear();
    (spec.tls, spec.authentication, spec.rest, spec.logging) = (None, None, None, None);
    spec.image.get_or_insert_default();
    let checked = validate::cluster(&resource, &References::default(), &Installation::default());
    let (severity, told) = match checked {
        Ok(checked) => (Severity::Warning, checked.warnings),
        Err(error) => (Severity::Error, vec![error.to_string()]),
    };
    for text in told {
        let finding = match (text.split_once(NO_EFFECT), text.split_once(": ")) {
            (Some((field, why)), _) => {
                cluster.find(severity, field, format!("has no effect: {why}"))
            }
            (None, Some((field, message))) => cluster.find(severity, field, message),
            (None, None) => cluster.find(severity, "spec", &*text),
        };
        findings.add(finding);
    }
}

/// Two clusters must not be one by accident.
fn shared(clusters: &[Located<KafkaConnect>], findings: &mut Findings) {
    let mut seen: BTreeMap<(&str, &str, &str), String> = BTreeMap::new();
    for cluster in clusters {
        let spec = &cluster.object.spec;
        for (field, value) in [
            ("groupId", &spec.group_id),
            ("configStorageTopic", &spec.config_storage_topic),
            ("statusStorageTopic", &spec.status_storage_topic),
            ("offsetStorageTopic", &spec.offset_storage_topic),
        ] {
            let key = (spec.bootstrap_servers.as_str(), field, value.as_str());
            if let Some(other) = seen.get(&key).filter(|it| **it != called(&cluster.object)) {
                let message = format!("{value} is that of {other} on the same Kafka too");
                findings.add(cluster.find(Severity::Error, &format!("spec.{field}"), message));
            }
            seen.entry(key).or_insert_with(|| called(&cluster.object));
        }
    }
}

fn runs_somewhere(
    connector: &Located<KafkaConnector>,
    clusters: &[Located<KafkaConnect>],
    findings: &mut Findings,
) {
    let mut bare = connector.object.clone();
    bare.spec.config.clear();
    let field = format!("metadata.labels[{CLUSTER_LABEL}]");
    match desired::of(&bare) {
        Err(error) => {
            let text = error.to_string();
            let said = text.split_once(": ").filter(|(field, _)| field.starts_with("spec."));
            let (field, message) = said.unwrap_or(("metadata.labels", &text));
            findings.add(connector.find(Severity::Error, field, message));
        }
        // The operator does not run that cluster.
        Ok(_) if connector.object.spec.connect_rest.is_some() => {}
        Ok(desired) => {
            let Place { namespace, cluster, .. } = &desired.place;
            let is_meant = |it: &&Located<KafkaConnect>| {
                it.object.name_any() == *cluster
                    && it.object.namespace().unwrap_or_default() == *namespace
            };
            let home = connector.object.namespace().unwrap_or_default();
            match clusters.iter().find(is_meant) {
                Some(found) if !place::lets_in(Some(&found.object), namespace, &home) => {
                    let message = format!(
                        "spec.allowedNamespaces of KafkaConnect {cluster} does not name {home}; add it there"
                    );
                    let field = "spec.clusterNamespace";
                    findings.add(connector.find(Severity::Error, field, message));
                }
                None if !clusters.is_empty() => {
                    let message = format!("no KafkaConnect {cluster} among these manifests");
                    findings.add(connector.find(Severity::Warning, &field, message));
                }
                _ => {}
            }
        }
    }
}
