//! What a look at a cluster adds to its status.

use k8s_openapi::api::apps::v1::StatefulSet;
use sluice_crds::{ConnectorPlugin, GroupState, KafkaConnectStatus, Member};
use sluice_rest_model::ServerInfo;

use super::super::apply::Applied;
use super::super::exactly_once;
use super::super::group::{Group, Share};
use super::super::look::{Answers, Seen};
use super::members;

/// What is known after a look.
#[derive(Debug)]
pub(super) struct Found {
    /// Where the REST API answers.
    pub(super) url: Option<String>,
    image: Option<String>,
    members: Vec<Member>,
    exactly_once: Vec<String>,
    workers: Option<FromWorkers>,
    asked: bool,
}

/// What the workers themselves tell.
#[derive(Debug)]
struct FromWorkers {
    server: ServerInfo,
    leader: Option<String>,
    state: GroupState,
    connectors: Share,
    tasks: Share,
    plugins: Vec<ConnectorPlugin>,
}

impl Found {
    pub(super) fn of(applied: &Applied, seen: &Seen) -> Self {
        let answers = seen.answers.as_ref().and_then(|answers| answers.as_ref().ok());
        Self {
            url: None,
            image: image(&applied.stateful_set),
            members: members::members(&seen.pods),
            exactly_once: exactly_once::told(&seen.pods),
            workers: answers.map(FromWorkers::of),
            asked: seen.answers.is_some(),
        }
    }

    /// Writes it down. Of workers that should answer and do not, only what may change meanwhile goes.
    pub(super) fn put(self, status: &mut KafkaConnectStatus) {
        status.url = self.url;
        status.image = self.image;
        status.members = self.members;
        status.exactly_once_source = self.exactly_once;
        if let Some(workers) = self.workers {
            workers.put(status);
        } else {
            status.leader = None;
            status.group_state = None;
            status.connectors = None;
            status.tasks = None;
        }
        if !self.asked {
            status.connector_plugins = Vec::new();
        }
    }
}

impl FromWorkers {
    fn of(answers: &Answers) -> Self {
        let Answers { server, group, plugins, leader } = answers;
        Self {
            server: server.clone(),
            leader: leader.clone(),
            state: state(group),
            connectors: group.connectors(),
            tasks: group.tasks(),
            plugins: members::plugins(plugins.clone()),
        }
    }

    fn put(self, status: &mut KafkaConnectStatus) {
        status.version = Some(self.server.version);
        status.kafka_cluster_id = Some(self.server.kafka_cluster_id);
        status.leader = self.leader;
        status.group_state = Some(self.state);
        status.connectors = Some(self.connectors.to_string());
        status.tasks = Some(self.tasks.to_string());
        status.connector_plugins = self.plugins;
    }
}

fn state(group: &Group) -> GroupState {
    if group.moving().next().is_none() { GroupState::Stable } else { GroupState::Rebalancing }
}

fn image(stateful_set: &StatefulSet) -> Option<String> {
    let pods = stateful_set.spec.as_ref()?.template.spec.as_ref()?;
    pods.containers.iter().find(|it| it.name == "connect")?.image.clone()
}
