//! Validation of connector configurations: the framework's keys, the connector's own, its converters.
//! Mirrors `AbstractHerder.validateConnectorConfig`.

use std::sync::Arc;

use sluice_catalog::Catalog;
use sluice_config::{ConfigDef, ConfigKey, Default, Properties, Report, Type, connector};
use sluice_plugin::{ConnectorPlugin, ConverterRole};
use sluice_rest_model::{
    ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo, ConnectorKind, SettingsPatch,
};

use crate::{request::Error, state::Plugins};

/// Plugins of a catalog, as the control path asks for them.
pub struct CatalogPlugins(pub Arc<Catalog>);

impl Plugins for CatalogPlugins {
    fn validate(&self, config: &SettingsPatch) -> Result<ConfigInfos, Error> {
        let (settings, nulls) = config.clone().into_parts();
        let Some(class) = settings.get("connector.class") else {
            return Err(Error::BadRequest(
                "Connector config contains no connector type".to_owned(),
            ));
        };
        let Some(plugin) = self.0.connector(class) else {
            return Err(Error::BadRequest(self.0.unknown_connector(class)));
        };
        let (mut definition, mut report, own) = match plugin {
            ConnectorPlugin::Source(source) => (
                connector::source_definition(),
                connector::validate_source(&settings),
                (source.definition(), source.validate(&settings)),
            ),
            ConnectorPlugin::Sink(sink) => (
                connector::sink_definition(),
                connector::validate_sink(&settings),
                (sink.definition(), sink.validate(&settings)),
            ),
        };
        let (own_definition, own_report) = own;
        definition.keys.extend(
            own_definition
                .keys
                .into_iter()
                .filter(|key| connector::source_definition().key(key.name).is_none()),
        );
        report.merge(own_report);
        for (key, role) in
            [("key.converter", ConverterRole::Key), ("value.converter", ConverterRole::Value)]
        {
            self.validate_converter(&settings, key, role, &mut report);
        }
        for key in nulls {
            report.error(&key, "Null value can not be supplied as the configuration value.");
        }
        Ok(infos(class, &definition, &report))
    }

    fn kind(&self, class: &str) -> ConnectorKind {
        match self.0.connector(class) {
            Some(ConnectorPlugin::Source(_)) => ConnectorKind::Source,
            Some(ConnectorPlugin::Sink(_)) => ConnectorKind::Sink,
            None => ConnectorKind::Unknown,
        }
    }

    fn version(&self, class: &str) -> Option<String> {
        let version = match self.0.connector(class)? {
            ConnectorPlugin::Source(source) => source.version(),
            ConnectorPlugin::Sink(sink) => sink.version(),
        };
        Some(version.to_owned())
    }
}

impl CatalogPlugins {
    fn validate_converter(
        &self,
        settings: &Properties,
        key: &str,
        role: ConverterRole,
        report: &mut Report,
    ) {
        let Some(class) = settings.get(key) else { return };
        let Some(converter) = self.0.converter_named(class) else {
            report.error(key, format!("Invalid value {class} for configuration {key}: Class {class} could not be found."));
            return;
        };
        let prefix = format!("{key}.");
        let own: Properties = settings
            .iter()
            .filter_map(|(name, value)| {
                Some((name.strip_prefix(&prefix)?.to_owned(), value.clone()))
            })
            .collect();
        let mut prefixed = converter.validate(&own, role);
        for value in &mut prefixed.values {
            value.name = format!("{prefix}{}", value.name);
        }
        report.merge(prefixed);
    }
}

fn infos(class: &str, definition: &ConfigDef, report: &Report) -> ConfigInfos {
    let configs: Vec<ConfigInfo> = report
        .values
        .iter()
        .map(|value| {
            let key = definition.key(&value.name);
            ConfigInfo {
                definition: key.map(|key| key_info(definition, key)),
                value: ConfigValueInfo {
                    name: value.name.clone(),
                    value: value.value.clone(),
                    recommended_values: Vec::new(),
                    errors: value.errors.clone(),
                    visible: true,
                },
            }
        })
        .collect();
    ConfigInfos {
        name: class.to_owned(),
        error_count: configs.iter().map(|it| it.value.errors.len()).sum(),
        groups: definition.groups().into_iter().map(str::to_owned).collect(),
        configs,
    }
}

fn key_info(definition: &ConfigDef, key: &ConfigKey) -> ConfigKeyInfo {
    let same_group =
        definition.keys.iter().filter(|it| it.group == key.group && key.group.is_some());
    let order = same_group.take_while(|it| it.name != key.name).count() as i32 + 1;
    ConfigKeyInfo {
        name: key.name.to_owned(),
        kind: key.r#type.to_string(),
        required: key.default == Default::Required,
        default_value: match key.default {
            Default::Value(text) => Some(text.to_owned()),
            Default::Null if key.r#type == Type::List => Some(String::new()),
            Default::Required | Default::Null => None,
        },
        importance: key.importance.to_string(),
        documentation: key.documentation.to_owned(),
        group: key.group.map(str::to_owned),
        width: "NONE".to_owned(),
        display_name: key.display_name.to_owned(),
        dependents: Vec::new(),
        order: if key.group.is_some() { order } else { -1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(pairs: &[(&str, Option<&str>)]) -> Result<ConfigInfos, Error> {
        let config = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)))
            .collect();
        CatalogPlugins(Arc::new(sluice_catalog::builtin())).validate(&SettingsPatch(config))
    }

    const FILE: [(&str, Option<&str>); 3] =
        [("name", Some("a")), ("connector.class", Some("FileStreamSink")), ("file", Some("/f"))];

    #[test]
    fn errors_of_all_parts_are_counted() {
        for (more, expected) in [
            (vec![("topics", Some("t"))], 0),
            (vec![], 2),
            (vec![("topics", Some("t")), ("tasks.max", Some("0"))], 1),
            (vec![("topics", Some("t")), ("value.converter", Some("nonsense"))], 1),
            (
                vec![
                    ("topics", Some("t")),
                    ("value.converter", Some("JsonConverter")),
                    ("value.converter.schemas.enable", Some("x")),
                ],
                1,
            ),
            (vec![("topics", Some("t")), ("other", None)], 1),
        ] {
            let infos = validate(&[&FILE[..], &more].concat()).unwrap();
            assert_eq!(infos.error_count, expected, "{more:?}");
        }
    }

    #[test]
    fn a_class_that_is_not_there_is_told_with_those_that_are() {
        let error = validate(&[("connector.class", Some("x.Y"))]).unwrap_err();
        assert!(
            matches!(&error, Error::BadRequest(text) if text.starts_with("Failed to find any class")),
            "{error}"
        );
    }
}
