//! The catalog as the engine and the REST API ask for it.

use std::sync::Arc;

use anyhow::{Result, bail};
use sluice_catalog::Catalog;
use sluice_config::Properties;
use sluice_engine::PluginSource;
use sluice_plugin::{
    ConnectorPlugin, ConverterPlugin, PluginType, PredicatePlugin, TransformPlugin,
};
use sluice_rest_model::{PluginInfo, PluginKind};

/// Finds plugins for the engine.
pub(crate) struct CatalogSource(pub(crate) Arc<Catalog>);

impl PluginSource for CatalogSource {
    fn connector(&self, class: &str) -> Option<ConnectorPlugin> {
        self.0.connector(class).cloned()
    }

    fn converter(&self, class: &str) -> Option<ConverterPlugin> {
        self.0.converter_named(class).cloned()
    }

    fn transform(&self, class: &str) -> Option<TransformPlugin> {
        self.0.transform_named(class).copied()
    }

    fn predicate(&self, class: &str) -> Option<PredicatePlugin> {
        self.0.predicate_named(class).copied()
    }
}

/// Refuses a worker file whose converters there are not.
pub(crate) fn check_converters(properties: &Properties, catalog: &Catalog) -> Result<()> {
    for (key, kind) in [
        ("key.converter", PluginType::Converter),
        ("value.converter", PluginType::Converter),
        ("header.converter", PluginType::HeaderConverter),
    ] {
        let Some(class) = properties.get(key).map(|it| it.trim()) else { continue };
        if !catalog.converter_named(class).is_some_and(|it| it.kinds().contains(&kind)) {
            let known = catalog.list_all().iter().filter(|it| it.r#type == kind);
            let known: Vec<&str> = known.map(|it| it.class).collect();
            bail!(
                "Invalid value {class} for configuration {key}: Class {class} could not be found. Known are {}",
                known.join(", ")
            );
        }
    }
    Ok(())
}

/// What `GET /connector-plugins` lists.
pub(crate) fn list(catalog: &Catalog) -> Vec<PluginInfo> {
    let kind = |r#type| match r#type {
        PluginType::Sink => PluginKind::Sink,
        PluginType::Source => PluginKind::Source,
        PluginType::Transformation => PluginKind::Transformation,
        PluginType::Predicate => PluginKind::Predicate,
        PluginType::Converter => PluginKind::Converter,
        PluginType::HeaderConverter => PluginKind::HeaderConverter,
    };
    let info = |it: &sluice_catalog::Listed| PluginInfo {
        class: it.class.to_owned(),
        kind: kind(it.r#type),
        version: Some(it.version.to_owned()),
    };
    catalog.list_all().iter().map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converters_that_there_are_not_are_refused_by_key_and_class() {
        let catalog = sluice_catalog::builtin();
        for (key, class, is_right) in [
            ("key.converter", "org.apache.kafka.connect.json.JsonConverter", true),
            ("value.converter", "StringConverter", true),
            ("header.converter", "StringConverter", true),
            ("header.converter", "SimpleHeaderConverter", true),
            ("value.converter", "SimpleHeaderConverter", false),
            ("key.converter", "com.example.None", false),
            ("value.converter", "FileStreamSink", false),
        ] {
            let properties = Properties::from([(key.to_owned(), class.to_owned())]);
            match check_converters(&properties, &catalog) {
                Ok(()) => assert!(is_right, "{class}"),
                Err(error) => {
                    let told = format!(
                        "Invalid value {class} for configuration {key}: Class {class} could not be found."
                    );
                    assert!(!is_right && error.to_string().starts_with(&told), "{error}");
                }
            }
        }
    }
}
