//! Where the engine finds plugins by their class names.

use sluice_plugin::{ConnectorPlugin, ConverterPlugin, PredicatePlugin, TransformPlugin};

/// The plugins of this worker. Names may be full, simple, or an alias, as in Java.
pub trait PluginSource: Send + Sync {
    /// The connector of a class.
    fn connector(&self, class: &str) -> Option<ConnectorPlugin>;
    /// The converter of a class.
    fn converter(&self, class: &str) -> Option<ConverterPlugin>;
    /// The transform of a class.
    fn transform(&self, class: &str) -> Option<TransformPlugin>;
    /// The predicate of a class.
    fn predicate(&self, class: &str) -> Option<PredicatePlugin>;
}
