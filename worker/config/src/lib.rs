//! Configuration of plugins and clients: flat keys and values, their definition, and what is wrong with them.

use std::collections::BTreeMap;

/// Flat configuration as users write it: key to value.
pub type Properties = BTreeMap<String, String>;

/// A plugin's settings, parsed into a type.
pub trait Config: Sized + Send + 'static {
    /// What the keys mean.
    fn definition() -> ConfigDef;
    /// The typed settings, or everything that is wrong with them.
    fn parse(settings: &Properties) -> Result<Self, Report>;
}

/// The keys of a plugin or of the framework, in order.
#[derive(Debug, Clone, Default)]
pub struct ConfigDef {}

/// The outcome of validation: the value and the errors of each key.
#[derive(Debug, Clone, Default)]
pub struct Report {}
