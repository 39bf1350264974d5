//! Validation of connector configurations: the framework's keys, the connector's own, its converters, its clients.
//! Mirrors `AbstractHerder.validateConnectorConfig` and what `DistributedHerder` adds.

mod answer;
mod classes;
mod converters;
mod definitions;
mod distributed;
mod overrides;
mod secrets;

use std::sync::Arc;

use sluice_catalog::Catalog;
use sluice_config::{
    Classes as _, ConfigDef, Nullable, Properties, Report,
    connector::{self, NoPlugins, OverridePolicy, Surroundings, version_refusal},
};
use sluice_plugin::ConnectorPlugin;
use sluice_providers::Providers;
use sluice_rest_model::{ConfigInfos, ConfigKeyInfo, ConnectorKind, SettingsPatch};

use crate::{request::Error, state::Plugins};
use classes::CatalogClasses;

/// Plugins of a catalog and settings of a worker, as the control path asks for them.
#[derive(Debug)]
pub struct CatalogPlugins {
    classes: CatalogClasses,
    worker: Properties,
    policy: OverridePolicy,
    providers: Arc<Providers>,
}

impl Plugins for CatalogPlugins {
    fn validate(&self, config: &SettingsPatch) -> Result<ConfigInfos, Error> {
        let raw = &config.0;
        let settings = secrets::resolved(&self.providers, raw)?;
        let outcome = self.validate_resolved(&settings);
        secrets::hide(raw, &settings, outcome, self.providers.hidden())
    }

    fn keys(&self, plugin: &str, version: Option<&str>) -> Result<Vec<ConfigKeyInfo>, Error> {
        definitions::of(&self.classes, plugin, version)
    }

    fn kind(&self, class: &str) -> ConnectorKind {
        match self.classes.0.connector(class) {
            Some(ConnectorPlugin::Source(_)) => ConnectorKind::Source,
            Some(ConnectorPlugin::Sink(_)) => ConnectorKind::Sink,
            None => ConnectorKind::Unknown,
        }
    }

    fn class(&self, class: &str) -> Option<String> {
        self.classes.find(class)
    }

    fn version(&self, class: &str) -> Option<String> {
        let version = match self.classes.0.connector(class)? {
            ConnectorPlugin::Source(source) => source.version(),
            ConnectorPlugin::Sink(sink) => sink.version(),
        };
        Some(version.to_owned())
    }
}

impl CatalogPlugins {
    fn validate_resolved(&self, settings: &Nullable) -> Result<ConfigInfos, Error> {
        let Some(Some(class)) = settings.get(connector::CLASS) else {
            return Err(Error::BadRequest(
                "Connector config contains no connector type".to_owned(),
            ));
        };
        let Some(plugin) = self.classes.0.connector(class) else {
            return Err(Error::BadRequest(self.classes.0.unknown_connector(class)));
        };
        let version = settings.get(connector::VERSION).and_then(Option::as_deref);
        let full = self.classes.find(class).unwrap_or_default();
        if let Some(error) = version_refusal(&self.classes, &full, version) {
            return self.no_such_version(class, settings, &error);
        }
        let is_source = matches!(plugin, ConnectorPlugin::Source(_));
        let mut definition = self.definition(settings, is_source);
        let mut report = Report::with_classes(&definition, settings, &self.classes);
        if let ConnectorPlugin::Source(source) = &plugin {
            let is_enabled = self.sources_are_exactly_once();
            distributed::check_source(settings, &**source, is_enabled, &mut report);
        } else {
            connector::check_topics(settings, &mut report).map_err(|error| {
                Error::Internal(format!("java.util.regex.PatternSyntaxException: {error}"))
            })?;
            distributed::check_group(settings, self.group_id(), &mut report);
        }
        note_nulls(settings, &mut report);
        let converters = converters::all(&self.classes, settings, &mut report);
        let has_own_offsets = is_source && self.uses_own_offsets(settings);
        let clients = overrides::all(settings, is_source, has_own_offsets, &self.policy)?;
        let (own, own_report) = self.own(plugin, settings);
        replace(&mut definition, own);
        let values = [report.values.as_slice(), own_report.values.as_slice()];
        let itself = answer::of_connector(&definition, &values, &self.classes);
        Ok(answer::merged(class, [itself].into_iter().chain(clients).chain(converters)))
    }

