//! Which files a connector may touch: those below the folders in the worker key `sluice.file.paths`.

use std::path::{Path, PathBuf};

use crate::{Error, Properties, Result};

/// Worker key with the allowed folders, comma-separated.
pub const ALLOWED_PATHS: &str = "sluice.file.paths";

/// The file that a connector names in a setting, if it lies below an allowed folder. `worker` are the worker's settings.
///
/// Links and `..` are resolved first, in the deepest folder that exists, so that neither leads out. A link that is made
/// after that does: whoever may write into an allowed folder is trusted with what the worker may touch.
///
/// # Errors
/// Fatal, and names setting and file: the path is not absolute, lies elsewhere, or cannot be looked up.
pub fn allowed(setting: &str, file: &str, worker: &Properties) -> Result<PathBuf> {
    let folders: Vec<&str> = worker
        .get(ALLOWED_PATHS)
        .map(|it| it.split(',').map(str::trim).filter(|it| !it.is_empty()).collect())
        .unwrap_or_default();
    if folders.is_empty() {
        return Err(Error::fatal(format!(
            "{setting} {file} is not allowed: the worker allows no folder; set the worker key {ALLOWED_PATHS}"
        )));
    }
    let path = resolve(Path::new(file)).map_err(|error| {
        Error::fatal(format!("{setting} {file} cannot be looked up")).because(error)
    })?;
    let is_below =
        |folder: &&str| resolve(Path::new(folder)).is_ok_and(|folder| path.starts_with(folder));
    if folders.iter().any(is_below) {
        return Ok(path);
    }
    Err(Error::fatal(format!(
        "{setting} {file} is not allowed: it is not below {} (worker key {ALLOWED_PATHS})",
        folders.join(" or ")
    )))
}

/// The path with links resolved as far as it exists; what does not exist may hold no `..`.
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    if !path.is_absolute() {
        return Err(std::io::Error::other("the path is not absolute"));
    }
    let mut missing = Vec::new();
    let mut existing = path;
    loop {
        match existing.canonicalize() {
            Ok(resolved) => {
                return Ok(missing.iter().rev().fold(resolved, |path, part| path.join(part)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else {
                    return Err(error);
                };
                missing.push(name);
                existing = parent;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_an_allowed_folder_are_touched() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        let outside = folder.path().join("out");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let allow = |paths: &str| Properties::from([(ALLOWED_PATHS.to_owned(), paths.to_owned())]);
        let inside_text = inside.to_str().unwrap();
        let file = |name: &str| format!("{inside_text}/{name}");
        for (file, worker, expected) in [
            (file("a"), allow(inside_text), true),
            (file("b/c"), allow(&format!("/nowhere, {inside_text}")), true),
            (file("../out/a"), allow(inside_text), false),
            (file("missing/../../out/a"), allow(inside_text), false),
            (file("link/a"), allow(inside_text), false),
            (format!("{inside_text}x/a"), allow(inside_text), false),
            (file("a"), allow(""), false),
            (file("a"), Properties::new(), false),
            ("relative".to_owned(), allow(inside_text), false),
        ] {
            assert_eq!(allowed("file", &file, &worker).is_ok(), expected, "{file} {worker:?}");
        }
    }
}
