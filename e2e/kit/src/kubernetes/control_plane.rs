//! The API tier: etcd, kube-apiserver, kube-controller-manager, and a scheduler where there is a node.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::helm::Helm;
use super::kubectl::Kubectl;
use super::lasting::Process;
use super::pki::Pki;
use super::place::Place;
use super::programs;
use super::reaper::Reaper;
use crate::ports;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(90);

/// The controllers that our resources meet; the others only cost memory.
const CONTROLLERS: &str = "--controllers=clusterrole-aggregation-controller,deployment-controller,\
    disruption-controller,endpoints-controller,endpointslice-controller,garbage-collector-controller,job-controller,\
    namespace-controller,node-lifecycle-controller,persistentvolume-binder-controller,\
    persistentvolume-protection-controller,persistentvolumeclaim-protection-controller,pod-garbage-collector-controller,\
    replicaset-controller,resourcequota-controller,root-ca-certificate-publisher-controller,serviceaccount-controller,\
    statefulset-controller,taint-eviction-controller,ttl-after-finished-controller,\
    validatingadmissionpolicy-status-controller";

/// A control plane without nodes: resources, defaulting, RBAC and controllers are real, pods stay pending.
#[derive(Debug)]
pub struct ControlPlane {
    kubectl: Kubectl,
    helm: Helm,
    _components: Components,
    _reaper: Reaper,
}

impl ControlPlane {
    /// One for the whole test process: give each test a namespace of its own.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Starts one on loopback, on free ports. Dropped, it ends and leaves nothing behind.
    pub async fn start() -> Result<Self> {
        let hyperkube = spawn_blocking(programs::hyperkube).await??;
        let state = tempfile::Builder::new().prefix("sluice-kubernetes-").tempdir()?.keep();
        let reaper = Reaper::start("rm -rf \"$1\"", &[state.display().to_string()])?;
        let site = Site::on_loopback(&hyperkube, &state)?;
        let components = site.start().await?;
        let kubectl = site.kubectl();
        let helm = Helm::new(Place::Host, kubectl.kubeconfig(), &state);
        Ok(Self { kubectl, helm, _components: components, _reaper: reaper })
    }

    /// The administrator's kubeconfig file.
    pub fn kubeconfig(&self) -> &Path {
        self.kubectl.kubeconfig()
    }

    /// kubectl for this cluster.
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// Helm for this cluster.
    pub fn helm(&self) -> &Helm {
        &self.helm
    }

    /// A client for this cluster; it belongs to the runtime that it is made on.
    #[cfg(feature = "kubernetes")]
    pub async fn client(&self) -> Result<kube::Client> {
        let kubeconfig = kube::config::Kubeconfig::read_from(self.kubeconfig())?;
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        Ok(kube::Client::try_from(config)?)
    }
}

/// The running processes, in the order in which they end.
pub(super) type Components = Vec<Process>;

/// Where and how a control plane runs.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) hyperkube: PathBuf,
    pub(super) state: PathBuf,
    pub(super) pki: Pki,
    pub(super) place: Place,
    ports: Ports,
    /// The address of the one node; none, and no pod is scheduled.
    node: Option<Ipv4Addr>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    api: u16,
    etcd: u16,
    peers: u16,
}

impl Site {
    fn on_loopback(hyperkube: &Path, state: &Path) -> Result<Self> {
        let ports = Ports { api: ports::free()?, etcd: ports::free()?, peers: ports::free()? };
        Self::new(hyperkube, state, Place::Host, ports, None)
    }

    /// In the machine whose first process is `init`, where all ports are free.
    pub(super) fn on_machine(
        hyperkube: &Path,
        state: &Path,
        init: u32,
        node: Ipv4Addr,
    ) -> Result<Self> {
        let ports = Ports { api: 6443, etcd: 2379, peers: 2380 };
        Self::new(hyperkube, state, Place::Machine { init }, ports, Some(node))
    }

    fn new(
        hyperkube: &Path,
        state: &Path,
        place: Place,
        ports: Ports,
        node: Option<Ipv4Addr>,
    ) -> Result<Self> {
        fs::create_dir_all(state.join("log"))?;
        let server = format!("https://127.0.0.1:{}", ports.api);
        Ok(Self {
            hyperkube: hyperkube.to_owned(),
            state: state.to_owned(),
            pki: Pki::create(&state.join("pki"), &server, super::NODE)?,
            place,
            ports,
            node,
        })
    }

    pub(super) fn kubectl(&self) -> Kubectl {
        let kubeconfig = self.pki.path("admin.kubeconfig");
        Kubectl::new(&self.hyperkube, self.place, kubeconfig, &self.state)
    }

