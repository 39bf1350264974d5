//! Confluent's own converters, as an oracle for ours: jars that a package of PyPI carries, beside those of Kafka.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tokio::task::spawn_blocking;

use crate::{cache, java};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/confluent");
/// What decides the jars: the package, and those of its jars that are kept.
const LOCK: [&[u8]; 3] = [
    include_bytes!("../confluent/requirements.txt"),
    include_bytes!("../confluent/jars.txt"),
    COMMON_PROTOS.as_bytes(),
];

/// What Confluent's Protobuf names beside it; the one of the package is too old for it.
const COMMON_PROTOS: &str = "com.google.api.grpc:proto-google-common-protos:2.22.1:jar";

/// What this machine lacks for Confluent's converters, in one line.
pub fn missing() -> Option<String> {
    let fetched = cache::place("confluent", &LOCK).is_ok_and(|it| it.exists());
    let has_pip = || {
        let output = Command::new("python3").args(["-m", "pip", "--version"]).output();
        output.is_ok_and(|it| it.status.success())
    };
    java::missing().or_else(|| {
        (!fetched && !has_pip()).then(|| {
            "python3 with pip (Debian: python3-pip), which fetches Confluent's jars once, is not on the PATH"
                .to_owned()
        })
    })
}

/// The class path of Confluent's converters with Kafka's own jars, which come first. Fetches the jars if the cache has
/// none.
pub async fn class_path() -> Result<String> {
    Ok(format!("{}:{}/*", java::class_path().await?, jars().await?.display()))
}

/// The folder of the jars alone, for a worker that has Kafka's. Fetches them likewise.
pub async fn jars() -> Result<PathBuf> {
    spawn_blocking(|| cache::entry("confluent", &LOCK, fetch)).await?
}

fn fetch(folder: &Path) -> Result<()> {
    let wheels = tempfile::tempdir()?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
        .args(["--require-hashes", "--requirement"])
        .arg(Path::new(FOLDER).join("requirements.txt"))
        .arg("--dest")
        .arg(wheels.path());
    run(pip)?;
    let wheel = std::fs::read_dir(wheels.path())?.next().context("pip brought no wheel")??.path();
    let of = |name: &str| -> PathBuf { Path::new(FOLDER).join(name) };
    let mut unpack = Command::new("python3");
    unpack.arg(of("unpack.py")).arg(wheel).arg(of("jars.txt")).arg(folder);
    run(unpack)?;
    java::copy(COMMON_PROTOS, folder)
}

fn run(mut command: Command) -> Result<()> {
    let output = command.output().context("starting python3")?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
