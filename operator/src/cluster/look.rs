//! Step 5: what the pods and the workers say. Asks, and judges nothing.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use sluice_crds::KafkaConnect;
use sluice_rest_model::{PluginInfo, ServerInfo};

use super::apply::Applied;
use super::group::Group;
use super::pods;
use crate::connect_api::{ConnectApi, Error};
use crate::context::Context;

mod leader;

/// What the workers and their pods say.
#[derive(Debug, Default)]
pub struct Seen {
    /// The pods, whether or not they are ready.
    pub pods: Vec<Pod>,
    /// What the REST API answers; none while no worker is ready.
    pub answers: Option<Result<Answers, Error>>,
}

/// What the REST API answers.
#[derive(Debug)]
pub struct Answers {
    /// Who the workers are.
    pub server: ServerInfo,
    /// What they run.
    pub group: Group,
    /// What they could run.
    pub plugins: Vec<PluginInfo>,
    /// The pod of the worker that leads, if that can be told.
    pub leader: Option<String>,
}

/// Asks the pods, and the workers if one is ready.
pub async fn look(
    cluster: &KafkaConnect,
    applied: &Applied,
    ctx: &Context,
) -> Result<Seen, pods::Error> {
    let status = applied.stateful_set.status.as_ref();
    let exist = status.is_some_and(|status| status.replicas > 0);
    let ready = status.is_some_and(|status| status.ready_replicas.unwrap_or(0) > 0);
    let (namespace, name) = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    if !exist {
        return Ok(Seen::default());
    }
    let pods = pods::list(&ctx.client, &namespace, &name).await?;
    if !ready {
        return Ok(Seen { pods, answers: None });
    }
    let answers = match ctx.workers(&namespace, &name) {
        Some(workers) => Some(ask(&workers, &pods, ctx).await),
        None => None,
    };
    Ok(Seen { pods, answers })
}

async fn ask(workers: &ConnectApi, pods: &[Pod], ctx: &Context) -> Result<Answers, Error> {
    let leader = async { Ok::<_, Error>(leader::ask(pods, ctx).await) };
    let asked = futures::try_join!(workers.server(), workers.statuses(), workers.plugins(), leader);
    let (server, statuses, plugins, leader) = asked?;
    Ok(Answers { server, group: Group::new(statuses), plugins, leader })
}
