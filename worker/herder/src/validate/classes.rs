//! The catalog as the framework's keys see it: classes by kind, with version and keys.

use std::{fmt, sync::Arc};

use sluice_catalog::{Catalog, Listed};
use sluice_config::{
    Classes, ConfigDef,
    connector::{Kind, Plugins},
};
use sluice_plugin::{ConnectorPlugin, PluginType};

/// A catalog's classes.
#[derive(Clone)]
pub(super) struct CatalogClasses(pub(super) Arc<Catalog>);

impl fmt::Debug for CatalogClasses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CatalogClasses")
    }
}

impl CatalogClasses {
    fn listed(&self, kind: Kind) -> impl Iterator<Item = &Listed> {
        self.0.list_all().iter().filter(move |it| is_of(kind, it.r#type))
    }
}

impl Classes for CatalogClasses {
    fn find(&self, name: &str) -> Option<String> {
        let catalog = &self.0;
        let connector = || {
            Some(match catalog.connector(name)? {
                ConnectorPlugin::Source(it) => it.name(),
                ConnectorPlugin::Sink(it) => it.name(),
            })
        };
        let found = connector()
            .or_else(|| Some(catalog.converter_named(name)?.name()))
            .or_else(|| Some(catalog.transform_named(name)?.name))
            .or_else(|| Some(catalog.predicate_named(name)?.name));
        // `Cast` is a class too, though only its nested classes are plugins.
        let outer = format!("{name}$");
        let is_outer = || catalog.list_all().iter().any(|it| it.class.starts_with(&outer));
        found.map(str::to_owned).or_else(|| is_outer().then(|| name.to_owned()))
    }
}

impl Plugins for CatalogClasses {
    fn classes(&self, kind: Kind) -> Vec<String> {
        let mut classes: Vec<String> = self.listed(kind).map(|it| it.class.to_owned()).collect();
        classes.sort();
        classes
    }

    fn version(&self, kind: Kind, class: &str) -> Option<String> {
        self.listed(kind).find(|it| it.class == class).map(|it| it.version.to_owned())
    }

    fn definition(&self, kind: Kind, class: &str) -> Option<ConfigDef> {
        match kind {
            Kind::Transformation => Some((self.0.transform_named(class)?.definition)()),
            Kind::Predicate => Some((self.0.predicate_named(class)?.definition)()),
            Kind::Connector | Kind::Converter | Kind::HeaderConverter => None,
        }
    }
}

const fn is_of(kind: Kind, listed: PluginType) -> bool {
    match kind {
        Kind::Connector => matches!(listed, PluginType::Source | PluginType::Sink),
        Kind::Converter => matches!(listed, PluginType::Converter),
        Kind::HeaderConverter => matches!(listed, PluginType::HeaderConverter),
        Kind::Transformation => matches!(listed, PluginType::Transformation),
        Kind::Predicate => matches!(listed, PluginType::Predicate),
    }
}
