//! The node tier: a control plane and one node with containerd, kubelet, kube-proxy and cluster DNS, on a machine of
//! its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::task::spawn_blocking;

use super::control_plane::{Components, Site, until};
use super::helm::Helm;
use super::kubectl::Kubectl;
use super::machine::{self, Machine};
use super::place::Place;
use super::programs;
use crate::image::{Contents, Image};

const PAUSE: &str = "sluice.test/pause:1";

/// Where `{state}/conf/NAME` comes from.
const CONFIGURATION: [(&str, &str); 5] = [
    ("containerd.toml", include_str!("../../kubernetes/node/containerd.toml")),
    ("kubelet.yaml", include_str!("../../kubernetes/node/kubelet.yaml")),
    ("proxy.yaml", include_str!("../../kubernetes/node/proxy.yaml")),
    ("Corefile", include_str!("../../kubernetes/node/Corefile")),
    ("cni/10-kit.conflist", include_str!("../../kubernetes/node/cni.conflist")),
];

/// A cluster of one node that runs pods. Dropped, it ends and leaves nothing behind.
#[derive(Debug)]
pub struct Node {
    kubectl: Kubectl,
    state: PathBuf,
    _components: Components,
    machine: Machine,
}

impl Node {
    /// The node's address: its pods reach there what runs in the machine's network.
    pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 1);

    /// What this host lacks for the node tier, in one line.
    pub fn missing() -> Option<String> {
        programs::missing_for_control_plane().or_else(machine::missing)
    }

    /// Starts a node that has these images (archives as [`Image::write`] makes them) and waits until it is Ready.
    pub async fn start(images: &[PathBuf]) -> Result<Self> {
        let hyperkube = spawn_blocking(programs::hyperkube).await??;
        let state = tempfile::Builder::new().prefix("sluice-node-").tempdir()?.keep();
        // Pods enter it through their volumes, as users of their own.
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755))?;
        let cgroup = cgroup_name();
        let mut machine = Machine::start(&state, &cgroup).await?;
        write_configuration(&state, &cgroup)?;
        let site = Site::on_machine(&hyperkube, &state, machine.init(), Self::ADDRESS)?;
        let (plane, containerd) =
            tokio::join!(site.start(), start_containerd(&site, &hyperkube, images));
        let mut components = plane?;
        components.push(containerd?);
        components.extend(start_node(&site)?);
        let kubectl = site.kubectl();
        until("the node to be Ready", &mut components, async || {
            let wait = ["wait", "--for=condition=Ready", "node", "--all", "--timeout=20s"];
            kubectl.run(wait).await.is_ok()
        })
        .await?;
        machine.check()?;
        Ok(Self { kubectl, state, _components: components, machine })
    }

    /// kubectl for this cluster; it runs inside the machine.
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// The machine's network namespace, as a file for `nsenter --net=FILE`.
    pub fn network(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.machine.init()))
    }

    /// A process of the host in the machine's network: pods and Services are reachable from it, by address. Dropped, it
    /// is killed.
    pub fn run_in_network(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.network().display()))
            .args(["--", program])
            .kill_on_drop(true);
        command
    }

    /// A folder of the host for `hostPath` volumes that everybody may write to. It goes with the node.
    pub fn shared_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.state.join("shared").join(name);
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
        Ok(folder)
    }

    /// The machine's first process: whoever joins its network namespace is in the node's network.
    pub fn process_id(&self) -> u32 {
        self.machine.init()
    }

    /// Runs Helm on this cluster; what it prints, or its error text.
    pub async fn helm<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String> {
        Helm::new(self.machine.place(), self.kubectl.kubeconfig(), &self.state).run(arguments).await
    }

    /// Kills the first process of a pod's container at once, as a crash does.
    pub async fn kill_container(&self, namespace: &str, pod: &str, container: &str) -> Result<()> {
        let path = format!(
            "jsonpath={{.status.containerStatuses[?(@.name==\"{container}\")].containerID}}"
        );
        let id = self.kubectl.run(["-n", namespace, "get", "pod", pod, "-o", &path]).await?;
        let id = id
            .trim()
            .strip_prefix("containerd://")
            .with_context(|| format!("container {container} of pod {pod} does not run: {id:?}"))?;
        let kill = ["tasks", "kill", "--signal", "SIGKILL", id];
        ctr(&self.machine.place(), &self.state, &kill).await
    }

    /// Ends of the logs of all components and containers, for the message of a test that failed.
    pub fn logs(&self) -> PathBuf {
        self.state.join("log")
    }
}

