//! A worker as a library: for programs that are a worker with plugins of their own.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     // Add plugins here: `.source(…)`, `.sink(…)`, `.converter(…)`, `.transform::<…>()`, `.predicate::<…>()`.
//!     sluice_worker::main(sluice_worker::builtin())
//! }
//! ```

mod allocator;
mod args;
mod authorization;
mod code_pages;
mod distributed;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jaas;
mod listeners;
mod loggers_file;
mod memory;
mod output;
mod parts;
mod plugins;
mod preview;
mod reach;
mod renewal;
mod rest;
mod settings;
mod standalone;
mod surface;
mod telemetry;
mod traces;
mod unknown;
mod validate;
mod worker_file;

use std::{collections::BTreeMap, ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;
pub use sluice_catalog::{Catalog, builtin};
use sluice_herder::loggers::Loggers;
use sluice_providers::Hidden;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The program `sluice-worker` with these plugins: reads the command line and the worker file, puts the parts together,
/// and runs them until told to stop. To be called once, and to be the last that the process does.
pub fn main(catalog: Catalog) -> ExitCode {
    allocator::keep_blocks();
    let command = args::Command::parse();
    let hidden = Hidden::default();
    let variable = |name| std::env::var(name).ok();
    let format = telemetry::Format::parse(variable("SLUICE_LOG_FORMAT").as_deref());
    let shown = format.as_ref().copied().unwrap_or(telemetry::Format::Json);
    let levels = variable("RUST_LOG").or_else(|| command.mode.levels().map(str::to_owned));
    let loggers = telemetry::start(shown, levels.as_deref(), hidden.clone());
    let outcome = match format {
        Ok(_) => run(command, catalog, hidden, loggers),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "the worker ends");
    }
    match outcome {
        Ok(code) => code,
        // As Kafka Connect's scripts end: a connector's file was wrong, or the worker could not start.
        Err(error) if error.is::<standalone::ConnectorError>() => ExitCode::from(3),
        Err(_) => ExitCode::from(2),
    }
}

fn run(
    command: args::Command,
    catalog: Catalog,
    hidden: Hidden,
    loggers: Loggers,
) -> Result<ExitCode> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    rustls::crypto::ring::default_provider().install_default().ok();
    // Two threads serve herder, group and REST; each task has a thread of its own.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        let stop = stop_on_signal()?;
        match command.mode {
            args::Mode::Distributed(args) => {
                let (path, overrides) = (args.worker_file, args.overrides);
                let file = worker_file::read(&path, overrides, &environment, hidden)?;
                distributed::run(&path, file, catalog, loggers, stop).await?;
            }
            args::Mode::Standalone(args) => {
                let args::Standalone { worker_file: path, connectors, overrides } = args;
                let file = worker_file::read(&path, overrides, &environment, hidden)?;
                standalone::run(&path, file, &connectors, catalog, loggers, stop).await?;
            }
            args::Mode::Broker(args) => broker(args, stop).await?,
            args::Mode::Validate(args) => return validate::run(&args, catalog),
            args::Mode::Preview(args) => {
                // Ctrl-C ends it: there is nothing to be kept.
                return tokio::select! {
                    outcome = Box::pin(preview::run(args, catalog, &environment, hidden)) => outcome,
                    () = stop.cancelled() => Ok(ExitCode::FAILURE),
                };
            }
        }
        Ok(ExitCode::SUCCESS)
    });
    // A plugin that hangs must not keep the process.
    runtime.shutdown_background();
    outcome
}

async fn broker(args: args::Broker, stop: CancellationToken) -> Result<()> {
    let config = sluice_broker::BrokerConfig {
        data_dir: args.data_dir,
        ..sluice_broker::BrokerConfig::new(args.listen)
    };
    let broker = sluice_broker::Broker::start(config).await?;
    tracing::warn!(address = %broker.address(), "this is the embedded broker, for development: no production broker");
    stop.cancelled().await;
    broker.stop().await;
    Ok(())
}

/// A token that the first SIGTERM or SIGINT cancels; a second one ends the process at once.
fn stop_on_signal() -> Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = stop.clone();
    // Lives as long as the process: it is what ends the process.
    let watch = async move {
        loop {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            if token.is_cancelled() {
                std::process::exit(1);
            }
            token.cancel();
        }
    };
    drop(tokio::spawn(watch));
    Ok(stop)
}
