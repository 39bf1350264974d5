//! `DirectoryConfigProvider`: `${name:FOLDER:FILE}`, the text of a file.

use std::{collections::BTreeSet, fs};

use crate::{Found, Provider, ProviderError, allowed::AllowedPaths};

/// Reads files of a folder, but none below it.
#[derive(Debug)]
pub(crate) struct DirectoryProvider {
    pub(crate) allowed: AllowedPaths,
    /// Whether values are escaped for a place between double quotes, as in a JAAS entry.
    pub(crate) is_quoted: bool,
}

impl Provider for DirectoryProvider {
    fn find(&self, path: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError> {
        if path.is_empty() {
            return Ok(Found::default());
        }
        let Some(folder) = self.allowed.check(path) else {
            tracing::warn!(path, "a config provider is not allowed to read the folder");
            return Ok(Found::default());
        };
        if !folder.is_dir() {
            tracing::warn!(path, "what a config provider has to read is no folder");
            return Ok(Found::default());
        }
        let mut found = Found::default();
        for key in keys.iter().filter(|it| is_file_name(it)) {
            let file = folder.join(key);
            if !file.is_file() {
                continue;
            }
            let text = fs::read_to_string(&file).map_err(|_| {
                let file = file.display();
                ProviderError(format!("Could not read file {file} for property {key}"))
            })?;
            let text = if self.is_quoted { quoted(&text) } else { text };
            found.values.insert(key.clone(), text);
        }
        Ok(found)
    }
}

/// Whether a text names a file of a folder and nothing else.
pub(crate) fn is_file_name(text: &str) -> bool {
    !text.is_empty() && !matches!(text, "." | "..") && !text.contains(['/', '\0'])
}

/// Between quotes a line break would end the entry: certificates have many.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('\n', "\\n").replace('\r', "\\r")
}
