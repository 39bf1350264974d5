//! What is expensive to make is made once and kept outside the checkout, so that a second run starts in seconds.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, process};

use anyhow::{Context, Result};
use ring::digest;

/// `$SLUICE_KIT_CACHE`, else `sluice-kit` in the user's cache folder.
pub fn folder() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    set("SLUICE_KIT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|it| it.join("sluice-kit")))
        .or_else(|| set("HOME").map(|it| it.join(".cache/sluice-kit")))
        .context("no cache folder: set SLUICE_KIT_CACHE")
}

/// The folder of the cache where `name` made from these inputs is, or will be.
pub fn place(name: &str, inputs: &[&[u8]]) -> Result<PathBuf> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for input in inputs {
        hash.update(&(input.len() as u64).to_be_bytes());
        hash.update(input);
    }
    let key = hash.finish().as_ref()[..8]
        .iter()
        .fold(String::new(), |key, byte| format!("{key}{byte:02x}"));
    Ok(folder()?.join(format!("{name}-{key}")))
}

/// The folder that holds `name` made from these inputs. If it is not there, `fill` makes it; of several processes that
/// need it at once, one makes it and the others wait. Blocks.
pub fn entry(
    name: &str,
    inputs: &[&[u8]],
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let made = place(name, inputs)?;
    if made.exists() {
        return Ok(made);
    }
    fs::create_dir_all(folder()?)?;
    let lock = File::create(made.with_extension("lock"))?;
    lock.lock()?;
    if made.exists() {
        return Ok(made);
    }
    let partial = made.with_extension(format!("partial.{}", process::id()));
    fs::create_dir_all(&partial)?;
    let outcome = fill(&partial).and_then(|()| Ok(fs::rename(&partial, &made)?));
    if outcome.is_err() {
        fs::remove_dir_all(&partial)?;
    }
    outcome.with_context(|| format!("making {name} for the test kit"))?;
    Ok(made)
}
