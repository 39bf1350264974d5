//! Secrets in a mounted folder: `${secrets:NAME:KEY}` is the text of its file `NAME_KEY`. Neither names of Secrets nor
//! those of Kubernetes objects have an underscore, so that a file belongs to one pair alone.

use std::{collections::BTreeSet, fs, io::ErrorKind, path::PathBuf};

use crate::{Found, Provider, ProviderError, directory::is_file_name};

/// Reads files of one folder.
#[derive(Debug)]
pub(crate) struct SecretsProvider(pub(crate) PathBuf);

impl Provider for SecretsProvider {
    fn is_watched(&self) -> bool {
        true
    }

    fn find(&self, path: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError> {
        let mut found = Found::default();
        for key in keys {
            let file = format!("{path}_{key}");
            if path.is_empty() || path.contains('_') || key.is_empty() || !is_file_name(&file) {
                return Err(ProviderError(format!(
                    "${{secrets:{path}:{key}}} names no secret: write ${{secrets:NAME:KEY}}"
                )));
            }
            let text = fs::read_to_string(self.0.join(file)).map_err(|error| {
                let reason = match error.kind() {
                    ErrorKind::NotFound => "is not in the folder of sluice.secrets.path",
                    ErrorKind::InvalidData => "is no text in UTF-8",
                    _ => "cannot be read",
                };
                ProviderError(format!("the key {key} of the secret {path} {reason}"))
            })?;
            found.values.insert(key.clone(), text);
        }
        Ok(found)
    }
}
