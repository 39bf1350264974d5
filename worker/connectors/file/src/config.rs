//! Keys of the file connectors.

use std::path::PathBuf;

use sluice_plugin::{Error, Properties, Result, config::Config, files};

/// Keys of the source.
#[derive(Debug, Clone, Config)]
pub struct SourceConfig {
    /// Path of the file to read.
    #[config(key = "file", importance = High)]
    pub file: Option<String>,
    /// Topic to write lines to.
    #[config(key = "topic", importance = High, non_empty)]
    pub topic: String,
    /// Most lines that one poll hands out; less than one counts as one, as in Java.
    #[config(key = "batch.size", default = "2000", importance = Low)]
    pub batch_size: i32,
}

/// Keys of the sink.
#[derive(Debug, Clone, Config)]
pub struct SinkConfig {
    /// Path of the file to append to.
    #[config(key = "file", importance = High)]
    pub file: Option<String>,
}

/// The file that a connector may touch.
pub(crate) fn file(named: Option<&str>, worker: &Properties) -> Result<PathBuf> {
    let Some(file) = named.map(str::trim).filter(|it| !it.is_empty()) else {
        return Err(Error::fatal(
            "file is not set: standard input and output belong to the worker; name a file below one of the folders in \
             the worker key sluice.file.paths",
        ));
    };
    files::allowed("file", file, worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_to_be_named() {
        let worker = Properties::from([(files::ALLOWED_PATHS.to_owned(), "/tmp".to_owned())]);
        for named in [None, Some(""), Some(" ")] {
            let error = file(named, &worker).unwrap_err().to_string();
            assert!(error.starts_with("file is not set"), "{error}");
        }
        assert_eq!(file(Some(" /tmp/a "), &worker).unwrap(), PathBuf::from("/tmp/a"));
    }
}
