//! The REST API of a worker: its listeners, and what serves them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::ServerConfig;
use sluice_config::{Config as _, Properties};
use sluice_herder::{Handle, loggers::Loggers};
use sluice_rest::{AdminRoutes, LeaderClient, Policy, Routers, Server, ServerSettings, routers};
use sluice_rest_model::{PluginInfo, ServerInfo};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    listeners::{Address, Advertised, Bound, bind},
    rest::{self, RestConfig},
};

/// What the API tells of the worker.
pub(super) struct About {
    pub(super) info: watch::Receiver<ServerInfo>,
    pub(super) plugins: Vec<PluginInfo>,
    pub(super) loggers: Loggers,
}

/// The API with its listeners bound, before anything is served.
pub(super) struct Surface {
    pub(super) advertised: Advertised,
    policy: Policy,
    admin: AdminRoutes,
    regular: Vec<Bound>,
    apart: Vec<Bound>,
    /// What secured listeners show and ask for: all of them, and those of administrators.
    tls: [Option<Arc<ServerConfig>>; 2],
}

impl Surface {
    /// Reads what the worker file says of the API, and binds its listeners.
    pub(super) async fn bind(properties: &Properties) -> Result<Self> {
        let config = RestConfig::parse(properties)?;
        let policy = config.policy()?;
        let (admin, apart) = rest::admin(properties)?;
        let all = config.listeners()?;
        let tls = [
            tls(properties, &all, "listeners.https.")?,
            tls(properties, &apart, "admin.listeners.https.")?,
        ];
        let regular = bind(all).await?;
        let apart = bind(apart).await?;
        let advertised = Advertised::of(&config, &regular)?;
        Ok(Self { advertised, policy, admin, regular, apart, tls })
    }

    /// Serves until told to stop.
    pub(super) fn serve(
        self,
        herder: &Handle,
        client: &LeaderClient,
        about: About,
        servers: &mut JoinSet<std::io::Result<()>>,
        serving: &CancellationToken,
    ) {
        let About { info, plugins, loggers } = about;
        let Self { advertised, policy, admin, regular, apart, tls: [for_all, for_admins] } = self;
        let scheme = advertised.scheme;
        let settings = ServerSettings { info, plugins, loggers, scheme, policy, admin };
        let listeners = regular.into_iter().map(|it| (it, false));
        for (bound, is_apart) in listeners.chain(apart.into_iter().map(|it| (it, true))) {
            let Bound { address, socket } = bound;
            let settings = ServerSettings { scheme: address.scheme(), ..settings.clone() };
            let Routers { regular, admin } = routers(herder.clone(), client.clone(), settings);
            let (router, tls) = if is_apart { (admin, &for_admins) } else { (regular, &for_all) };
            let tls = tls.clone().filter(|_| address.is_secure);
            servers.spawn(Server::new(socket, tls).run(router, serving.clone()));
        }
    }
}

/// The client for other workers: secured as this worker's listeners are.
pub(super) fn client(properties: &Properties) -> Result<LeaderClient> {
    const PREFIX: &str = "listeners.https.";
    let config = RestConfig::parse(properties)?;
    let settings = tls_settings(properties, PREFIX);
    // Keys of brokers' stores that cannot be read are no matter for workers that talk in the clear.
    let is_secure = config.listeners()?.iter().any(|it| it.is_secure)
        || properties.keys().any(|it| it.starts_with(PREFIX));
    let settings = if is_secure { settings } else { Properties::new() };
    Ok(LeaderClient::new(sluice_kafka::tls::client(&settings).context(PREFIX)?))
}

/// What listeners show and ask for, if any of them is secured.
fn tls(
    properties: &Properties,
    addresses: &[Address],
    prefix: &'static str,
) -> Result<Option<Arc<ServerConfig>>> {
    if !addresses.iter().any(|it| it.is_secure) {
        return Ok(None);
    }
    let server = sluice_kafka::tls::server(&tls_settings(properties, prefix));
    Ok(Some(Arc::new(server.context(prefix)?)))
}

/// Keys with the prefix, or all keys of the file if none has it (`AbstractConfig.valuesWithPrefixAllOrNothing`).
fn tls_settings(properties: &Properties, prefix: &str) -> Properties {
    let own: Properties = properties
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())))
        .collect();
    if own.is_empty() { properties.clone() } else { own }
}

#[cfg(test)]
mod tests;
