//! How Connect layers client settings: the worker's, then the worker's prefixed ones, then the connector's
//! overrides.

use sluice_config::Properties;

/// The settings of one client of a connector: the worker's `bootstrap.servers`, over it the worker's keys
/// under `prefix` (such as `producer.`) without the prefix, over them `overrides` (the connector's
/// `producer.override.*` without the prefix).
///
/// Keys that guard the host are the worker's whatever the layers above say.
///
/// As in Java, the worker's own unprefixed security and tuning keys count for `admin.` clients only.
pub fn layered(worker: &Properties, prefix: &str, overrides: &Properties) -> Properties {
    let mut layers = Properties::new();
    if prefix == "admin." {
        layers.extend(
            worker
                .iter()
                .filter(|(key, _)| super::keys::is_known(key))
                .map(|(key, value)| (key.clone(), value.clone())),
        );
    } else if let Some(servers) = worker.get("bootstrap.servers") {
        layers.insert("bootstrap.servers".to_owned(), servers.clone());
    }
    layers.extend(worker.iter().filter_map(|(key, value)| {
        key.strip_prefix(prefix)
            .filter(|key| !key.is_empty())
            .map(|key| (key.to_owned(), value.clone()))
    }));
    layers.extend(overrides.iter().map(|(key, value)| (key.clone(), value.clone())));
    for key in crate::login::GUARDED {
        layers.remove(key);
        layers.extend(worker.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    layers
}
