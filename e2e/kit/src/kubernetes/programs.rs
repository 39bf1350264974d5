//! The programs of the tiers: compiled from Go modules whose lock files are part of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache;

const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kubernetes");

/// What the programs say as their version; Go's build does not know it for a module used as a library.
const VERSION: &str = "v1.35.8";

/// The one binary of etcd, the Kubernetes components, kubectl and CoreDNS. Builds it if the cache has none, which takes
/// minutes. Blocks.
pub fn hyperkube() -> Result<PathBuf> {
    let module = Path::new(MODULES).join("hyperkube");
    let inputs = inputs(&module)?;
    let entry = cache::entry("hyperkube", &slices(&inputs), |folder| {
        let set = |variable: &str, value: &str| {
            format!("-X k8s.io/component-base/version.{variable}={value}")
        };
        let flags = [
            "-s -w".to_owned(),
            set("gitVersion", VERSION),
            set("gitMajor", "1"),
            set("gitMinor", "35"),
            set("gitTreeState", "clean"),
        ];
        go_build(&module, ".", &folder.join("hyperkube"), &flags.join(" "))?;
        go_build(&module, "./pause", &folder.join("pause"), "-s -w")
    })?;
    Ok(entry.join("hyperkube"))
}

/// Helm 4. Builds it if the cache has none. Blocks.
pub(super) fn helm() -> Result<PathBuf> {
    let module = Path::new(MODULES).join("helm");
    let inputs = inputs(&module)?;
    let entry = cache::entry("helm", &slices(&inputs), |folder| {
        go_build(&module, "helm.sh/helm/v4/cmd/helm", &folder.join("helm"), "-s -w")
    })?;
    Ok(entry.join("helm"))
}

/// A controller of Flux, such as `kustomize-controller`. Builds it if the cache has none, which takes minutes. Blocks.
pub(super) fn flux(controller: &str) -> Result<PathBuf> {
    let module = Path::new(MODULES).join("flux");
    let inputs = inputs(&module)?;
    let entry = cache::entry(controller, &slices(&inputs), |folder| {
        let package = format!("github.com/fluxcd/{controller}");
        go_build(&module, &package, &folder.join(controller), "-s -w")
    })?;
    Ok(entry.join(controller))
}

/// The program that asks kstatus and Argo CD's Lua engine. Builds it if the cache has none. Blocks.
pub(super) fn verdicts() -> Result<PathBuf> {
    let module = Path::new(MODULES).join("verdicts");
    let inputs = inputs(&module)?;
    let entry = cache::entry("verdicts", &slices(&inputs), |folder| {
        go_build(&module, ".", &folder.join("verdicts"), "-s -w")
    })?;
    Ok(entry.join("verdicts"))
}

/// What this machine lacks for the API tier, in one line.
pub fn missing_for_control_plane() -> Option<String> {
    let module = Path::new(MODULES).join("hyperkube");
    let built = inputs(&module)
        .and_then(|inputs| cache::place("hyperkube", &slices(&inputs)))
        .is_ok_and(|place| place.exists());
    if !on_path("setpriv") || !on_path("setsid") {
        return Some("setpriv and setsid (Debian: util-linux) are not on the PATH".to_owned());
    }
    (!built && !on_path("go"))
        .then(|| "go 1.26 or newer, which builds Kubernetes once, is not on the PATH".to_owned())
}

/// Whether a program can be started by its name.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|it| it.join(program).is_file()))
}

/// All that decides what comes out of a module's build.
fn inputs(module: &Path) -> Result<Vec<Vec<u8>>> {
    ["go.mod", "go.sum", "main.go", "pause/main.go"]
        .into_iter()
        .map(|file| module.join(file))
        .filter(|file| file.exists())
        .map(|file| fs::read(&file).with_context(|| format!("reading {}", file.display())))
        .collect()
}

fn slices(inputs: &[Vec<u8>]) -> Vec<&[u8]> {
    inputs.iter().map(Vec::as_slice).collect()
}

fn go_build(module: &Path, package: &str, output: &Path, linker_flags: &str) -> Result<()> {
    // Static, without the checkout's path or state in it, and never with a go.mod other than the committed one.
    let built = Command::new("go")
        .current_dir(module)
        .env("CGO_ENABLED", "0")
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .args(["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-tags=grpcnotrace"])
        .args(["-ldflags", linker_flags])
        .arg("-o")
        .arg(output)
        .arg(package)
        .output()
        .context("starting go")?;
    ensure!(
        built.status.success(),
        "go build {package}: {}: {}",
        built.status,
        String::from_utf8_lossy(&built.stderr)
    );
    Ok(())
}
