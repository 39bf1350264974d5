//! Values that Strimzi's config providers take from Secrets and ConfigMaps: as references of ours, where those reach.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluice_crds::CLUSTER_LABEL;
use sluice_crds::yaml::Document;

use super::Converted;
use super::ledger::child;
use crate::connector::references::{self, Holder, Reference};

/// Strimzi's config providers, by the last part of their class.
const CLASSES: [(&str, Holder); 2] = [
    ("KubernetesSecretConfigProvider", Holder::Secret),
    ("KubernetesConfigMapConfigProvider", Holder::ConfigMap),
];

/// What they are called where nothing says how: by Strimzi's documentation, or by its operator.
const USUAL: [(&str, Holder); 3] = [
    ("secrets", Holder::Secret),
    ("strimzisecrets", Holder::Secret),
    ("configmaps", Holder::ConfigMap),
];

/// Config providers by cluster and name, and what they read, if that is Secrets or ConfigMaps.
#[derive(Debug, Default)]
pub(super) struct Providers(BTreeMap<String, BTreeMap<String, Option<Holder>>>);

impl Providers {
    /// Those that clusters among the manifests configure.
    pub(super) fn of(documents: &[Document]) -> Self {
        let mut clusters = BTreeMap::<String, BTreeMap<String, Option<Holder>>>::new();
        for Document { value, .. } in documents {
            let (Some(name), Some(config)) =
                (value["metadata"]["name"].as_str(), value["spec"]["config"].as_object())
            else {
                continue;
            };
            let found = config.iter().filter_map(|(key, class)| {
                let name = key.strip_prefix("config.providers.")?.strip_suffix(".class")?;
                let class = class.as_str()?.rsplit('.').next()?;
                Some((name.to_owned(), look_up(&CLASSES, class)))
            });
            clusters.entry(name.to_owned()).or_default().extend(found);
        }
        Self(clusters)
    }

    /// What a provider of a cluster reads, if that is Secrets or ConfigMaps.
    fn holder(&self, cluster: &str, provider: &str) -> Option<Holder> {
        let known = self.0.get(cluster).and_then(|providers| providers.get(provider));
        known.copied().unwrap_or_else(|| look_up(&USUAL, provider))
    }
}

fn look_up(table: &[(&str, Holder)], name: &str) -> Option<Holder> {
    table.iter().find(|(known, _)| *known == name).map(|(_, holder)| *holder)
}

/// `${provider:path:key}` in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placeholder<'a> {
    pub(super) text: &'a str,
    pub(super) provider: &'a str,
    path: &'a str,
    key: &'a str,
}

/// The placeholders of a text, in order.
pub(super) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("${") {
        let Some(end) = text[at..].find('}') else { break };
        let inner = &text[at + 2..at + end];
        let Some((provider, rest)) = inner.split_once(':') else { continue };
        let (path, key) = rest.split_once(':').unwrap_or(("", rest));
        found.push(Placeholder { text: &text[at..=at + end], provider, path, key });
    }
    found
}

impl Placeholder<'_> {
    /// Whether it is one that the operator itself resolves.
    pub(super) fn is_ours(&self) -> bool {
        !references::in_text(self.text).is_empty()
    }

    /// The namespace that it names, and the reference that it is in that one.
    fn reference(&self, holder: Holder) -> Option<(Option<&str>, Reference)> {
        let (namespace, name) = match self.path.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, self.path),
        };
        Some((namespace, Reference::new(holder, name, self.key).ok()?))
    }
}

/// Turns placeholders of a connector's settings into references to its own namespace. Those to others stay as they are,
/// and both are told.
pub(super) fn refer(made: &mut Converted, providers: &Providers) {
    let Converted { object, ledger } = made;
    // Clusters that the operator does not run keep their own providers.
    if object["kind"] != "KafkaConnector" || !object["spec"]["connectRest"].is_null() {
        return;
    }
    let cluster = object["metadata"]["labels"][CLUSTER_LABEL].as_str().unwrap_or_default();
    let (cluster, own) = (cluster.to_owned(), object["metadata"]["namespace"].clone());
    let config = object.pointer_mut("/spec/config").and_then(Value::as_object_mut);
    for (key, value) in config.into_iter().flatten() {
        let to = child("spec.config", key);
        let from = ledger.moved.iter().find(|(_, it)| *it == to).map(|(from, _)| from.clone());
        let field = from.unwrap_or(to);
        let Some(text) = value.as_str().map(str::to_owned) else { continue };
        let mut rewritten = text.clone();
        for placeholder in placeholders(&text) {
            let Some(holder) = providers.holder(&cluster, placeholder.provider) else { continue };
            let Some((namespace, reference)) = placeholder.reference(holder) else { continue };
            let Reference { holder, name, .. } = &reference;
            match (namespace, own.as_str()) {
                (Some(there), Some(here)) if there != here => {
                    let why = format!(
                        "stands in the {holder} {name} of namespace {there}, and connectors read their own alone: have it \
                         in {here} and write {}",
                        field_of(*holder)
                    );
                    ledger.remark(&field, why);
                    continue;
                }
                (Some(there), None) => {
                    let why = format!(
                        "the {holder} {name} is in namespace {there}: apply the connector there"
                    );
                    ledger.remark(&field, why);
                }
                _ => {}
            }
            if placeholder.text == text {
                let Reference { holder, name, key, .. } = &reference;
                *value = json!({field_of(*holder): {"name": name, "key": key}});
            }
            rewritten = rewritten.replace(placeholder.text, &reference.placeholder());
        }
        if value.is_string() {
            *value = Value::String(rewritten);
        }
    }
}

