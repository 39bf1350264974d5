//! `EnvVarConfigProvider`: `${name:VARIABLE}`, a variable of the process's environment.

use std::collections::{BTreeMap, BTreeSet};

use sluice_config::regex::JavaRegex;

use crate::{Found, Provider, ProviderError};

/// The variables that may be read.
pub(crate) struct EnvironmentProvider(BTreeMap<String, String>);

impl EnvironmentProvider {
    /// Takes the variables whose whole names match the pattern; all if there is none.
    pub(crate) fn new(
        environment: &BTreeMap<String, String>,
        pattern: Option<&str>,
    ) -> Result<Self, ProviderError> {
        let mut allowed = environment.clone();
        if let Some(pattern) = pattern {
            let wrong = |error: &dyn std::fmt::Display| {
                ProviderError(format!("allowlist.pattern {pattern} is no pattern: {error}"))
            };
            let regex = JavaRegex::new(pattern).map_err(|error| wrong(&error))?;
            // A pattern that takes too long to decide allows nothing.
            allowed.retain(|name, _| regex.matches(name).unwrap_or(false));
        }
        Ok(Self(allowed))
    }
}

impl Provider for EnvironmentProvider {
    fn find(&self, path: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError> {
        if !path.is_empty() {
            return Err(ProviderError(format!(
                "Path is not supported for EnvVarConfigProvider, invalid value '{path}'"
            )));
        }
        let value = |key: &String| Some((key.clone(), self.0.get(key)?.clone()));
        Ok(Found { values: keys.iter().filter_map(value).collect(), ttl: None })
    }
}