/// Unique on this host, also for several nodes of one test process.
fn cgroup_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("sluice-kit-{}-{number}", process::id())
}

fn write_configuration(state: &Path, cgroup: &str) -> Result<()> {
    for (name, template) in CONFIGURATION {
        let path = state.join("conf").join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        let text = template
            .replace("@STATE@", &state.display().to_string())
            .replace("@CGROUP@", cgroup)
            .replace("@PAUSE@", PAUSE);
        fs::write(path, text)?;
    }
    Ok(())
}

async fn start_containerd(
    site: &Site,
    hyperkube: &Path,
    images: &[PathBuf],
) -> Result<super::lasting::Process> {
    let pause = site.state.join("pause.tar");
    pause_image(hyperkube)?.write(&pause)?;
    let configuration = site.state.join("conf/containerd.toml");
    let argv =
        site.place.argv("containerd", ["--config".to_owned(), configuration.display().to_string()]);
    let log = site.state.join("log/containerd.log");
    let mut containerd = [super::lasting::Process::start("containerd", &argv, &log)?];
    until("containerd", &mut containerd, async || {
        ctr(&site.place, &site.state, &["version"]).await.is_ok()
    })
    .await?;
    for image in std::iter::once(&pause).chain(images) {
        let archive = image.display().to_string();
        ctr(&site.place, &site.state, &["images", "import", &archive]).await?;
    }
    let [containerd] = containerd;
    Ok(containerd)
}

fn pause_image(hyperkube: &Path) -> Result<Image> {
    let program = fs::read(hyperkube.with_file_name("pause"))?;
    Ok(Image {
        reference: PAUSE.to_owned(),
        files: BTreeMap::from([("/pause".to_owned(), Contents::program(program))]),
        entrypoint: vec!["/pause".to_owned()],
        environment: Vec::new(),
        labels: BTreeMap::new(),
    })
}

fn start_node(site: &Site) -> Result<[super::lasting::Process; 3]> {
    let file = |name: &str| site.state.join(name).display().to_string();
    let kubelet = vec![
        format!("--config={}", file("conf/kubelet.yaml")),
        format!("--kubeconfig={}", file("pki/node.kubeconfig")),
        format!("--root-dir={}", file("kubelet")),
        format!("--cert-dir={}", file("kubelet/pki")),
        format!("--hostname-override={}", super::NODE),
        format!("--node-ip={}", Node::ADDRESS),
    ];
    let proxy = vec![format!("--config={}", file("conf/proxy.yaml"))];
    let dns = vec!["-conf".to_owned(), file("conf/Corefile")];
    Ok([
        site.component("kubelet", kubelet)?,
        site.component("kube-proxy", proxy)?,
        site.component("coredns", dns)?,
    ])
}

/// containerd's own client, in the namespace that the kubelet uses.
async fn ctr(place: &Place, state: &Path, arguments: &[&str]) -> Result<()> {
    let socket = state.join("containerd/containerd.sock").display().to_string();
    let client = ["--address", &socket, "--namespace", "k8s.io"];
    let argv = place.argv("ctr", client.iter().chain(arguments).copied());
    let output = Command::new(&argv[0]).args(&argv[1..]).output().await?;
    ensure!(
        output.status.success(),
        "ctr {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
