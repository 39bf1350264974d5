//! Manifests as the user names them: files, folders, standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

/// A text and what errors call it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

/// A file or folder that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct Error {
    path: PathBuf,
    source: std::io::Error,
}

/// Reads the files of all paths; `-` is standard input.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    for path in paths {
        let failed = |source| Error { path: path.clone(), source };
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(failed)?;
            sources.push(Source { name: "standard input".to_owned(), text });
            continue;
        }
        for file in of_path(path).map_err(failed)? {
            let text = std::fs::read_to_string(&file)
                .map_err(|source| Error { path: file.clone(), source })?;
            sources.push(Source { name: file.display().to_string(), text });
        }
    }
    Ok(sources)
}

/// The files of a folder that hold manifests, or the one file.
pub(super) fn of_path(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        if file.is_file() && is_manifest(&file) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// As kubectl chooses them, without what belongs to kustomize.
fn is_manifest(file: &Path) -> bool {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|it| it.to_string_lossy().to_lowercase());
    let is_yaml =
        text(file.extension()).is_some_and(|it| ["yaml", "yml", "json"].contains(&it.as_str()));
    is_yaml && text(file.file_stem()).is_some_and(|stem| stem != "kustomization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_kustomize_are_no_manifests() {
        for (file, expected) in [
            ("a.yaml", true),
            ("a.yml", true),
            ("a.json", true),
            ("kustomization.yaml", false),
            ("Kustomization", false),
            ("lines.txt", false),
        ] {
            assert_eq!(is_manifest(Path::new(file)), expected, "{file}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = read(&["/nowhere/a.yaml".into()]).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nowhere/a.yaml");
    }
}
