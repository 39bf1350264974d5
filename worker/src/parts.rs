//! What every worker is made of, whatever it shares with others: put together here, and run.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use prometheus::Registry;
use sluice_catalog::Catalog;
use sluice_config::{Config as _, Properties};
use sluice_engine::{Engine, EngineSettings, OffsetStore};
use sluice_group::Seat;
use sluice_herder::{
    CatalogPlugins, Followed, Handle, Herder, Requests, Settings as HerderSettings,
    loggers::Loggers,
};
use sluice_kafka::{ClientSettings, Logins, log::LeaderWriter};
use sluice_plugin::KAFKA_VERSION;
use sluice_providers::Providers;
use sluice_rest::LeaderClient;
use sluice_rest_model::ServerInfo;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    code_pages, loggers_file, memory, plugins,
    renewal::Renewed,
    settings::WorkerConfig,
    surface::{self, About, Surface},
    traces::{self, Exporter},
    unknown,
    worker_file::WorkerFile,
};

/// Reports of tasks that may wait for the herder.
const TASK_EVENTS: usize = 1024;

/// A worker whose API is served already, and which waits for the rest.
pub(crate) struct Parts {
    pub(crate) properties: Properties,
    pub(crate) config: WorkerConfig,
    /// Settings of all clients.
    pub(crate) clients: ClientSettings,
    pub(crate) worker_id: String,
    /// The REST address that others reach it by.
    pub(crate) url: String,
    pub(crate) scheme: &'static str,
    /// What `GET /` tells.
    pub(crate) info: watch::Sender<ServerInfo>,
    /// The way to the herder, which answers once it runs.
    pub(crate) handle: Handle,
    pub(crate) engine: EngineSettings,
    providers: Arc<Providers>,
    catalog: Arc<Catalog>,
    loggers: Loggers,
    registry: Registry,
    requests: Requests,
    client: LeaderClient,
    /// None unless spans of records are wanted.
    exporter: Option<Exporter>,
    serving: CancellationToken,
    servers: JoinSet<std::io::Result<()>>,
}

/// What a worker shares with others, or has for itself in its place.
pub(crate) struct Stores {
    pub(crate) seat: Seat,
    pub(crate) config: Followed,
    pub(crate) status: Followed,
    pub(crate) offsets: Arc<dyn OffsetStore>,
    /// How a leader writes what nobody else may, if sources deliver exactly once or are about to.
    pub(crate) leader_writer: Option<LeaderWriter>,
}

impl Parts {
    /// Checks the worker file at `path`, binds the listeners, and serves.
    pub(crate) async fn new(
        path: &Path,
        file: WorkerFile,
        catalog: Catalog,
        loggers: Loggers,
        own_keys: Vec<String>,
    ) -> Result<Self> {
        let WorkerFile { properties, written, providers, telemetry } = file;
        let providers = Arc::new(providers);
        let config = WorkerConfig::parse(&properties).with_context(|| invalid(path))?;
        let logins = Logins::default();
        let clients = ClientSettings::parse_with(&properties, &logins)?;
        unknown::warn(&properties, &clients, own_keys);
        let catalog = Arc::new(catalog);
        plugins::check_converters(&properties, &catalog)?;
        let renewed = Renewed { written, providers: Arc::clone(&providers) };
        let surface = Surface::bind(&properties, renewed).await?;
        let (worker_id, url) = (surface.advertised.worker_id.clone(), surface.advertised.url());
        let engine = engine_settings(&properties, &worker_id, &providers)?.sharing(logins);
        let scheme = surface.advertised.scheme;

        let registry = Registry::new();
        let wanted = config.tracing.as_deref();
        let traced = traces::of(wanted, &telemetry, &worker_id, &registry)?;
        let (tracing, exporter) = traced.unzip();
        let engine = engine.tracing(tracing);
        let (handle, requests) = Herder::handle();
        let (info, told) = watch::channel(server_info(String::new()));
        let client = surface::client(&properties)?;
        let about =
            About { info: told, plugins: plugins::list(&catalog), loggers: loggers.clone() };
        let serving = CancellationToken::new();
        let mut servers = JoinSet::new();
        surface.serve(&handle, &client, about, &mut servers, &serving);
        if let Some(metrics) = metrics(&config, &registry, &handle, &serving).await? {
            servers.spawn(metrics);
        }
        if let Some(file) = config.loggers_file.clone() {
            let following = loggers_file::follow(file, loggers.clone());
            servers.spawn(surface::until(serving.clone(), following));
        }
        Ok(Self {
            properties,
            config,
            clients,
            worker_id,
            url,
            scheme,
            info,
            handle,
            engine,
            providers,
            catalog,
            loggers,
            registry,
            requests,
            client,
            exporter,
            serving,
            servers,
        })
    }

