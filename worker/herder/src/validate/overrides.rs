//! Client settings that a connector overrides (`producer.override.*` and the like), under the worker's policy.
//! Mirrors `AbstractHerder.validateClientOverrides`.

use sluice_config::{
    AnyClass, ConfigValue, Nullable, Parsed,
    clients::{Client, definition},
    connector::{OverridePolicy, has_dead_letters},
    invalid,
};
use sluice_rest_model::ConfigInfos;

use super::answer;
use crate::request::Error;

/// The answers about the clients that the connector uses, in Java's order.
pub(super) fn all(
    settings: &Nullable,
    is_source: bool,
    has_own_offsets: bool,
    policy: &OverridePolicy,
) -> Result<Vec<ConfigInfos>, Error> {
    let uses_topic_creation = || settings.keys().any(|it| it.starts_with("topic.creation."));
    let dead_letters = has_dead_letters(settings);
    let uses_admin = if is_source { uses_topic_creation() } else { dead_letters };
    let clients = [
        (Client::Producer, is_source || dead_letters),
        (Client::Consumer, !is_source || has_own_offsets),
        (Client::Admin, uses_admin || has_own_offsets),
    ];
    let used = clients.into_iter().filter(|(_, is_used)| *is_used);
    used.map(|(client, _)| one(settings, client, policy)).collect()
}

fn one(settings: &Nullable, client: Client, policy: &OverridePolicy) -> Result<ConfigInfos, Error> {
    let definition = definition(client);
    let prefix = format!("{client}.override.");
    let mut values = Vec::new();
    for (key, raw) in settings {
        let Some(name) = key.strip_prefix(&prefix) else { continue };
        let parsed = match (definition.key(name), raw) {
            (_, None) => Parsed::Null,
            (None, Some(raw)) => Parsed::Text(raw.clone()),
            (Some(known), Some(raw)) => {
                Parsed::parse(known.r#type, raw, &AnyClass).map_err(|reason| {
                    Error::Internal(format!(
                        "org.apache.kafka.common.config.ConfigException: {}",
                        invalid(name, raw, &reason)
                    ))
                })?
            }
        };
        let mut value = ConfigValue::new(name, parsed.to_text());
        value.errors.extend(policy.refusal(name));
        values.push(value);
    }
    Ok(answer::prefixed(&definition, &values, &prefix, &AnyClass))
}
