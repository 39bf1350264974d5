//! Which classes a task is made of, and their versions (KIP-891, `TaskPluginsMetadata`).

use std::collections::BTreeMap;

use sluice_plugin::{ConnectorPlugin, Properties};

use crate::{chain, converters, engine::task_class, plugins::PluginSource, settings::under};

/// A class and its version; empty where there is no such class, which fails the task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) version: &'static str,
}

/// The classes of one task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TaskPlugins {
    pub(crate) connector: Class,
    pub(crate) task: Class,
    pub(crate) key: Class,
    pub(crate) value: Class,
    pub(crate) header: Class,
    /// By alias, as are the predicates; those that no transform asks are not among them.
    pub(crate) transforms: BTreeMap<String, Class>,
    pub(crate) predicates: BTreeMap<String, Class>,
}

impl TaskPlugins {
    /// The classes that a connector's settings name, or else the worker's.
    pub(crate) fn of(
        catalog: &dyn PluginSource,
        plugin: &ConnectorPlugin,
        connector: &Properties,
        worker: &Properties,
    ) -> Self {
        let (name, version) = match plugin {
            ConnectorPlugin::Source(source) => (source.name(), source.version()),
            ConnectorPlugin::Sink(sink) => (sink.name(), sink.version()),
        };
        let converter = |prefix| {
            let chosen = converters::choose(prefix, connector, worker).ok();
            let factory = chosen.and_then(|(class, _)| catalog.converter(&class));
            let class =
                |it: &dyn sluice_plugin::ConverterFactory| Class::new(it.name(), it.version());
            factory.as_deref().map(class).unwrap_or_default()
        };
        let (mut transforms, mut predicates) = (BTreeMap::new(), BTreeMap::new());
        for alias in chain::aliases(connector) {
            let settings = under(connector, &format!("transforms.{alias}."));
            let found = settings.get("type").and_then(|it| catalog.transform(it.trim()));
            if let Some(found) = found {
                transforms.insert(alias.to_owned(), Class::new(found.name, found.version));
            }
            let Some(asked) = settings.get("predicate").map(|it| it.trim()) else { continue };
            let class = connector.get(&format!("predicates.{asked}.type"));
            if let Some(found) = class.and_then(|it| catalog.predicate(it.trim())) {
                predicates.insert(asked.to_owned(), Class::new(found.name, found.version));
            }
        }
        Self {
            connector: Class::new(name, version),
            task: Class { name: task_class(name), version },
            key: converter("key.converter"),
            value: converter("value.converter"),
            header: converter("header.converter"),
            transforms,
            predicates,
        }
    }
}

impl Class {
    fn new(name: &str, version: &'static str) -> Self {
        Self { name: name.to_owned(), version }
    }
}
