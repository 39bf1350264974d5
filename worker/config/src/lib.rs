//! Configuration of plugins and clients: flat keys and values, their definition, and what is wrong with them. No I/O.

pub mod clients;
pub mod connector;
mod definition;
pub mod java_order;
mod parsed;
pub mod placeholder;
mod properties;
mod recommender;
mod reference;
pub mod regex;
mod report;
mod secret;
mod setting;
mod suggest;
mod validate;
mod validator;

use std::collections::BTreeMap;

pub use definition::{Check, ConfigDef, ConfigKey, Default, Importance, Text, Type, Width};
pub use parsed::{AnyClass, Classes, Parsed};
pub use properties::{
    PropertiesError, parse as parse_properties, parse_text as parse_properties_text,
};
pub use recommender::{Recommended, Recommender};
pub use report::{ConfigValue, Nullable, Report};
pub use secret::Secret;
pub use setting::{Millis, Setting};
pub use sluice_config_derive::Config;
pub use suggest::nearest;
pub use validator::{Rule, Validator, invalid};

/// Flat configuration as users write it: key to value.
pub type Properties = BTreeMap<String, String>;

/// A plugin's settings, parsed into a type. Derive it: one field for each key.
///
/// ```
/// use sluice_config::{Config, Properties};
///
/// /// Settings of a shop's connector.
/// #[derive(Config)]
/// struct Shop {
///     /// Address of the shop.
///     #[config(key = "shop.address", importance = High)]
///     address: String,
///     /// Orders that one poll fetches.
///     #[config(key = "batch.size", default = "100", importance = Low)]
///     batch_size: usize,
/// }
///
/// let report = Shop::parse(&Properties::new()).err().expect("the address is missing");
/// assert_eq!(report.errors().count(), 1);
/// ```
pub trait Config: Sized + Send + 'static {
    /// What the keys mean.
    fn definition() -> ConfigDef;

    /// The typed settings and what is said about them, which is warnings alone, or everything that is wrong with them.
    fn read(settings: &Properties) -> Result<(Self, Report), Report>;

    /// The typed settings, or everything that is wrong with them.
    fn parse(settings: &Properties) -> Result<Self, Report> {
        Self::read(settings).map(|(parsed, _)| parsed)
    }
}
