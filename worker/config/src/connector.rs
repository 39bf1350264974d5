//! The keys that the framework adds to every connector, in Java's order, with the defaults and the advice that a worker's
//! plugins and settings give: `ConnectorConfig`, `SinkConnectorConfig`, `SourceConnectorConfig`.

mod aliases;
mod framework;
mod plugins;
mod policy;
mod sink;
mod source;
mod version;

use std::sync::Arc;

use crate::{Classes, ConfigDef, Nullable, Properties};

pub use framework::common_definition;
pub use plugins::{Kind, Plugins, version_refusal};
pub use policy::OverridePolicy;
pub use sink::{TOPICS, TOPICS_REGEX, check_topics, has_dead_letters, sink_definition};
pub use source::source_definition;

const COMMON: &str = "Common";
const ERRORS: &str = "Error Handling";

/// The key of the connector's class.
pub const CLASS: &str = "connector.class";
/// The key of the version that the connector's class must have.
pub const VERSION: &str = "connector.plugin.version";

/// What the keys of a connector depend on.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The worker's plugins.
    pub plugins: Arc<dyn Plugins>,
    /// The worker's own settings: its converters are the defaults of connectors.
    pub worker: &'a Properties,
    /// The connector's settings.
    pub settings: &'a Nullable,
}

impl Surroundings<'_> {
    fn plugins(&self) -> Arc<dyn Plugins> {
        Arc::clone(&self.plugins)
    }

    /// A setting of the connector, if it is given and not null.
    fn given(&self, key: &str) -> Option<&str> {
        self.settings.get(key).and_then(Option::as_deref)
    }

    /// The version of the class that a user means by a name, if it is of the kind.
    fn version(&self, kind: Kind, name: &str) -> Option<String> {
        self.plugins.version(kind, &self.plugins.find(name)?)
    }
}

/// The same keys where nothing is known of a worker: for documentation, and for connectors that cannot be found.
#[derive(Debug, Clone, Copy)]
pub struct NoPlugins;

impl Classes for NoPlugins {
    fn find(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}

impl Plugins for NoPlugins {
    fn classes(&self, _: Kind) -> Vec<String> {
        Vec::new()
    }

    fn version(&self, _: Kind, _: &str) -> Option<String> {
        None
    }

    fn definition(&self, _: Kind, _: &str) -> Option<ConfigDef> {
        None
    }
}

#[cfg(test)]
mod tests;
