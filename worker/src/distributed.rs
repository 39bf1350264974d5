//! `sluice-worker distributed`: puts the parts of a worker together and runs them.

mod jaas;
mod listeners;
mod memory;
mod reach;
mod rest;
mod settings;
mod surface;
mod unknown;

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use prometheus::Registry;
use sluice_catalog::Catalog;
use sluice_config::{Config as _, Properties};
use sluice_engine::{Engine, EngineSettings, KafkaOffsets};
use sluice_group::{GroupSettings, Member};
use sluice_herder::{CatalogPlugins, Herder, Settings as HerderSettings, loggers::Loggers};
use sluice_kafka::{ClientSettings, admin::Admin, log::Log, wire::Client};
use sluice_providers::Providers;
use sluice_rest_model::ServerInfo;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{plugins, worker_file::WorkerFile};
use settings::DistributedConfig;
use surface::{About, Surface};

/// Reports of tasks that may wait for the herder.
const TASK_EVENTS: usize = 1024;

/// Runs a worker until told to stop.
pub(crate) async fn run(
    path: &Path,
    file: WorkerFile,
    catalog: Catalog,
    loggers: Loggers,
    stop: CancellationToken,
) -> Result<()> {
    let WorkerFile { properties, providers } = file;
    let providers = Arc::new(providers);
    let config = DistributedConfig::parse(&properties)
        .with_context(|| format!("{} is not a valid worker file", path.display()))?;
    let client_settings = ClientSettings::parse(&properties)?;
    unknown::warn(&properties, &client_settings);
    let catalog = Arc::new(catalog);
    plugins::check_converters(&properties, &catalog)?;
    let surface = Surface::bind(&properties).await?;
    let (worker_id, url) = (surface.advertised.worker_id.clone(), surface.advertised.url());
    let scheme = surface.advertised.scheme;
    tracing::info!(url, group = config.group_id, "the worker starts");

    let registry = Registry::new();
    let (handle, requests) = Herder::handle();
    let (info, told) = watch::channel(server_info(String::new()));
    let client = surface::client(&properties)?;
    let about = About { info: told, plugins: plugins::list(&catalog), loggers: loggers.clone() };
    let serving = CancellationToken::new();
    let mut servers = JoinSet::new();
    surface.serve(&handle, &client, about, &mut servers, &serving);
    if let Some(metrics) = metrics(&config, &registry, &serving).await? {
        servers.spawn(metrics);
    }

    let wire = Client::new(&client_settings, &client_id(&properties, &worker_id))?;
    let engine_settings = engine_settings(&properties, &worker_id, &providers)?;
    let opening = open_topics(&config, &properties, &wire, &info);
    let (config_log, status_log, offsets) = tokio::select! {
        opened = opening => opened?,
        // Told to stop while the brokers cannot be reached.
        () = stop.cancelled() => return Ok(()),
    };
    tracing::info!("the internal topics are open");
    let (events, task_events) = mpsc::channel(TASK_EVENTS);
    let source = Arc::new(plugins::CatalogSource(Arc::clone(&catalog)));
    let engine =
        Arc::new(Engine::new(engine_settings, source, Arc::new(offsets), events, &registry));
    let herder = Herder {
        settings: herder_settings(&config, worker_id, scheme),
        plugins: Arc::new(
            CatalogPlugins::new(catalog, properties, Arc::clone(&providers))
                .map_err(anyhow::Error::msg)?,
        ),
        engine: Arc::clone(&engine),
        providers,
        task_events,
        member: Member::new(wire, group_settings(&config, &url)),
        config: config_log,
        status: status_log,
        sender: Arc::new(client),
        loggers,
        registry,
    };
    run_until_stopped(herder, requests, servers, stop).await.inspect_err(|_| serving.cancel())?;
    engine.stop_all().await;
    serving.cancel();
    tracing::info!("the worker has stopped");
    Ok(())
}

