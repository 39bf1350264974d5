//! The operator as a program: arguments → telemetry → run.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kube::{Client, Config};
use sluice_operator::Settings;
use sluice_operator::keys;
use sluice_operator::leader::{self, Election, Times};
use sluice_operator::memory;
use sluice_operator::reviews::Reviews;
use sluice_operator::throttle::{self, Rate};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Runs KafkaConnect and KafkaConnector resources.
#[derive(Parser)]
#[command(name = "sluice-operator", version)]
struct Arguments {
    /// Namespace to watch; may be given several times. All namespaces unless given.
    #[arg(long = "watch-namespace", value_name = "NAMESPACE")]
    namespaces: Vec<String>,
    /// Label selector of the KafkaConnect and KafkaConnector resources that are this operator's, so that several operators
    /// share them. All unless given. Each such operator needs a lease name of its own.
    #[arg(long, value_name = "SELECTOR", env = "SLUICE_RESOURCE_LABELS")]
    resource_labels: Option<String>,
    /// Image of workers whose KafkaConnect names none.
    #[arg(long, value_name = "IMAGE", default_value = concat!("sluice/worker:", env!("CARGO_PKG_VERSION")))]
    worker_image: String,
    /// Image of workers whose KafkaConnect names a version; may be given several times.
    #[arg(long = "worker-version", value_name = "VERSION=IMAGE", value_parser = version)]
    worker_images: Vec<(String, String)>,
    /// Where the workers of a cluster answer, with {cluster} and {namespace} in it.
    #[arg(long, value_name = "URL")]
    worker_url: Option<String>,
    /// Address of a Kafka Connect REST API that KafkaConnector resources may name in spec.connectRest; may be given
    /// several times, and * is any. None unless given.
    #[arg(long, value_name = "URL")]
    connect_rest: Vec<String>,
    /// Where /metrics, /healthz and /readyz are served.
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8080")]
    address: SocketAddr,
    /// Requests to the API server in a second, in the long run.
    #[arg(long, value_name = "NUMBER", env = "SLUICE_API_RATE", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    api_rate: u32,
    /// Requests to the API server at once, after a pause.
    #[arg(long, value_name = "NUMBER", env = "SLUICE_API_BURST", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    api_burst: u32,
    /// Name of the Secret, in the namespace of the Lease, from which the operator derives by what workers know it. It is made
    /// when a KafkaConnect needs it.
    #[arg(long, value_name = "NAME", env = "SLUICE_KEYS_SECRET")]
    #[arg(default_value = "sluice-operator-keys")]
    keys_secret: String,
    /// Where workers reach this operator to ask whose a token is, with {namespace}, that of the operator, in it. Without it their
    /// clients cannot show tokens.
    #[arg(long, value_name = "URL", env = "SLUICE_REVIEWS_URL")]
    reviews_url: Option<String>,
    /// Where that is served, over HTTPS.
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8443")]
    reviews_address: SocketAddr,
    #[command(flatten)]
    election: ElectionArguments,
    /// What to log: error, warn, info, debug, trace, or rules such as sluice_operator=debug.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: EnvFilter,
}

/// Several operators may run; the one that holds a Lease works.
#[derive(clap::Args)]
struct ElectionArguments {
    /// Whether to work only while holding the lease. Without it there must never be two operators.
    #[arg(long, value_name = "BOOL", env = "SLUICE_LEADER_ELECTION", default_value_t = true)]
    #[arg(action = clap::ArgAction::Set)]
    leader_election: bool,
    /// Name of the Lease.
    #[arg(long, value_name = "NAME", env = "SLUICE_LEASE_NAME", default_value = "sluice-operator")]
    lease_name: String,
    /// Namespace of the Lease. That of the operator's pod, or of the kubeconfig, unless given.
    #[arg(long, value_name = "NAMESPACE", env = "SLUICE_LEASE_NAMESPACE")]
    lease_namespace: Option<String>,
    /// How long a lease that is not renewed keeps other operators from working: the longest pause after a crash.
    #[arg(long, value_name = "SECONDS", env = "SLUICE_LEASE_DURATION", default_value_t = 15)]
    lease_duration: u64,
    /// How long an operator that cannot renew its lease goes on working.
    #[arg(long, value_name = "SECONDS", env = "SLUICE_RENEW_DEADLINE", default_value_t = 10)]
    renew_deadline: u64,
    /// Pause between attempts to get or renew the lease.
    #[arg(long, value_name = "SECONDS", env = "SLUICE_RETRY_PERIOD", default_value_t = 2)]
    retry_period: u64,
}

impl ElectionArguments {
    fn election(self, client: Client) -> anyhow::Result<Option<Election>> {
        if !self.leader_election {
            return Ok(None);
        }
        let [lease, renew, retry] =
            [self.lease_duration, self.renew_deadline, self.retry_period].map(Duration::from_secs);
        Ok(Some(Election {
            namespace: self.lease_namespace.unwrap_or(client.default_namespace().to_owned()),
            client,
            name: self.lease_name,
            identity: leader::identity(),
            times: Times::new(lease, renew, retry).map_err(anyhow::Error::msg)?,
        }))
    }
}

fn version(text: &str) -> Result<(String, String), String> {
    let parts =
        text.split_once('=').filter(|(version, image)| !version.is_empty() && !image.is_empty());
    let (version, image) =
        parts.ok_or("expected VERSION=IMAGE, such as 0.1.0=sluice/worker:0.1.0")?;
    Ok((version.to_owned(), image.to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if std::io::stdout().is_terminal() {
        tracing_subscriber::fmt().with_env_filter(arguments.log.clone()).init();
    } else {
        tracing_subscriber::fmt().json().with_env_filter(arguments.log.clone()).init();
    }
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the operator cannot run");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn start(arguments: Arguments) -> anyhow::Result<()> {
    // Before anything uses TLS: with a second provider in the tree rustls would not know which one to take.
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().map_err(|_| anyhow::anyhow!("a TLS provider is there already"))?;
    let mut settings = Settings::new(arguments.worker_image);
    settings.worker_images = arguments.worker_images.into_iter().collect();
    settings.namespaces = arguments.namespaces;
    settings.labels = arguments.resource_labels.filter(|labels| !labels.is_empty());
    settings.address = arguments.address;
    settings.connect_rest = arguments.connect_rest;
    settings.worker_url = arguments.worker_url.unwrap_or(settings.worker_url);
    let config = Config::infer().await?;
    let unthrottled = Client::try_from(config.clone())?;
    let namespace = arguments.election.lease_namespace.clone();
    let namespace = namespace.unwrap_or_else(|| unthrottled.default_namespace().to_owned());
    settings.keys = keys::Place { namespace, name: arguments.keys_secret };
    settings.election = arguments.election.election(unthrottled)?;
    let rate = Rate { per_second: arguments.api_rate.into(), burst: arguments.api_burst.into() };
    let client = throttle::client(config.clone(), rate)?;
    if let Some(url) = arguments.reviews_url.filter(|url| !url.is_empty()) {
        let url = url.replace("{namespace}", client.default_namespace());
        let client = Some(throttle::client(config, rate)?);
        settings.reviews = Some(Reviews { address: arguments.reviews_address, url, client });
    }
    tokio::spawn(memory::give_back());
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = sluice_operator::run(settings, client, stop.clone());
    tokio::pin!(running);
    tokio::select! {
        outcome = &mut running => return Ok(outcome?),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
    Ok(running.await?)
}
