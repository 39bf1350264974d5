//! What a plugin can be configured with, its own keys first (`AbstractHerder.connectorPluginConfig`).

use std::sync::Arc;

use sluice_config::{
    Classes as _, ConfigDef, ConfigKey, Default, Nullable, Properties,
    connector::{self, Surroundings, version_refusal},
};
use sluice_plugin::ConnectorPlugin;
use sluice_rest_model::ConfigKeyInfo;

use super::{answer::key_info, classes::CatalogClasses};
use crate::request::Error;

/// The keys of a class; `version` names those versions that will do, any if there is none.
pub(super) fn of(
    classes: &CatalogClasses,
    plugin: &str,
    version: Option<&str>,
) -> Result<Vec<ConfigKeyInfo>, Error> {
    let unknown = || Error::NotFound(format!("Unknown plugin {plugin}."));
    let class = classes.find(plugin).ok_or_else(unknown)?;
    if let Some(error) = version_refusal(classes, &class, version) {
        let is_known = error.starts_with("Plugin ");
        let unreadable =
            || format!("Invalid version specification: {}", version.unwrap_or_default());
        return Err(Error::BadRequest(if is_known { error } else { unreadable() }));
    }
    let mut keys = own(classes, &class).ok_or_else(unknown)?.keys;
    if let Some(connector) = classes.0.connector(&class) {
        let settings = Nullable::from([(connector::CLASS.to_owned(), Some(class))]);
        // What the worker's file says is not looked at.
        let worker = Properties::new();
        let around = Surroundings {
            plugins: Arc::new(classes.clone()),
            worker: &worker,
            settings: &settings,
        };
        let framework = match connector {
            ConnectorPlugin::Source(_) => connector::source_definition(&around),
            ConnectorPlugin::Sink(_) => connector::sink_definition(&around),
        };
        let more =
            framework.keys.into_iter().filter(|it| !keys.iter().any(|own| own.name == it.name));
        let more: Vec<_> = more.map(without_workers_default).collect();
        keys.extend(more);
    }
    Ok(keys.iter().map(|key| key_info(key, "", classes)).collect())
}

/// What a connector that names no header converter gets is up to the worker.
fn without_workers_default(mut key: ConfigKey) -> ConfigKey {
    if key.name.starts_with("header.converter") {
        key.default = Default::Null;
    }
    key
}

fn own(classes: &CatalogClasses, class: &str) -> Option<ConfigDef> {
    let catalog = &classes.0;
    if let Some(connector) = catalog.connector(class) {
        return Some(match connector {
            ConnectorPlugin::Source(it) => it.definition(),
            ConnectorPlugin::Sink(it) => it.definition(),
        });
    }
    let converter = catalog.converter_named(class).map(|it| it.definition());
    let transform = || catalog.transform_named(class).map(|it| (it.definition)());
    let predicate = || catalog.predicate_named(class).map(|it| (it.definition)());
    converter.or_else(transform).or_else(predicate)
}
