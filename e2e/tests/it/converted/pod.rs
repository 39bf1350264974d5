//! A worker pod as a process of this machine: what a kubelet makes of it, with folders in place of what it mounts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret, Volume};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use sluice_kit::{binaries, wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::PATIENCE;

/// Pause between two looks at a Secret that a pod has mounted.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// Runs pods of one namespace, in folders of `home`. Dropped, they end.
pub(super) struct Kubelet {
    client: Client,
    namespace: &'static str,
    home: PathBuf,
    processes: Vec<Child>,
    mounted: JoinSet<()>,
}

impl Kubelet {
    pub(super) fn new(client: Client, namespace: &'static str, home: PathBuf) -> Self {
        Self { client, namespace, home, processes: Vec::new(), mounted: JoinSet::new() }
    }

    /// Runs a pod once it is there, with its REST API on a port of this machine, and says when it is ready.
    pub(super) async fn run(&mut self, pod: &str, port: u16) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), self.namespace);
        let found = wait::until_ok(PATIENCE, pod, async || Ok(pods.get(pod).await?)).await?;
        let spec = found.spec.context("a pod has a spec")?;
        let worker = spec.containers.first().context("a pod has a container")?;
        let volumes = spec.volumes.unwrap_or_default();
        let folders = self.mount(worker, &volumes).await?;
        let variables = self.variables(worker, pod).await?;
        let arguments = worker.args.iter().flatten().map(|it| {
            variables.iter().fold(local(it, &folders), |text, (name, value)| {
                text.replace(&format!("$({name})"), value)
            })
        });
        let here = [
            format!("listeners=http://127.0.0.1:{port}"),
            "rest.advertised.host.name=127.0.0.1".to_owned(),
            format!("rest.advertised.port={port}"),
            "sluice.metrics.listener=".to_owned(),
        ];
        let mut command = Command::new(binaries::binary("sluice-worker")?);
        command.args(arguments).envs(&variables);
        command.args(here.into_iter().flat_map(|it| ["--override".to_owned(), it]));
        let log = std::fs::File::create(self.home.join(format!("{pod}.log")))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        self.processes.push(command.spawn()?);
        wait::until_ok(PATIENCE, &format!("{pod} to be healthy"), async || healthy(port).await)
            .await?;
        let status = json!({"status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
        }});
        pods.patch_status(pod, &PatchParams::default(), &Patch::Merge(status)).await?;
        Ok(())
    }

    /// What the pod has said.
    pub(super) fn said(&self, pod: &str) -> String {
        std::fs::read_to_string(self.home.join(format!("{pod}.log"))).unwrap_or_default()
    }

    /// Folders with the ConfigMaps and Secrets that a container has mounted, by where it has them. Other volumes lie on
    /// this machine where the pod has them.
    async fn mount(
        &mut self,
        container: &Container,
        volumes: &[Volume],
    ) -> Result<BTreeMap<String, PathBuf>> {
        let mut folders = BTreeMap::new();
        for mount in container.volume_mounts.iter().flatten() {
            let volume = volumes.iter().find(|it| it.name == mount.name).context("its volume")?;
            let folder = self.home.join(&volume.name);
            std::fs::create_dir_all(&folder)?;
            if let Some(map) = &volume.config_map {
                let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), self.namespace);
                for (name, text) in maps.get(&map.name).await?.data.unwrap_or_default() {
                    std::fs::write(folder.join(name), text)?;
                }
            } else if let Some(name) = volume.secret.as_ref().and_then(|it| it.secret_name.clone())
            {
                let secrets: Api<Secret> = Api::namespaced(self.client.clone(), self.namespace);
                self.mounted.spawn(follow(secrets, name, folder.clone()));
            } else {
                continue;
            }
            folders.insert(mount.mount_path.clone(), folder);
        }
        // The files name folders too.
        for folder in folders.values() {
            for file in std::fs::read_dir(folder)? {
                let path = file?.path();
                std::fs::write(&path, local(&std::fs::read_to_string(&path)?, &folders))?;
            }
        }
        Ok(folders)
    }

    async fn variables(
        &self,
        container: &Container,
        pod: &str,
    ) -> Result<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        for variable in container.env.iter().flatten() {
            let from = variable.value_from.as_ref();
            let field = from.and_then(|it| it.field_ref.as_ref()).map(|it| it.field_path.as_str());
            let value = match (field, from.and_then(|it| it.secret_key_ref.as_ref())) {
                (Some("metadata.name"), _) => pod.to_owned(),
                (Some("metadata.namespace"), _) => self.namespace.to_owned(),
                (_, Some(key)) => {
                    let secrets: Api<Secret> = Api::namespaced(self.client.clone(), self.namespace);
                    let data = secrets.get(&key.name).await?.data.unwrap_or_default();
                    String::from_utf8(data.get(&key.key).context("the key")?.0.clone())?
                }
                _ => variable.value.clone().unwrap_or_default(),
            };
            variables.insert(variable.name.clone(), value);
        }
        Ok(variables)
    }
}

/// A text with the folders of this machine in it, the longest path first: one begins like another.
fn local(text: &str, folders: &BTreeMap<String, PathBuf>) -> String {
    let replace = |text: String, (path, folder): (&String, &PathBuf)| {
        text.replace(path.as_str(), &folder.display().to_string())
    };
    folders.iter().rev().fold(text.to_owned(), replace)
}

/// Keeps the keys of a Secret in a folder.
async fn follow(secrets: Api<Secret>, name: String, folder: PathBuf) {
    loop {
        if let Ok(Some(secret)) = secrets.get_opt(&name).await {
            for (key, value) in secret.data.unwrap_or_default() {
                write_new(&folder.join(key), &value.0);
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Writes a file unless it is so already: workers look at what changes.
fn write_new(path: &Path, content: &[u8]) {
    if std::fs::read(path).ok().as_deref() != Some(content) {
        // The test shows it if it is missing.
        drop(std::fs::write(path, content));
    }
}

async fn healthy(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}
