//! Custom resource definitions of other projects, as their Go modules carry them: so that a real API server says whether
//! what we write for their kinds is sound.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cache;

/// A module with its checksum, and the definitions to take from it.
struct Module {
    version: &'static str,
    sum: &'static str,
    files: &'static [&'static str],
}

const MODULES: [Module; 4] = [
    Module {
        version: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        files: &[
            "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        ],
    },
    Module {
        version: "github.com/argoproj/argo-cd/v3@v3.3.0",
        sum: "h1:9UlruTd5cC/MyvorTXgAIblfZTy63MF5FYvvoAaUvwU=",
        files: &["manifests/crds/application-crd.yaml"],
    },
    Module {
        version: "github.com/fluxcd/kustomize-controller@v1.9.5",
        sum: "h1:/XY2zy3K7fntyppEXIHG7oRMzmfgIt50eJzUfaPX1Kc=",
        files: &["config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"],
    },
    Module {
        version: "github.com/fluxcd/source-controller@v1.9.6",
        sum: "h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=",
        files: &[
            "config/crd/bases/source.toolkit.fluxcd.io_buckets.yaml",
            "config/crd/bases/source.toolkit.fluxcd.io_externalartifacts.yaml",
            "config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml",
            "config/crd/bases/source.toolkit.fluxcd.io_helmcharts.yaml",
            "config/crd/bases/source.toolkit.fluxcd.io_helmrepositories.yaml",
            "config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml",
        ],
    },
];

/// A folder with the definitions of Prometheus Operator (monitors and rules), Argo CD (Application) and Flux
/// (Kustomization and all kinds of sources, of the versions that [`super::Flux`] runs), and nothing else. Fetches them if the cache has none. Blocks.
pub fn foreign_definitions() -> Result<PathBuf> {
    let inputs: Vec<&[u8]> = MODULES
        .iter()
        .flat_map(|it| [it.version, it.sum].into_iter().chain(it.files.iter().copied()))
        .map(str::as_bytes)
        .collect();
    cache::entry("foreign-definitions", &inputs, |folder| {
        MODULES.iter().try_for_each(|module| take(module, folder))
    })
}

fn take(module: &Module, folder: &Path) -> Result<()> {
    // Outside of any module, or go would look the version up in a go.mod.
    let fetched = Command::new("go")
        .current_dir(folder)
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .args(["mod", "download", "-json", module.version])
        .output()
        .context("starting go")?;
    let answer: Value = serde_json::from_slice(&fetched.stdout).unwrap_or_default();
    let text = |key: &str| answer[key].as_str().unwrap_or_default();
    ensure!(
        fetched.status.success() && text("Sum") == module.sum,
        "go mod download {}: sum {:?}, {}{}",
        module.version,
        text("Sum"),
        text("Error"),
        String::from_utf8_lossy(&fetched.stderr)
    );
    for file in module.files {
        let name = Path::new(file).file_name().context("a file has a name")?;
        fs::copy(Path::new(text("Dir")).join(file), folder.join(name))
            .with_context(|| format!("{} has no {file}", module.version))?;
    }
    Ok(())
}
