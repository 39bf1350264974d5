//! The paths that a provider may read (`AllowedPaths`).

use std::path::{Component, Path, PathBuf};

use crate::ProviderError;

/// Folders and files, with all that is below them; none given means all.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedPaths(Option<Vec<PathBuf>>);

impl AllowedPaths {
    /// Reads the parameter `allowed.paths`.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, ProviderError> {
        let Some(text) = text.filter(|it| !it.is_empty()) else { return Ok(Self(None)) };
        let allow = |path: &str| {
            let path = normalized(Path::new(path));
            let shown = path.display();
            if !path.is_absolute() {
                Err(ProviderError(format!("Path {shown} is not absolute")))
            } else if path.exists() {
                Ok(path)
            } else {
                Err(ProviderError(format!("Path {shown} does not exist")))
            }
        };
        Ok(Self(Some(text.split(',').map(allow).collect::<Result<_, _>>()?)))
    }

    /// The path to read; none if it is not allowed.
    pub(crate) fn check(&self, path: &str) -> Option<PathBuf> {
        let Some(allowed) = &self.0 else { return Some(PathBuf::from(path)) };
        let path = normalized(Path::new(path));
        allowed.iter().any(|it| path.starts_with(it)).then_some(path)
    }
}

/// `Path.normalize`: `.` and `..` are resolved as text, without a look at the file system.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match normalized.components().next_back() {
                Some(Component::Normal(_)) => {
                    normalized.pop();
                }
                Some(Component::RootDir) => {}
                _ => normalized.push(".."),
            },
            other => normalized.push(other),
        }
    }
    normalized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        let allowed = AllowedPaths::parse(Some(&format!("{root}/./a,{root}/b/../a"))).unwrap();
        for (path, is_allowed) in [
            (format!("{root}/a/x"), true),
            (format!("{root}/a"), true),
            (format!("{root}/ab"), false),
            (format!("{root}/a/../b"), false),
            (format!("{root}/c/../a/x"), true),
            ("/etc/passwd".to_owned(), false),
            ("a".to_owned(), false),
        ] {
            assert_eq!(allowed.check(&path).is_some(), is_allowed, "{path}");
        }
        assert!(AllowedPaths::parse(None).unwrap().check("/etc/passwd").is_some());
        for (text, expected) in [
            ("a/b", "Path a/b is not absolute"),
            ("/nowhere/at/all", "Path /nowhere/at/all does not exist"),
        ] {
            let error = AllowedPaths::parse(Some(text)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