/// Reads all settings of a worker file.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_settings(properties: &sluice_config::Properties) -> Result<()> {
    unknown::warn(properties, &ClientSettings::parse(properties)?);
    EngineSettings::parse(properties, "")?;
    let config = DistributedConfig::parse(properties)?;
    config.protocol();
    config.metrics_address().map(drop)
}

fn client_id(properties: &Properties, worker_id: &str) -> String {
    properties.get("client.id").map_or_else(|| format!("connect-{worker_id}"), Clone::clone)
}

/// What serves the metrics, if the worker file wants it.
async fn metrics(
    config: &DistributedConfig,
    registry: &Registry,
    serving: &CancellationToken,
) -> Result<Option<impl Future<Output = std::io::Result<()>> + use<>>> {
    let Some(address) = config.metrics_address()? else { return Ok(None) };
    let socket = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("sluice.metrics.listener {address} cannot be bound"))?;
    Ok(Some(sluice_rest::serve_metrics(socket, registry.clone(), serving.clone())))
}

/// Runs the herder, as long as the listeners serve.
async fn run_until_stopped(
    herder: Herder,
    requests: sluice_herder::Requests,
    mut servers: JoinSet<std::io::Result<()>>,
    stop: CancellationToken,
) -> Result<()> {
    tokio::select! {
        outcome = herder.run(requests, stop) => Ok(outcome?),
        Some(ended) = servers.join_next() => ended?.context("a listener of the worker failed"),
    }
}

/// Opens the three internal topics side by side; tries for as long as no broker can be reached.
async fn open_topics(
    config: &DistributedConfig,
    properties: &Properties,
    wire: &Client,
    info: &watch::Sender<ServerInfo>,
) -> Result<(sluice_herder::Followed, sluice_herder::Followed, KafkaOffsets)> {
    let cluster = async {
        let id = reach::cluster_id(&Admin::new(wire.clone())).await;
        info.send_replace(server_info(id.unwrap_or_default()));
        Ok(())
    };
    let log = |log| async { Log::start(log).await.map_err(anyhow::Error::from) };
    let offsets = async {
        KafkaOffsets::start(config.offset_log(properties, wire)).await.map_err(anyhow::Error::from)
    };
    let (config_log, status_log, offsets, ()) = tokio::try_join!(
        log(config.config_log(properties, wire)),
        log(config.status_log(properties, wire)),
        offsets,
        cluster
    )?;
    Ok((config_log, status_log, offsets))
}

fn server_info(kafka_cluster_id: String) -> ServerInfo {
    ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("SLUICE_COMMIT").unwrap_or("unknown").to_owned(),
        kafka_cluster_id,
    }
}

fn engine_settings(
    properties: &Properties,
    worker_id: &str,
    providers: &Providers,
) -> Result<EngineSettings, sluice_engine::SettingsError> {
    let mut properties = properties.clone();
    memory::fit_into_container(&mut properties);
    let hidden = providers.hidden().clone();
    let settings = EngineSettings::parse(&properties, worker_id)?;
    Ok(settings.hiding(move |text| hidden.mask(text)))
}

fn herder_settings(
    config: &DistributedConfig,
    worker_id: String,
    scheme: &'static str,
) -> HerderSettings {
    HerderSettings {
        worker_id,
        scheme,
        key_ttl: config.key_ttl.0,
        key_retry: std::time::Duration::from_secs(1),
        sync_timeout: config.sync_timeout.0,
        plugin_timeout: config.plugin_timeout.0,
        topic_tracking: config.topic_tracking,
        topic_tracking_reset: config.topic_tracking_reset,
    }
}

fn group_settings(config: &DistributedConfig, url: &str) -> GroupSettings {
    GroupSettings {
        group_id: config.group_id.clone(),
        url: url.to_owned(),
        session_timeout: config.session_timeout.0,
        heartbeat_interval: config.heartbeat_interval.0,
        rebalance_timeout: config.rebalance_timeout.0,
        protocol: config.protocol(),
        max_delay: config.max_delay.0,
    }
}
