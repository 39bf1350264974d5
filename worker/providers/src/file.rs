//! `FileConfigProvider`: `${name:FILE:KEY}`, a key of a properties file.

use std::{collections::BTreeSet, fs};

use sluice_config::parse_properties_text;

use crate::{Found, Provider, ProviderError, allowed::AllowedPaths};

/// Reads properties files, in UTF-8.
#[derive(Debug)]
pub(crate) struct FileProvider(pub(crate) AllowedPaths);

impl Provider for FileProvider {
    fn find(&self, path: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError> {
        if path.is_empty() {
            return Ok(Found::default());
        }
        let Some(allowed) = self.0.check(path) else {
            tracing::warn!(path, "a config provider is not allowed to read the file");
            return Ok(Found::default());
        };
        let unreadable = || ProviderError(format!("Could not read properties from file {path}"));
        let text = fs::read_to_string(allowed).map_err(|_| unreadable())?;
        let mut values = parse_properties_text(&text).map_err(|_| unreadable())?;
        values.retain(|key, _| keys.contains(key));
        Ok(Found { values, ttl: None })
    }
}
