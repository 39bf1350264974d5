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
    authorization,
    listeners::{Address, Advertised, Bound, bind},
    renewal::{self, Renewed},
    rest::{self, RestConfig},
};

/// Of keys that secure listeners, and the way to those of other workers.
const PREFIX: &str = "listeners.https.";

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
    tls: [Option<Secured>; 2],
    /// What secures the way to other workers.
    to_others: Properties,
    /// The settings of all of that as they are written.
    renewed: Renewed,
    /// Where users are, if there are any.
    jaas_file: Option<String>,
    /// Where the operator tells who it is, if it does.
    authorization_path: Option<String>,
}

/// What secured listeners show and ask for, now and as the settings have it.
struct Secured {
    prefix: &'static str,
    settings: Properties,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Secured {
    /// Takes what the files hold into force as they change.
    async fn follow(self, renewed: Renewed) {
        let Self { prefix, settings, current } = self;
        let renewed = renewed.of(|written| tls_settings(written, prefix));
        let renew = |settings: &Properties| {
            current.send_replace(Arc::new(sluice_kafka::tls::server(settings)?));
            Ok(())
        };
        renewal::follow(renewed, settings, renewal::LOOK_AGAIN, renew).await;
    }
}

impl Surface {
    /// Reads what the worker file says of the API, and binds its listeners. `renewed` has the same settings as written.
    pub(super) async fn bind(properties: &Properties, renewed: Renewed) -> Result<Self> {
        let config = RestConfig::parse(properties)?;
        let policy = config.policy()?;
        let (admin, apart) = rest::admin(properties)?;
        let all = config.listeners()?;
        let tls =
            [tls(properties, &all, PREFIX)?, tls(properties, &apart, "admin.listeners.https.")?];
        let regular = bind(all).await?;
        let apart = bind(apart).await?;
        let advertised = Advertised::of(&config, &regular)?;
        let to_others = to_others(properties, &config)?;
        let (jaas_file, authorization_path) = (config.jaas_file, config.authorization_path);
        Ok(Self {
            advertised,
            policy,
            admin,
            regular,
            apart,
            tls,
            to_others,
            renewed,
            jaas_file,
            authorization_path,
        })
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
        let Self { policy, admin, tls, to_others, renewed, .. } = self;
        if let Some((credentials, file)) = policy.credentials.clone().zip(self.jaas_file) {
            let following = renewal::follow_users(file, credentials, renewal::LOOK_AGAIN);
            servers.spawn(until(serving.clone(), following));
        }
        if let Some((authorization, folder)) =
            policy.authorization.clone().zip(self.authorization_path)
        {
            let following = authorization::follow(folder, authorization, renewal::LOOK_AGAIN);
            servers.spawn(until(serving.clone(), following));
        }
        let [for_all, for_admins] =
            tls.each_ref().map(|it| it.as_ref().map(|it| it.current.subscribe()));
        let scheme = self.advertised.scheme;
        let settings = ServerSettings { info, plugins, loggers, scheme, policy, admin };
        let listeners = self.regular.into_iter().map(|it| (it, false));
        for (bound, is_apart) in listeners.chain(self.apart.into_iter().map(|it| (it, true))) {
            let Bound { address, socket } = bound;
            let settings = ServerSettings { scheme: address.scheme(), ..settings.clone() };
            let Routers { regular, admin } = routers(herder.clone(), client.clone(), settings);
            let (router, tls) = if is_apart { (admin, &for_admins) } else { (regular, &for_all) };
            let tls = tls.clone().filter(|_| address.is_secure);
            servers.spawn(Server::new(socket, tls).run(router, serving.clone()));
        }
        for secured in tls.into_iter().flatten() {
            servers.spawn(until(serving.clone(), secured.follow(renewed.clone())));
        }
        let client = client.clone();
        let renew = move |settings: &Properties| {
            client.renew(sluice_kafka::tls::client(settings)?);
            Ok(())
        };
        // What is not secured names nothing.
        let written = renewed.of(|written| {
            if to_others.is_empty() { Properties::new() } else { tls_settings(written, PREFIX) }
        });
        let following = renewal::follow(written, to_others, renewal::LOOK_AGAIN, renew);
        servers.spawn(until(serving.clone(), following));
    }
}

/// Does something that has no end until the servers are told to stop.
pub(super) async fn until(
    serving: CancellationToken,
    work: impl Future<Output = ()>,
) -> std::io::Result<()> {
    tokio::select! {
        () = serving.cancelled() => Ok(()),
        () = work => Ok(()),
    }
}

/// The client for other workers: secured as this worker's listeners are.
pub(super) fn client(properties: &Properties) -> Result<LeaderClient> {
    let settings = to_others(properties, &RestConfig::parse(properties)?)?;
    Ok(LeaderClient::new(sluice_kafka::tls::client(&settings).context(PREFIX)?))
}

/// The keys that secure the way to other workers.
fn to_others(properties: &Properties, config: &RestConfig) -> Result<Properties> {
    // Keys of brokers' stores that cannot be read are no matter for workers that talk in the clear.
    let is_secure = config.listeners()?.iter().any(|it| it.is_secure)
        || properties.keys().any(|it| it.starts_with(PREFIX));
    Ok(if is_secure { tls_settings(properties, PREFIX) } else { Properties::new() })
}

/// What listeners show and ask for, if any of them is secured.
fn tls(
    properties: &Properties,
    addresses: &[Address],
    prefix: &'static str,
) -> Result<Option<Secured>> {
    if !addresses.iter().any(|it| it.is_secure) {
        return Ok(None);
    }
    let settings = tls_settings(properties, prefix);
    let first = sluice_kafka::tls::server(&settings).context(prefix)?;
    Ok(Some(Secured { prefix, settings, current: watch::Sender::new(Arc::new(first)) }))
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
