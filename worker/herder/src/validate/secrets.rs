//! Values in place of placeholders for the time of a validation, and out of its answer.

use sluice_config::{Nullable, Properties, placeholder};
use sluice_providers::{Hidden, Providers};
use sluice_rest_model::ConfigInfos;

use crate::request::Error;

/// The settings with values in place of placeholders.
pub(super) fn resolved(providers: &Providers, raw: &Nullable) -> Result<Nullable, Error> {
    let given: Properties =
        raw.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let resolved = providers.resolve(&given).map_err(|error| {
        Error::Internal(format!("org.apache.kafka.common.config.ConfigException: {error}"))
    })?;
    let mut settings = raw.clone();
    settings.extend(resolved.settings.into_iter().map(|(key, value)| (key, Some(value))));
    Ok(settings)
}

/// The answer with placeholders as they were written, and with nothing in its errors that a provider gave.
pub(super) fn hide(
    raw: &Nullable,
    settings: &Nullable,
    outcome: Result<ConfigInfos, Error>,
    hidden: &Hidden,
) -> Result<ConfigInfos, Error> {
    let named: Vec<(&String, &String, &String)> = raw
        .iter()
        .filter_map(|(key, text)| {
            let (text, value) = (text.as_ref()?, settings.get(key)?.as_ref()?);
            (placeholder::has_any(text) && text != value).then_some((key, text, value))
        })
        .collect();
    if named.is_empty() {
        return outcome;
    }
    let mask = |error: &str| {
        let written = named.iter().fold(error.to_owned(), |error, (_, text, value)| {
            let value = value.trim();
            if value.is_empty() { error } else { error.replace(value, text) }
        });
        hidden.mask(&written)
    };
    let mut infos = outcome.map_err(|error| match error {
        Error::BadRequest(text) => Error::BadRequest(mask(&text)),
        Error::Internal(text) => Error::Internal(mask(&text)),
        other => other,
    })?;
    if let Some(Some(class)) = raw.get("connector.class") {
        infos.name.clone_from(class);
    }
    for config in &mut infos.configs {
        let value = &mut config.value;
        let text = named.iter().find(|(key, ..)| **key == value.name).map(|(_, text, _)| *text);
        if let Some((text, shown)) = text.zip(value.value.as_mut())
            && shown != "[hidden]"
        {
            shown.clone_from(text);
        }
        for error in &mut value.errors {
            *error = mask(error);
        }
    }
    Ok(infos)
}
