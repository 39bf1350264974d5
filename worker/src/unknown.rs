//! Keys of a worker file that mean nothing here: told, with the key that may be meant.

use sluice_config::{Config as _, Properties, nearest};
use sluice_kafka::ClientSettings;

use crate::settings::WorkerConfig;

/// Keys of Kafka Connect that other parts read, or that have no meaning for a native worker and do no harm.
const OTHER_KEYS: &[&str] = &[
    "access.control.allow.methods",
    "access.control.allow.origin",
    "admin.listeners",
    "config.providers",
    "connector.client.config.override.policy",
    "header.converter",
    "inter.worker.key.generation.algorithm",
    "inter.worker.key.size",
    "inter.worker.signature.algorithm",
    "inter.worker.verification.algorithms",
    "listeners",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "offset.flush.interval.ms",
    "offset.flush.timeout.ms",
    "plugin.discovery",
    "plugin.path",
    "response.http.headers.config",
    "rest.advertised.host.name",
    "rest.advertised.listener",
    "rest.advertised.port",
    "rest.extension.classes",
    "sluice.file.paths",
    "sluice.memory.bytes",
    "sluice.rest.authorization",
    "sluice.rest.authorization.cluster",
    "sluice.rest.authorization.path",
    "sluice.rest.jaas.file",
    "sluice.rest.reviews.url",
    "sluice.secrets.path",
    "task.shutdown.graceful.timeout.ms",
    "topic.creation.enable",
    "topic.tracking.allow.reset",
    "topic.tracking.enable",
];

/// Prefixes under which keys belong to a client, a converter, a topic or a plugin.
const PREFIXES: &[&str] = &[
    "admin.",
    "config.providers.",
    "config.storage.",
    "consumer.",
    "header.converter.",
    "key.converter.",
    "listeners.https.",
    "metrics.context.",
    "offset.storage.",
    "producer.",
    "status.storage.",
    "value.converter.",
];

/// Logs a warning for each key that nothing reads; `mode` are those of the worker's mode.
pub(crate) fn warn(properties: &Properties, client: &ClientSettings, mode: Vec<String>) {
    for (key, meant) in find(properties, client.unknown(), mode) {
        if let Some(meant) = meant {
            tracing::warn!(key, "unknown key in the worker file; did you mean {meant}?");
        } else {
            tracing::warn!(key, "unknown key in the worker file");
        }
    }
}

fn find<'a>(
    properties: &'a Properties,
    not_a_clients: &[String],
    mut own: Vec<String>,
) -> Vec<(&'a str, Option<String>)> {
    let definition = WorkerConfig::definition();
    own.extend(definition.keys.into_iter().map(|key| key.name.into_owned()));
    let known = || own.iter().map(String::as_str).chain(OTHER_KEYS.iter().copied());
    let is_unknown = |key: &&String| {
        not_a_clients.contains(key)
            && !PREFIXES.iter().any(|prefix| key.starts_with(prefix))
            && !known().any(|it| it == key.as_str())
    };
    properties
        .keys()
        .filter(is_unknown)
        .map(|key| (key.as_str(), nearest(key, known()).map(str::to_owned)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_nothing_reads_are_told() {
        let keys = [
            "group.id",
            "producer.acks",
            "plugin.path",
            "gruop.id",
            "bootstrap.servers",
            "whatever.this.is",
        ];
        let properties: Properties =
            keys.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        let not_a_clients: Vec<String> = keys
            .iter()
            .filter(|it| **it != "bootstrap.servers")
            .map(|it| (*it).to_owned())
            .collect();
        let found = find(&properties, &not_a_clients, crate::distributed::keys());
        assert_eq!(found, [("gruop.id", Some("group.id".to_owned())), ("whatever.this.is", None)]);
    }
}
