//! The programs of this workspace, as the build made them.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The program of the build that the running test belongs to.
pub fn binary(name: &str) -> Result<PathBuf> {
    let test = env::current_exe()?;
    let folder = test
        .ancestors()
        .find(|it| it.file_name().is_some_and(|name| name == "debug" || name == "release"))
        .context("the test was not started from a target folder")?;
    present(folder.join(name), &format!("cargo build --bin {name}"))
}

/// The optimised program, for figures.
pub fn release_binary(name: &str) -> Result<PathBuf> {
    let test = env::current_exe()?;
    let target = test
        .ancestors()
        .find(|it| it.file_name().is_some_and(|name| name == "debug" || name == "release"))
        .and_then(|it| it.parent())
        .context("the test was not started from a target folder")?;
    present(target.join("release").join(name), &format!("cargo build --release --bin {name}"))
}

fn present(program: PathBuf, build: &str) -> Result<PathBuf> {
    ensure!(program.is_file(), "{} is not there: run `{build}` first", program.display());
    Ok(program)
}