    /// Plugins for a worker with these settings, which name a policy over client settings that connectors override.
    pub fn new(
        catalog: Arc<Catalog>,
        worker: Properties,
        providers: Arc<Providers>,
    ) -> Result<Self, String> {
        let policy = OverridePolicy::parse(&worker)?;
        Ok(Self { classes: CatalogClasses(catalog), worker, policy, providers })
    }

    /// Whether the worker has transactions for sources.
    fn sources_are_exactly_once(&self) -> bool {
        let support = self.worker.get("exactly.once.source.support");
        support.is_some_and(|it| it.trim().eq_ignore_ascii_case("enabled"))
    }

    /// Whether a source has clients of its own for its positions
    /// (`DistributedHerder.connectorUsesSeparateOffsetsTopicClients`).
    fn uses_own_offsets(&self, settings: &Nullable) -> bool {
        let topic = settings.get("offsets.storage.topic").and_then(Option::as_deref);
        self.sources_are_exactly_once() || topic.is_some_and(|it| !it.trim().is_empty())
    }

    fn group_id(&self) -> &str {
        self.worker.get("group.id").map(String::as_str).unwrap_or_default()
    }

    fn definition(&self, settings: &Nullable, is_source: bool) -> ConfigDef {
        let around = Surroundings {
            plugins: Arc::new(self.classes.clone()),
            worker: &self.worker,
            settings,
        };
        if is_source {
            connector::source_definition(&around)
        } else {
            connector::sink_definition(&around)
        }
    }

    /// The connector's own keys, and what is said about them. Its check sees no nulls, so keys given as null are checked
    /// here, one by one.
    fn own(&self, plugin: &ConnectorPlugin, settings: &Nullable) -> (ConfigDef, Report) {
        let given: Properties = settings
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.clone()?)))
            .collect();
        let (definition, mut report) = match plugin {
            ConnectorPlugin::Source(it) => (it.definition(), it.validate(&given)),
            ConnectorPlugin::Sink(it) => (it.definition(), it.validate(&given)),
        };
        let with_nulls = Report::with_classes(&definition, settings, &self.classes);
        for value in &mut report.values {
            if settings.get(&value.name) == Some(&None)
                && let Some(checked) = with_nulls.value(&value.name)
            {
                value.clone_from(checked);
            }
        }
        (definition, report)
    }

    /// The answer if there is the class but not the version: the framework's keys alone.
    fn no_such_version(
        &self,
        class: &str,
        settings: &Nullable,
        error: &str,
    ) -> Result<ConfigInfos, Error> {
        if !error.starts_with("Plugin ") {
            return Err(Error::BadRequest(error.to_owned()));
        }
        let nothing = Properties::new();
        let around = Surroundings { plugins: Arc::new(NoPlugins), worker: &nothing, settings };
        let mut definition = connector::common_definition(&around);
        let known = self.definition(settings, true);
        for key in &mut definition.keys {
            if key.name == connector::VERSION {
                key.default = known
                    .key(&key.name)
                    .map_or(sluice_config::Default::Null, |it| it.default.clone());
            }
        }
        let mut report = Report::with_classes(&definition, settings, &self.classes);
        let version = self.version(class);
        for key in [connector::CLASS, connector::VERSION] {
            report.error(key, error);
        }
        report.entry(connector::VERSION, None).recommended = version.into_iter().collect();
        note_nulls(settings, &mut report);
        let itself = answer::of_connector(&definition, &[&report.values], &self.classes);
        Ok(answer::merged(class, [itself]))
    }
}

/// A key that the connector defines too is defined by the connector, at the place of the framework's.
fn replace(definition: &mut ConfigDef, own: ConfigDef) {
    for key in own.keys {
        match definition.keys.iter_mut().find(|it| it.name == key.name) {
            Some(mine) => *mine = key,
            None => definition.keys.push(key),
        }
    }
}

fn note_nulls(settings: &Nullable, report: &mut Report) {
    for key in settings.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key) {
        report.error(key, "Null value can not be supplied as the configuration value.");
    }
}

#[cfg(test)]
mod tests;
