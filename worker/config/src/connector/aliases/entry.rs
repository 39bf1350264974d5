//! The plugin that an alias names: whether it can be used, and its own keys.

use std::sync::Arc;

use super::super::{
    Kind, Plugins, Surroundings,
    plugins::{cannot_be_made, refusal, version_refusal},
    version::Requirement,
};
use crate::{ConfigDef, Parsed, Validator, invalid, parsed::trim};

/// The plugin that an alias names.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    plugins: Arc<dyn Plugins>,
    kind: Kind,
    /// The key that names its class.
    pub(super) key: String,
    /// The class as the settings name it.
    name: Option<String>,
}

/// Why a plugin cannot be used.
pub(super) enum Refusal {
    Class(String),
    Version(String),
}

impl Refusal {
    fn told(self) -> String {
        match self {
            Self::Class(error) | Self::Version(error) => error,
        }
    }
}

impl Entry {
    /// The plugin under a prefix such as `transforms.a.`.
    pub(super) fn new(kind: Kind, around: &Surroundings<'_>, prefix: &str) -> Self {
        let key = format!("{prefix}type");
        let name = around.given(&key).map(str::to_owned);
        Self { plugins: around.plugins(), kind, key, name }
    }

    /// Asks for a class that can be used in a version, unless something is wrong already.
    pub(super) fn type_validator(
        &self,
        describes: String,
        version: Option<String>,
        wrong: Option<String>,
    ) -> Validator {
        let entry = self.clone();
        Validator::rule(describes, move |_, value| match (&wrong, value) {
            (Some(wrong), _) => Err(wrong.clone()),
            (None, Parsed::Null) => Ok(()),
            (None, _) => entry.definition(version.as_deref()).map(drop).map_err(Refusal::told),
        })
    }

    /// Asks for a version of which there is the class; whether there is a class is not the question.
    pub(super) fn version_validator(&self) -> Validator {
        let entry = self.clone();
        Validator::rule("", move |_, value| {
            let Some(version) = value.as_text() else { return Ok(()) };
            match entry.definition(Some(version)) {
                Err(Refusal::Version(error)) => Err(error),
                _ => Ok(()),
            }
        })
    }

    /// The plugin's own keys. Mirrors `EnrichablePlugin.getConfigDefFromPlugin`.
    pub(super) fn definition(&self, version: Option<&str>) -> Result<ConfigDef, Refusal> {
        let Some(name) = &self.name else { return Ok(ConfigDef::default()) };
        Requirement::parse(version).map_err(Refusal::Version)?;
        let Some(class) = self.plugins.find(trim(name)) else {
            let reason = format!("Class {name} could not be found.");
            return Err(Refusal::Class(invalid(&self.key, name, &reason)));
        };
        if let Some(error) = refusal(self.plugins.as_ref(), self.kind, &class) {
            return Err(Refusal::Class(error));
        }
        if let Some(error) = version_refusal(self.plugins.as_ref(), &class, version) {
            return Err(Refusal::Version(error));
        }
        let found = self.plugins.definition(self.kind, &class);
        found.ok_or_else(|| Refusal::Class(cannot_be_made(&self.key, name, self.kind)))
    }
}