    /// Runs connectors and tasks until told to stop, as long as the listeners serve.
    pub(crate) async fn run(
        self,
        stores: Stores,
        settings: HerderSettings,
        stop: CancellationToken,
    ) -> Result<()> {
        let Stores { seat, config, status, offsets, leader_writer } = stores;
        let (events, task_events) = mpsc::channel(TASK_EVENTS);
        let source = Arc::new(plugins::CatalogSource(Arc::clone(&self.catalog)));
        let engine = Engine::new(self.engine, source, offsets, events, &self.registry);
        let engine = Arc::new(engine);
        let mut servers = self.servers;
        follow_memory(&self.properties, &engine, &mut servers, &self.serving);
        servers.spawn(surface::until(self.serving.clone(), code_pages::give_back()));
        let plugins =
            CatalogPlugins::new(self.catalog, self.properties, Arc::clone(&self.providers))
                .map_err(anyhow::Error::msg)?;
        let herder = Herder {
            settings,
            plugins: Arc::new(plugins),
            engine: Arc::clone(&engine),
            providers: self.providers,
            task_events,
            seat,
            config,
            status,
            leader_writer,
            workers: Arc::new(self.client),
            loggers: self.loggers,
            registry: self.registry,
        };
        let mut exporting = JoinSet::new();
        let last_records = CancellationToken::new();
        if let Some(exporter) = self.exporter {
            exporting.spawn(exporter.run(last_records.clone()));
        }
        let outcome = tokio::select! {
            outcome = herder.run(self.requests, stop) => outcome.map_err(anyhow::Error::from),
            Some(ended) = servers.join_next() => match ended {
                Ok(served) => served.context("a listener of the worker failed"),
                Err(panicked) => Err(panicked.into()),
            },
        };
        if outcome.is_ok() {
            engine.stop_all().await;
            last_records.cancel();
            // Spans that the time is not enough for go with the process.
            let _ = timeout(traces::LAST_EXPORT, exporting.join_all()).await;
            tracing::info!("the worker has stopped");
        }
        self.serving.cancel();
        outcome
    }
}

/// Has the engine follow what the worker's container may have.
fn follow_memory(
    properties: &Properties,
    engine: &Arc<Engine>,
    servers: &mut JoinSet<std::io::Result<()>>,
    serving: &CancellationToken,
) {
    let engine = Arc::clone(engine);
    if let Some(limits) = memory::follow(properties, move |bytes| engine.resize_memory(bytes)) {
        servers.spawn(surface::until(serving.clone(), limits));
    }
}

/// Reads all settings that every worker has.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_settings(properties: &Properties) -> Result<()> {
    unknown::warn(properties, &ClientSettings::parse(properties)?, crate::distributed::keys());
    EngineSettings::parse(properties, "")?;
    WorkerConfig::parse(properties)?.metrics_address().map(drop)
}

/// The context of what is wrong with a worker file.
pub(crate) fn invalid(path: &Path) -> String {
    format!("{} is not a valid worker file", path.display())
}

/// What serves metrics and health, if the worker file wants it.
async fn metrics(
    config: &WorkerConfig,
    registry: &Registry,
    herder: &Handle,
    serving: &CancellationToken,
) -> Result<Option<impl Future<Output = std::io::Result<()>> + use<>>> {
    let Some(address) = config.metrics_address()? else { return Ok(None) };
    let socket = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("sluice.metrics.listener {address} cannot be bound"))?;
    let (registry, herder) = (registry.clone(), herder.clone());
    Ok(Some(sluice_rest::serve_metrics(socket, registry, herder, serving.clone())))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `GET /` tells of a worker of a cluster. First the release of Kafka Connect whose API this is, then the worker's own:
/// clients such as kcctl read the first two numbers and offer what that release has.
pub(crate) fn server_info(kafka_cluster_id: String) -> ServerInfo {
    ServerInfo {
        version: format!("{KAFKA_VERSION}-sluice-{VERSION}"),
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

#[test]
fn the_version_is_one_of_kafka_connect() {
    let info = server_info(String::new());
    let first: Vec<_> = info.version.split('.').take(2).map(str::parse::<u8>).collect();
    assert_eq!(first, [Ok(4), Ok(3)], "{}", info.version);
    assert!(info.version.ends_with(env!("CARGO_PKG_VERSION")), "{}", info.version);
}