    /// Starts the processes and waits until a namespace has its ServiceAccount, the last thing that a pod needs.
    pub(super) async fn start(&self) -> Result<Components> {
        let mut components = vec![self.component("etcd", self.etcd())?];
        components.push(self.component("kube-apiserver", self.api_server())?);
        let kubectl = self.kubectl();
        until("the API server to be ready", &mut components, async || {
            self.api_port_is_open() && kubectl.run(["get", "--raw", "/readyz"]).await.is_ok()
        })
        .await?;
        components.push(self.component("kube-controller-manager", self.controller_manager())?);
        if self.node.is_some() {
            components.push(self.component("kube-scheduler", self.scheduler())?);
        }
        let account = ["get", "serviceaccount", "default"];
        until("the default ServiceAccount", &mut components, async || {
            kubectl.run(account).await.is_ok()
        })
        .await?;
        // The API server goes before etcd, or it logs thousands of lines about it.
        components.reverse();
        Ok(components)
    }

    /// Starts one component of the binary.
    pub(super) fn component(&self, name: &str, arguments: Vec<String>) -> Result<Process> {
        let program = self.hyperkube.display().to_string();
        let arguments = std::iter::once(name.to_owned()).chain(arguments);
        let argv = self.place.argv(&program, arguments);
        Process::start(name, &argv, &self.state.join(format!("log/{name}.log")))
    }

    /// Cheap to ask, unlike kubectl. Inside a machine only kubectl can tell.
    fn api_port_is_open(&self) -> bool {
        matches!(self.place, Place::Machine { .. })
            || TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.api)).is_ok()
    }

    fn etcd(&self) -> Vec<String> {
        let clients = format!("http://127.0.0.1:{}", self.ports.etcd);
        let peers = format!("http://127.0.0.1:{}", self.ports.peers);
        vec![
            "--name=kit".to_owned(),
            format!("--data-dir={}", self.state.join("etcd").display()),
            // A crash of the machine ends the test anyway.
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
            format!("--listen-client-urls={clients}"),
            format!("--advertise-client-urls={clients}"),
            format!("--listen-peer-urls={peers}"),
            format!("--initial-advertise-peer-urls={peers}"),
            format!("--initial-cluster=kit={peers}"),
        ]
    }

    fn api_server(&self) -> Vec<String> {
        let file = |name: &str| self.pki.argument(name);
        let mut arguments = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.ports.etcd),
            format!("--secure-port={}", self.ports.api),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--tls-cert-file={}", file("apiserver.crt")),
            format!("--tls-private-key-file={}", file("apiserver.key")),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            format!("--service-account-key-file={}", file("service-accounts.pub")),
            format!("--service-account-signing-key-file={}", file("service-accounts.key")),
            format!("--kubelet-certificate-authority={}", file("ca.crt")),
            format!("--kubelet-client-certificate={}", file("api-to-kubelet.crt")),
            format!("--kubelet-client-key={}", file("api-to-kubelet.key")),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--profiling=false".to_owned(),
        ];
        arguments.extend(match self.node {
            // Loopback is no address that an Endpoints object may hold.
            None => vec![
                "--bind-address=127.0.0.1".to_owned(),
                "--advertise-address=127.0.0.1".to_owned(),
                "--endpoint-reconciler-type=none".to_owned(),
            ],
            Some(node) => vec![
                "--bind-address=0.0.0.0".to_owned(),
                format!("--advertise-address={node}"),
                // Without it the extension API server's settings are not published, and kubelet authorization fails.
                format!("--requestheader-client-ca-file={}", file("ca.crt")),
                "--requestheader-allowed-names=front-proxy-client".to_owned(),
            ],
        });
        arguments
    }

    fn controller_manager(&self) -> Vec<String> {
        let mut arguments = self.identity("controller-manager");
        arguments.extend([
            format!(
                "--service-account-private-key-file={}",
                self.pki.argument("service-accounts.key")
            ),
            format!("--root-ca-file={}", self.pki.argument("ca.crt")),
            "--use-service-account-credentials=true".to_owned(),
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
            CONTROLLERS.to_owned(),
        ]);
        arguments
    }

    fn scheduler(&self) -> Vec<String> {
        self.identity("scheduler")
    }

    /// What the scheduler and the controller manager have in common: no port of their own, no leader election.
    fn identity(&self, user: &str) -> Vec<String> {
        let kubeconfig = self.pki.argument(&format!("{user}.kubeconfig"));
        vec![
            format!("--kubeconfig={kubeconfig}"),
            "--secure-port=0".to_owned(),
            "--leader-elect=false".to_owned(),
            "--profiling=false".to_owned(),
        ]
    }
}

/// Waits for a condition while all processes live.
pub(super) async fn until(
    what: &str,
    processes: &mut [Process],
    mut condition: impl AsyncFnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + START;
    while !condition().await {
        for process in &mut *processes {
            process.check()?;
        }
        anyhow::ensure!(Instant::now() < deadline, "waited {START:?} for {what}");
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
