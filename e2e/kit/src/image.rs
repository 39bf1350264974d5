//! Writes container images without a container engine: one layer, the same bytes for the same inputs, as an OCI layout
//! that also carries the manifest `docker load` reads.

pub mod product;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};
use ring::digest;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

/// The user that our programs run as: distroless' `nonroot`.
pub const NONROOT: u32 = 65_532;

/// An image of files and the program to start.
#[derive(Clone, Debug)]
pub struct Image {
    /// Name and tag.
    pub reference: String,
    /// Absolute path in the image → contents and mode.
    pub files: BTreeMap<String, Contents>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// Environment, as `NAME=VALUE`.
    pub environment: Vec<String>,
    /// Labels, such as `org.opencontainers.image.title`.
    pub labels: BTreeMap<String, String>,
}

/// One file of an image.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub executable: bool,
}

impl Contents {
    /// A file to read.
    pub fn data(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), executable: false }
    }

    /// A file to run.
    pub fn program(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), executable: true }
    }
}

impl Image {
    /// Writes the archive that `ctr images import`, `docker load`, `podman load` and `skopeo copy oci-archive:` take.
    pub fn write(&self, archive: &Path) -> Result<()> {
        let layer = Blob::new(self.layer()?);
        let config = Blob::json(&self.config(&layer));
        let manifest = Blob::json(&json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [layer.descriptor("application/vnd.oci.image.layer.v1.tar")],
        }));
        let mut listed = manifest.descriptor("application/vnd.oci.image.manifest.v1+json");
        listed["annotations"] = json!({
            "io.containerd.image.name": qualified(&self.reference),
            "org.opencontainers.image.ref.name": self.reference,
        });
        let index = json!({"schemaVersion": 2, "manifests": [listed]});
        let docker = json!([{
            "Config": config.path(),
            "RepoTags": [self.reference],
            "Layers": [layer.path()],
        }]);

        let file =
            File::create(archive).with_context(|| format!("creating {}", archive.display()))?;
        let mut tar = Builder::new(BufWriter::new(file));
        for blob in [&layer, &config, &manifest] {
            append(&mut tar, &blob.path(), &blob.bytes, 0o644)?;
        }
        append(&mut tar, "index.json", index.to_string().as_bytes(), 0o644)?;
        append(&mut tar, "manifest.json", docker.to_string().as_bytes(), 0o644)?;
        let layout = json!({"imageLayoutVersion": "1.0.0"}).to_string();
        append(&mut tar, "oci-layout", layout.as_bytes(), 0o644)?;
        tar.into_inner()?.into_inner().with_context(|| format!("writing {}", archive.display()))?;
        Ok(())
    }

    fn layer(&self) -> Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        let folders: BTreeSet<&Path> = self
            .files
            .keys()
            .flat_map(|path| Path::new(path).ancestors().skip(1))
            .filter(|folder| folder.parent().is_some())
            .collect();
        for folder in folders {
            let path = folder.to_string_lossy();
            append_folder(&mut tar, path.trim_start_matches('/'), 0o755)?;
        }
        append_folder(&mut tar, "tmp", 0o1777)?;
        for (path, contents) in &self.files {
            let mode = if contents.executable { 0o755 } else { 0o644 };
            append(&mut tar, path.trim_start_matches('/'), &contents.bytes, mode)?;
        }
        Ok(tar.into_inner()?)
    }

    fn config(&self, layer: &Blob) -> Value {
        json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "User": format!("{NONROOT}:{NONROOT}"),
                "Entrypoint": self.entrypoint,
                "Env": self.environment,
                "Labels": self.labels,
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.digest()]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "sluice-kit image"}],
        })
    }
}

/// The whole name of an image: containerd, unlike docker, adds no registry to what it imports.
fn qualified(reference: &str) -> String {
    match reference.split_once('/') {
        Some((registry, _)) if registry.contains(['.', ':']) || registry == "localhost" => {
            reference.to_owned()
        }
        Some(_) => format!("docker.io/{reference}"),
        None => format!("docker.io/library/{reference}"),
    }
}

/// Bytes that are addressed by their hash.
struct Blob {
    bytes: Vec<u8>,
    hash: String,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        let hash = digest::digest(&digest::SHA256, &bytes)
            .as_ref()
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self { bytes, hash }
    }

    fn json(value: &Value) -> Self {
        Self::new(value.to_string().into_bytes())
    }

    fn digest(&self) -> String {
        format!("sha256:{}", self.hash)
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", self.hash)
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": self.digest(), "size": self.bytes.len()})
    }
}

fn append<W: std::io::Write>(
    tar: &mut Builder<W>,
    path: &str,
    bytes: &[u8],
    mode: u32,
) -> Result<()> {
    let mut header = header(EntryType::Regular, mode);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, path, bytes)?;
    Ok(())
}

fn append_folder<W: std::io::Write>(tar: &mut Builder<W>, path: &str, mode: u32) -> Result<()> {
    let mut header = header(EntryType::Directory, mode);
    tar.append_data(&mut header, format!("{path}/"), std::io::empty())?;
    Ok(())
}

/// Nothing that differs from one build to the next: no time, no user.
fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        Image {
            reference: "sluice.test/probe:1".to_owned(),
            files: BTreeMap::from([
                ("/probe".to_owned(), Contents::program(*b"#!")),
                ("/etc/ssl/roots.pem".to_owned(), Contents::data(*b"pem")),
            ]),
            entrypoint: vec!["/probe".to_owned()],
            environment: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_archive() {
        let folder = tempfile::tempdir().unwrap();
        let archives = ["first.tar", "second.tar"].map(|name| {
            let path = folder.path().join(name);
            image().write(&path).unwrap();
            std::fs::read(path).unwrap()
        });
        assert_eq!(archives[0], archives[1]);
    }

    #[test]
    fn a_name_without_a_registry_is_qualified() {
        for (given, whole) in [
            ("sluice/worker:1", "docker.io/sluice/worker:1"),
            ("probe:1", "docker.io/library/probe:1"),
            ("sluice.test/probe:1", "sluice.test/probe:1"),
        ] {
            assert_eq!(qualified(given), whole);
        }
    }

    #[test]
    fn the_layer_holds_files_below_their_folders() {
        let layer = image().layer().unwrap();
        let mut archive = tar::Archive::new(layer.as_slice());
        let entries: Vec<(String, u32)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                (path, entry.header().mode().unwrap())
            })
            .collect();
        let expected = [
            ("etc/", 0o755),
            ("etc/ssl/", 0o755),
            ("tmp/", 0o1777),
            ("etc/ssl/roots.pem", 0o644),
            ("probe", 0o755),
        ];
        assert_eq!(entries, expected.map(|(path, mode)| (path.to_owned(), mode)));
    }
}
