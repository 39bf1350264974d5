//! `sluice-worker distributed`: a worker that shares connectors with the others of its group, and keeps everything in
//! Kafka's topics.

mod settings;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use sluice_catalog::Catalog;
use sluice_config::{Config as _, Properties};
use sluice_engine::KafkaOffsets;
use sluice_group::{GroupSettings, Member, Seat};
use sluice_herder::{Followed, Settings as HerderSettings, loggers::Loggers};
use sluice_kafka::{admin::Admin, log::Log, wire::Client};
use sluice_rest_model::ServerInfo;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    parts::{Parts, Stores, invalid, server_info},
    reach,
    worker_file::WorkerFile,
};
use settings::DistributedConfig;

/// How often the group is asked whether it changes. A round begins when the slowest worker has heard of it: half a second is
/// little beside a session, and two small requests a second are nothing to a broker.
const ASK_INTERVAL: Duration = Duration::from_millis(500);

/// Runs a worker until told to stop.
pub(crate) async fn run(
    path: &Path,
    file: WorkerFile,
    catalog: Catalog,
    loggers: Loggers,
    stop: CancellationToken,
) -> Result<()> {
    let config = DistributedConfig::parse(&file.properties).with_context(|| invalid(path))?;
    let mut parts = Parts::new(path, file, catalog, loggers, keys()).await?;
    tracing::info!(url = parts.url, group = config.group_id, "the worker starts");

    let wire = Client::new(&parts.clients, &client_id(&parts))?;
    let opening = open_topics(&config, &parts.properties, &wire, &parts.info);
    let (config_log, status_log, offsets) = tokio::select! {
        opened = opening => opened?,
        // Told to stop while the brokers cannot be reached.
        () = stop.cancelled() => return Ok(()),
    };
    tracing::info!("the internal topics are open");
    let stores = Stores {
        seat: Seat::Group(Box::new(Member::new(wire, group_settings(&config, &parts.url)))),
        config: config_log,
        status: status_log,
        offsets: Arc::new(offsets),
        leader_writer: config.leader_writer(&parts.clients, &client_id(&parts)),
    };
    parts.engine = parts.engine.distributed(config.engine(&parts.properties));
    let settings = herder_settings(&config, &parts);
    parts.run(stores, settings, stop).await
}

/// Reads all settings that are of this mode alone.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_settings(properties: &Properties) -> Result<()> {
    DistributedConfig::parse(properties)?.protocol();
    Ok(())
}

/// The names of the keys that are of this mode alone.
pub(crate) fn keys() -> Vec<String> {
    DistributedConfig::definition().keys.into_iter().map(|key| key.name.into_owned()).collect()
}

fn client_id(parts: &Parts) -> String {
    let own = || format!("connect-{}", parts.worker_id);
    parts.properties.get("client.id").map_or_else(own, Clone::clone)
}

/// Opens the three internal topics side by side; tries for as long as no broker can be reached.
async fn open_topics(
    config: &DistributedConfig,
    properties: &Properties,
    wire: &Client,
    info: &watch::Sender<ServerInfo>,
) -> Result<(Followed, Followed, KafkaOffsets)> {
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

fn herder_settings(config: &DistributedConfig, parts: &Parts) -> HerderSettings {
    HerderSettings {
        is_alone: false,
        exactly_once: config.exactly_once(),
        key_ttl: config.key_ttl.0,
        sync_timeout: config.sync_timeout.0,
        unsync_backoff: config.unsync_backoff.0,
        rebalance_delay: config.max_delay.0,
        ..parts.config.herder(parts.worker_id.clone(), parts.scheme)
    }
}

fn group_settings(config: &DistributedConfig, url: &str) -> GroupSettings {
    GroupSettings {
        group_id: config.group_id.clone(),
        url: url.to_owned(),
        session_timeout: config.session_timeout.0,
        heartbeat_interval: config.heartbeat_interval.0,
        ask_interval: ASK_INTERVAL,
        rebalance_timeout: config.rebalance_timeout.0,
        protocol: config.protocol(),
        max_delay: config.max_delay.0,
    }
}
