//! The catalog as the engine and the REST API ask for it.

use std::sync::Arc;

use sluice_catalog::Catalog;
use sluice_engine::PluginSource;
use sluice_plugin::{ConnectorPlugin, ConverterPlugin, PluginType};
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
