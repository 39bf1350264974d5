//! `sluice-worker standalone`: a worker on its own. Connectors come from files and over the API and are forgotten at the
//! end; positions of sources stay in a file, those of sinks in Kafka (`ConnectStandalone`, `StandaloneHerder`).

pub(crate) mod connector_file;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use sluice_catalog::Catalog;
use sluice_config::Config;
use sluice_engine::FileOffsets;
use sluice_group::{Alone, Seat};
use sluice_herder::{Answer, Error, Handle, Request, loggers::Loggers};
use sluice_kafka::{admin::Admin, log::Log, wire::Client};
use tokio_util::sync::CancellationToken;

use crate::{
    parts::{Parts, Stores, invalid, server_info},
    reach,
    worker_file::WorkerFile,
};

/// Pause before a request is made again that came too early.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// Keys of a worker on its own.
#[derive(Debug, Config)]
struct StandaloneConfig {
    /// File that source connectors' positions are kept in.
    #[config(key = "offset.storage.file.filename", importance = High)]
    offset_file: String,
}

/// A connector of a file could not be created: the process ends with 3 instead of 2, as Kafka Connect's does.
#[derive(Debug, thiserror::Error)]
#[error("Stopping after connector error")]
pub(crate) struct ConnectorError(#[source] anyhow::Error);

/// Runs a worker with the connectors of these files until told to stop.
pub(crate) async fn run(
    path: &Path,
    file: WorkerFile,
    connectors: &[PathBuf],
    catalog: Catalog,
    loggers: Loggers,
    stop: CancellationToken,
) -> Result<()> {
    let config = StandaloneConfig::parse(&file.properties).with_context(|| invalid(path))?;
    let offsets = FileOffsets::open(Path::new(&config.offset_file))?;
    let parts = Parts::new(path, file, catalog, loggers, keys()).await?;
    tracing::info!(url = parts.url, offsets = config.offset_file, "the worker starts");

    let admin = Admin::new(Client::new(&parts.clients, "connect")?);
    let cluster = tokio::select! {
        id = reach::cluster_id(&admin) => id,
        // Told to stop while the brokers cannot be reached.
        () = stop.cancelled() => return Ok(()),
    };
    parts.info.send_replace(server_info(cluster.unwrap_or_default()));
    let stores = Stores {
        seat: Seat::Alone(Alone::new(parts.url.clone())),
        config: Log::in_memory("connector configurations"),
        status: Log::in_memory("connector and task statuses"),
        offsets: Arc::new(offsets),
        leader_writer: None,
    };
    let settings = parts.config.herder(parts.worker_id.clone(), parts.scheme);
    let handle = parts.handle.clone();
    // It is large.
    let running = Box::pin(parts.run(stores, settings, stop.clone()));
    run_while_creating(running, create_all(&handle, connectors), &stop).await
}

/// Runs the worker to its end, and has it stopped if a connector cannot be created. One that ends before, or is told to
/// stop, has no more to create.
async fn run_while_creating(
    mut running: impl Future<Output = Result<()>> + Unpin,
    creating: impl Future<Output = Result<()>>,
    stop: &CancellationToken,
) -> Result<()> {
    let created = tokio::select! {
        ran = &mut running => return ran,
        created = creating => created,
    };
    match created {
        Err(error) if !stop.is_cancelled() => {
            stop.cancel();
            if let Err(also) = running.await {
                tracing::warn!(error = format!("{also:#}"), "the worker did not end well");
            }
            Err(ConnectorError(error).into())
        }
        _ => running.await,
    }
}

/// The names of the keys that are of this mode alone.
pub(crate) fn keys() -> Vec<String> {
    StandaloneConfig::definition().keys.into_iter().map(|key| key.name.into_owned()).collect()
}

async fn create_all(handle: &Handle, connectors: &[PathBuf]) -> Result<()> {
    for file in connectors {
        let request = connector_file::read(file)?;
        let wrong = || format!("Failed to create connector for {}", file.display());
        create(handle, request).await.with_context(wrong)?;
    }
    Ok(())
}

async fn create(handle: &Handle, request: Request) -> Result<()> {
    loop {
        match handle.ask(request.clone()).await {
            Ok(Answer::Connector(info, _)) => {
                tracing::info!(connector = info.name, "Created connector");
                return Ok(());
            }
            Ok(other) => bail!("the herder answered {other:?}"),
            // It starts, or the connector before it is being given its tasks.
            Err(Error::Unavailable(_) | Error::StaleConfig | Error::Elsewhere(_)) => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_worker_that_ends_first_waits_for_no_connector() {
        let stop = CancellationToken::new();
        let ran = run_while_creating(ready(Ok(())), pending(), &stop).await;
        assert!(ran.is_ok());
        let ran = run_while_creating(ready(Err(anyhow::anyhow!("lost"))), pending(), &stop).await;
        assert_eq!(ran.unwrap_err().to_string(), "lost");
    }

    #[tokio::test]
    async fn a_connector_that_cannot_be_created_stops_the_worker_unless_it_stops_anyway() {
        let fails = || ready(Err(anyhow::anyhow!("no such class")));
        let stop = CancellationToken::new();
        let running = Box::pin(async {
            stop.cancelled().await;
            Ok(())
        });
        let ran = run_while_creating(running, fails(), &stop).await;
        assert!(ran.unwrap_err().is::<ConnectorError>());
        let running = Box::pin(async {
            tokio::task::yield_now().await;
            Ok(())
        });
        assert!(run_while_creating(running, fails(), &stop).await.is_ok(), "it was told to stop");
    }
}