fn field_of(holder: Holder) -> &'static str {
    match holder {
        Holder::Secret => "secretKeyRef",
        Holder::ConfigMap => "configMapKeyRef",
    }
}

#[cfg(test)]
mod tests {
    use sluice_crds::yaml;

    use super::super::strimzi;
    use super::*;

    const CLUSTER: &str = "kind: KafkaConnect
metadata: {name: c}
spec:
  config:
    config.providers.k8s.class: io.strimzi.kafka.KubernetesSecretConfigProvider
    config.providers.maps.class: io.strimzi.kafka.KubernetesConfigMapConfigProvider
    config.providers.secrets.class: com.example.VaultConfigProvider
";

    /// The settings of a connector with one, and what is told of it.
    fn converted(namespace: Option<&str>, cluster: &str, value: &str) -> (Value, Vec<String>) {
        let mut source = json!({
            "apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaConnector",
            "metadata": {"name": "a", "labels": {"strimzi.io/cluster": cluster}},
            "spec": {"class": "X", "config": {"a.b": value}},
        });
        if let Some(namespace) = namespace {
            source["metadata"]["namespace"] = json!(namespace);
        }
        let mut made = strimzi::convert(&source).unwrap();
        refer(&mut made, &Providers::of(&yaml::read("c.yaml", CLUSTER).unwrap()));
        let told = made.ledger.remarks.iter().map(ToString::to_string).collect();
        (made.object["spec"]["config"]["a.b"].clone(), told)
    }

    #[test]
    fn values_of_the_own_namespace_become_references() {
        let secret = json!({"secretKeyRef": {"name": "s", "key": "k.x"}});
        let map = json!({"configMapKeyRef": {"name": "m", "key": "k"}});
        for (cluster, value, expected) in [
            ("c", "${k8s:n/s:k.x}", secret.clone()),
            ("c", "${maps:n/m:k}", map.clone()),
            ("c", "${k8s:s:k.x}", secret.clone()),
            // Of a cluster that is not among the manifests nothing is known but what is usual.
            ("other", "${secrets:n/s:k.x}", secret.clone()),
            ("c", "${strimzisecrets:n/s:k.x}", secret),
            ("other", "${configmaps:n/m:k}", map),
            (
                "c",
                "u=${k8s:n/s:k};v=${maps:n/m:k}",
                json!("u=${secrets:s:k};v=${secrets:ConfigMap-m:k}"),
            ),
            ("c", "${secrets:n/s:k}", json!("${secrets:n/s:k}")),
            ("other", "${k8s:n/s:k}", json!("${k8s:n/s:k}")),
            ("c", "${file:/a/b:k} ${open", json!("${file:/a/b:k} ${open")),
            ("c", "${k8s:n/s:}", json!("${k8s:n/s:}")),
        ] {
            assert_eq!(converted(Some("n"), cluster, value), (expected, vec![]), "{value}");
        }
    }

    #[test]
    fn values_of_another_namespace_stay_and_are_told() {
        let (value, told) = converted(Some("n"), "c", "${k8s:elsewhere/s:k}");
        assert_eq!(value, "${k8s:elsewhere/s:k}");
        assert_eq!(
            told,
            [
                "spec.config[a.b]: stands in the Secret s of namespace elsewhere, and connectors read their own alone: have \
                 it in n and write secretKeyRef"
            ]
        );
        let (value, told) = converted(None, "c", "${k8s:n/s:k}");
        assert_eq!(value, json!({"secretKeyRef": {"name": "s", "key": "k"}}));
        let expected =
            "spec.config[a.b]: the Secret s is in namespace n: apply the connector there";
        assert_eq!(told, [expected]);
    }
}
