//! Free settings, of workers and connectors: which go along, and which have fields of their own or mean nothing here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::conversion::Conversion;
use super::ledger::child;
use crate::cluster::worker_file;
use crate::connector::desired;
use crate::scalars;

/// Config providers that a worker has, by the last part of their class.
const PROVIDERS: [&str; 3] =
    ["FileConfigProvider", "DirectoryConfigProvider", "EnvVarConfigProvider"];

const PROVIDER_LIST: &str = "config.providers";

/// One setting of the source.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Path of the field that it is from.
    pub(super) from: String,
    pub(super) key: String,
    pub(super) value: Value,
}

/// The entries of a map at `path`.
pub(super) fn of_map(path: &str, entries: Map<String, Value>) -> Vec<Setting> {
    let setting = |(key, value): (String, Value)| Setting { from: child(path, &key), key, value };
    entries.into_iter().map(setting).collect()
}

/// Takes a map of settings from the source; one with nothing in it is dealt with here.
pub(super) fn take(conversion: &mut Conversion, path: &str) -> Vec<Setting> {
    match conversion.take(path) {
        Some(Value::Object(entries)) if !entries.is_empty() => of_map(path, entries),
        Some(other) => {
            conversion.put(path, "config", other);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Puts settings into a cluster's `config`.
pub(super) fn put_into_cluster(conversion: &mut Conversion, settings: Vec<Setting>) {
    let settings = without_foreign_providers(conversion, settings);
    for setting in settings {
        put(conversion, setting, worker_file::decided_elsewhere);
    }
}

/// Puts settings into a connector's `config`.
pub(super) fn put_into_connector(conversion: &mut Conversion, settings: Vec<Setting>) {
    for setting in settings {
        put(conversion, setting, desired::decided_elsewhere);
    }
}

fn put(conversion: &mut Conversion, setting: Setting, remedy: fn(&str) -> Option<&'static str>) {
    let Setting { from, key, value } = setting;
    let one = BTreeMap::from([(key.clone(), value.clone())]);
    match (scalars::to_text(&one), remedy(&key)) {
        (Err(refused), _) => conversion.ledger.leave(&from, refused.message),
        (_, Some(remedy)) => {
            conversion.ledger.leave(&from, format!("is not taken from here: {remedy}"));
        }
        _ => conversion.put_entry(&from, "config", &key, value),
    }
}

/// A worker does not start with a config provider that it does not have.
fn without_foreign_providers(conversion: &mut Conversion, settings: Vec<Setting>) -> Vec<Setting> {
    let foreign: Vec<String> = settings.iter().filter_map(foreign_provider).collect();
    let mut kept = Vec::new();
    for mut setting in settings {
        let of = |name: &String| setting.key.starts_with(&format!("{PROVIDER_LIST}.{name}."));
        if foreign.iter().any(of) {
            let known = PROVIDERS.join(", ");
            let why = format!("Sluice has no such config provider; known are {known}");
            conversion.ledger.leave(&setting.from, why);
            continue;
        }
        if setting.key == PROVIDER_LIST {
            let text = setting.value.as_str().unwrap_or_default();
            let names: Vec<&str> = text.split(',').map(str::trim).collect();
            let left: Vec<&str> =
                names.iter().copied().filter(|it| !foreign.iter().any(|no| no == it)).collect();
            if left.is_empty() {
                conversion.ledger.leave(&setting.from, "none of these config providers is left");
                continue;
            }
            if left.len() < names.len() {
                conversion.ledger.remark(&setting.from, format!("only {} is left", left.join(",")));
                setting.value = json!(left.join(","));
            }
        }
        kept.push(setting);
    }
    kept
}

/// The name of the provider that a setting gives a class which there is not.
fn foreign_provider(setting: &Setting) -> Option<String> {
    let name = setting.key.strip_prefix("config.providers.")?.strip_suffix(".class")?;
    let class = setting.value.as_str()?.rsplit('.').next()?;
    (!name.contains('.') && !PROVIDERS.contains(&class)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_that_a_worker_lacks_go_with_their_settings() {
        let entries = json!({
            "config.providers": "secrets, dir",
            "config.providers.secrets.class": "io.strimzi.kafka.KubernetesSecretConfigProvider",
            "config.providers.secrets.param.x": "1",
            "config.providers.dir.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
        });
        let schema =
            json!({"properties": {"config": {"x-kubernetes-preserve-unknown-fields": true}}});
        let mut conversion = Conversion::new(json!({"spec": {"config": entries}}), schema);
        let settings = take(&mut conversion, "spec.config");
        put_into_cluster(&mut conversion, settings);
        let (spec, ledger) = conversion.finish();
        assert_eq!(
            spec["config"],
            json!({
                "config.providers": "dir",
                "config.providers.dir.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
            })
        );
        let left: Vec<&str> = ledger.left.iter().map(|note| note.field.as_str()).collect();
        assert_eq!(
            left,
            [
                "spec.config[config.providers.secrets.class]",
                "spec.config[config.providers.secrets.param.x]"
            ]
        );
        assert_eq!(ledger.remarks[0].message, "only dir is left");
    }
}
