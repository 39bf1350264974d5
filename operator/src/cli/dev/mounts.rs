//! Volumes on this machine: which local folder stands for a volume, and what becomes of paths that lead into it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kube::ResourceExt;
use sluice_crds::{KafkaConnect, Volume, yaml};

use super::manifests::{Files, Located, Manifests};

/// The mounts of one cluster, longest path first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mounts(Vec<(String, PathBuf)>);

/// A folder that must be there before the workers start, with these files in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) files: Files,
}

/// Where folders are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'a> {
    /// The folder with the manifests.
    pub(super) manifests: &'a Path,
    /// The folder of this run.
    pub(super) state: &'a Path,
    /// Folders that the user names.
    pub(super) given: &'a [(String, PathBuf)],
}

impl Mounts {
    /// The mounts of a cluster and the folders behind them.
    pub(super) fn of(
        cluster: &Located<KafkaConnect>,
        manifests: &Manifests,
        places: Places<'_>,
    ) -> Result<(Self, Vec<Folder>), yaml::Error> {
        let template = cluster.object.spec.template.clone().unwrap_or_default();
        let mut by_name = BTreeMap::new();
        let mut folders = Vec::new();
        for (index, volume) in template.pod.iter().flat_map(|pod| &pod.volumes).enumerate() {
            let field = format!("spec.template.pod.volumes[{index}]");
            let name = cluster.object.name_any();
            let folder = folder(volume, &name, manifests, places)
                .map_err(|message| cluster.document.refuse(Some(&field), message))?;
            by_name.insert(volume.name.clone(), folder.path.clone());
            folders.push(folder);
        }
        let mut mounts = Vec::new();
        for mount in template.connect_container.iter().flat_map(|it| &it.volume_mounts) {
            if let Some(path) = by_name.get(&mount.name) {
                let path = mount.sub_path.as_ref().map_or(path.clone(), |sub| path.join(sub));
                mounts.push((mount.mount_path.trim_end_matches('/').to_owned(), path));
            }
        }
        mounts.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Ok((Self(mounts), folders))
    }

    /// A setting with paths of this machine: the whole value, or items of it between commas, where they lie under a
    /// mount; also behind a scheme, as in `jdbc:sqlite:/data/shop.db`.
    pub(super) fn local(&self, value: &str) -> String {
        let items: Vec<String> = value.split(',').map(|item| self.local_path(item)).collect();
        items.join(",")
    }

    fn local_path(&self, item: &str) -> String {
        let blank = item.len() - item.trim_start().len();
        let is_path = item[blank..].starts_with('/');
        let start = if is_path { blank } else { item.find(":/").map_or(blank, |at| at + 1) };
        let (before, path) = item.split_at(start);
        for (mount, folder) in &self.0 {
            match path.strip_prefix(mount.as_str()) {
                Some("") => return format!("{before}{}", folder.display()),
                Some(rest) if rest.starts_with('/') => {
                    return format!("{before}{}{rest}", folder.display());
                }
                _ => {}
            }
        }
        item.to_owned()
    }
}

/// The folder for a volume. Of those that live longer than a pod it lies beside the manifests, where their author can
/// put files into it.
fn folder(
    volume: &Volume,
    cluster: &str,
    manifests: &Manifests,
    places: Places<'_>,
) -> Result<Folder, String> {
    let own = || places.state.join("volumes").join(cluster).join(&volume.name);
    let given = places.given.iter().find(|(name, _)| *name == volume.name);
    if let Some((_, path)) = given {
        let path = std::path::absolute(path).map_err(|error| error.to_string())?;
        return Ok(Folder { path, files: Files::new() });
    }
    if let Some(map) = &volume.config_map {
        let found = manifests.config_maps.get(&map.name);
        return projected(found, map.optional, "ConfigMap", &map.name, own());
    }
    if let Some(secret) = &volume.secret {
        let name = secret.secret_name.as_deref().unwrap_or_default();
        return projected(manifests.secrets.get(name), secret.optional, "Secret", name, own());
    }
    let is_lasting = volume.persistent_volume_claim.is_some() || volume.csi.is_some();
    let path = if is_lasting { places.manifests.join(&volume.name) } else { own() };
    Ok(Folder { path, files: Files::new() })
}

fn projected(
    found: Option<&Files>,
    optional: Option<bool>,
    kind: &str,
    name: &str,
    path: PathBuf,
) -> Result<Folder, String> {
    match found {
        Some(files) => Ok(Folder { path, files: files.clone() }),
        None if optional == Some(true) => Ok(Folder { path, files: Files::new() }),
        None => Err(format!(
            "{kind} {name} is not among the manifests; add it, or name a folder with --mount"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifests::tests::{CLUSTER, read};
    use super::*;

    const TEMPLATE: &str = "  template:
    pod:
      volumes:
        - name: files
          persistentVolumeClaim: {claimName: x}
        - name: scratch
          emptyDir: {}
        - name: settings
          configMap: {name: m}
        - name: keys
          secret: {secretName: s}
    connectContainer:
      volumeMounts:
        - {name: files, mountPath: /data}
        - {name: scratch, mountPath: /data/scratch/}
        - {name: settings, mountPath: /etc/settings}
        - {name: keys, mountPath: /etc/keys, subPath: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: m}
data: {a: x}
";
    const SECRET: &str = "---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {k: v}
";

    fn places(given: &[(String, PathBuf)]) -> Places<'_> {
        Places { manifests: Path::new("/m"), state: Path::new("/s"), given }
    }

    #[test]
    fn paths_under_a_mount_lead_to_its_folder() {
        let manifests = read(&format!("{CLUSTER}{TEMPLATE}{SECRET}")).unwrap();
        let (mounts, folders) =
            Mounts::of(&manifests.clusters[0], &manifests, places(&[])).unwrap();
        for (value, expected) in [
            ("/data", "/m/files"),
            ("/data/lines.txt", "/m/files/lines.txt"),
            ("/data/scratch/x", "/s/volumes/my-connect/scratch/x"),
            ("/database", "/database"),
            ("/data/a, /etc/settings,/x", "/m/files/a, /s/volumes/my-connect/settings,/x"),
            ("/etc/keys", "/s/volumes/my-connect/keys/a"),
            ("a/data/b", "a/data/b"),
            ("jdbc:sqlite:/data/shop.db?x=1", "jdbc:sqlite:/m/files/shop.db?x=1"),
            ("jdbc:postgresql://data/shop", "jdbc:postgresql://data/shop"),
        ] {
            assert_eq!(mounts.local(value), expected, "{value}");
        }
        let files: Vec<usize> = folders.iter().map(|folder| folder.files.len()).collect();
        assert_eq!(files, [0, 0, 1, 1]);
    }

    #[test]
    fn a_folder_that_the_user_names_comes_first() {
        let manifests = read(&format!("{CLUSTER}{TEMPLATE}{SECRET}")).unwrap();
        let given = [("files".to_owned(), PathBuf::from("/tmp/mine"))];
        let (mounts, _) = Mounts::of(&manifests.clusters[0], &manifests, places(&given)).unwrap();
        assert_eq!(mounts.local("/data/x"), "/tmp/mine/x");
    }

    #[test]
    fn what_a_volume_needs_and_nobody_gives_is_named() {
        let manifests = read(&format!("{CLUSTER}{TEMPLATE}")).unwrap();
        let refused = Mounts::of(&manifests.clusters[0], &manifests, places(&[])).unwrap_err();
        assert!(refused.to_string().contains("Secret s is not among the manifests"), "{refused}");
    }
}
