//! The REST API of a worker: its listeners, and what serves them.

use anyhow::Result;
use sluice_config::{Config as _, Properties};
use sluice_herder::{Handle, loggers::Loggers};
use sluice_rest::{AdminRoutes, LeaderClient, Policy, Routers, Server, ServerSettings, routers};
use sluice_rest_model::{PluginInfo, ServerInfo};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    listeners::{Advertised, Bound, bind},
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
}

impl Surface {
    /// Reads what the worker file says of the API, and binds its listeners.
    pub(super) async fn bind(properties: &Properties) -> Result<Self> {
        let config = RestConfig::parse(properties)?;
        let policy = config.policy()?;
        let (admin, apart) = rest::admin(properties)?;
        let regular = bind(config.listeners()?).await?;
        let apart = bind(apart).await?;
        let advertised = Advertised::of(&config, &regular)?;
        Ok(Self { advertised, policy, admin, regular, apart })
    }

    /// Serves until told to stop.
    pub(super) fn serve(
        self,
        herder: Handle,
        client: LeaderClient,
        about: About,
        servers: &mut JoinSet<std::io::Result<()>>,
        serving: &CancellationToken,
    ) {
        let About { info, plugins, loggers } = about;
        let Self { advertised, policy, admin, regular, apart } = self;
        let scheme = advertised.scheme;
        let settings = ServerSettings { info, plugins, loggers, scheme, policy, admin };
        let Routers { regular: for_all, admin: for_admins } = routers(herder, client, settings);
        for (listeners, router) in [(regular, for_all), (apart, for_admins)] {
            for Bound { socket, .. } in listeners {
                servers.spawn(Server::new(socket).run(router.clone(), serving.clone()));
            }
        }
    }
}
