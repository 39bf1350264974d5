//! The operator as a program: arguments → telemetry → run.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use kube::Client;
use sluice_operator::Settings;
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
    /// Image of workers whose KafkaConnect names none.
    #[arg(long, value_name = "IMAGE", default_value = concat!("sluice/worker:", env!("CARGO_PKG_VERSION")))]
    worker_image: String,
    /// Where the workers of a cluster answer, with {cluster} and {namespace} in it.
    #[arg(long, value_name = "URL")]
    worker_url: Option<String>,
    /// Where /metrics, /healthz and /readyz are served.
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8080")]
    address: SocketAddr,
    /// What to log: error, warn, info, debug, trace, or rules such as sluice_operator=debug.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: EnvFilter,
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
    settings.namespaces = arguments.namespaces;
    settings.address = arguments.address;
    settings.worker_url = arguments.worker_url.unwrap_or(settings.worker_url);
    let client = Client::try_default().await?;
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
