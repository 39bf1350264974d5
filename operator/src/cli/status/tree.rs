//! What is there, ordered: clusters, under each its connectors, under each its tasks. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use serde::Serialize;
use sluice_crds::{DeadLetters, KafkaConnect, KafkaConnector, Lag, condition};

use crate::cli::access;
use crate::conditions;
use crate::connector::place;

/// Everything that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tree {
    pub(super) clusters: Vec<ClusterView>,
    /// Connectors whose cluster is not there.
    pub(super) connectors_without_cluster: Vec<ConnectorView>,
}

/// Whether something is as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    /// True, False or Unknown.
    pub(super) ready: String,
    pub(super) reason: String,
    pub(super) message: String,
    /// What is missing or has no effect, whether ready or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warning: Option<String>,
}

/// A KafkaConnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct ClusterView {
    pub(super) namespace: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) health: Health,
    /// Ready workers of desired ones.
    pub(super) workers: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    /// Worker pods.
    pub(super) members: Vec<MemberView>,
    pub(super) connectors: Vec<ConnectorView>,
}

/// A worker pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct MemberView {
    pub(super) name: String,
    pub(super) ready: bool,
    /// Whether it leads the group.
    pub(super) leads: bool,
}

/// A KafkaConnector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct ConnectorView {
    pub(super) namespace: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cluster: Option<String>,
    pub(super) cluster_namespace: String,
    pub(super) class: String,
    #[serde(flatten)]
    pub(super) health: Health,
    /// What the workers report of the instance; UNKNOWN if they know none.
    pub(super) state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) worker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<String>,
    /// Of a sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lag: Option<Lag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dead_letters: Option<DeadLetters>,
    pub(super) tasks: Vec<TaskView>,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct TaskView {
    pub(super) id: i32,
    pub(super) state: String,
    pub(super) worker: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<String>,
}

impl Tree {
    /// Puts connectors under their clusters; all by namespace and name.
    pub(super) fn of(mut clusters: Vec<KafkaConnect>, mut connectors: Vec<KafkaConnector>) -> Self {
        clusters.sort_by_key(access::place);
        connectors.sort_by_key(access::place);
        let mut tree = Self {
            clusters: clusters.iter().map(cluster).collect(),
            connectors_without_cluster: Vec::new(),
        };
        for view in connectors.iter().map(connector) {
            let home = tree.clusters.iter_mut().find(|it| {
                it.namespace == view.cluster_namespace && Some(&it.name) == view.cluster.as_ref()
            });
            match home {
                Some(cluster) => cluster.connectors.push(view),
                None => tree.connectors_without_cluster.push(view),
            }
        }
        tree
    }

    /// The part that bears a name: whole clusters, or connectors under theirs. None if nobody does.
    pub(super) fn only(mut self, name: &str) -> Option<Self> {
        self.clusters.retain_mut(|cluster| {
            let is_meant = cluster.name == name;
            if !is_meant {
                cluster.connectors.retain(|connector| connector.name == name);
            }
            is_meant || !cluster.connectors.is_empty()
        });
        self.connectors_without_cluster.retain(|connector| connector.name == name);
        (self != Self::default()).then_some(self)
    }
}

impl Health {
    fn of(conditions: &[Condition]) -> Self {
        let warning = conditions::find(conditions, condition::WARNING);
        let warning = warning.filter(|it| it.status == "True").map(|it| it.message.clone());
        match conditions::find(conditions, condition::READY) {
            Some(ready) => Self {
                ready: ready.status.clone(),
                reason: ready.reason.clone(),
                message: ready.message.clone(),
                warning,
            },
            None => Self {
                ready: "Unknown".to_owned(),
                reason: "NotLookedAt".to_owned(),
                message: "no operator has looked at it yet".to_owned(),
                warning,
            },
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready == "True"
    }
}

fn cluster(resource: &KafkaConnect) -> ClusterView {
    let status = resource.status.clone().unwrap_or_default();
    let none = || format!("0/{}", resource.spec.replicas);
    let member = |it: &sluice_crds::Member| MemberView {
        name: it.name.clone(),
        ready: it.ready,
        leads: status.leader.as_ref() == Some(&it.name),
    };
    let members = status.members.iter().map(member).collect();
    ClusterView {
        namespace: resource.namespace().unwrap_or_default(),
        name: resource.name_any(),
        health: Health::of(&status.conditions),
        workers: status.workers.unwrap_or_else(none),
        version: status.version,
        url: status.url,
        members,
        connectors: Vec::new(),
    }
}

fn connector(resource: &KafkaConnector) -> ConnectorView {
    let status = resource.status.clone().unwrap_or_default();
    let report = status.connector_status.unwrap_or_default();
    let named = |text: String| Some(text).filter(|text| !text.is_empty());
    let task = |it: sluice_crds::TaskReport| TaskView {
        id: it.id,
        state: it.state,
        worker: it.worker_id,
        trace: it.trace,
    };
    ConnectorView {
        namespace: resource.namespace().unwrap_or_default(),
        name: resource.name_any(),
        cluster: place::asked_cluster(resource).map(str::to_owned),
        cluster_namespace: place::asked_namespace(resource),
        class: resource.spec.class.clone(),
        health: Health::of(&status.conditions),
        state: named(report.connector.state).unwrap_or_else(|| "UNKNOWN".to_owned()),
        worker: named(report.connector.worker_id),
        trace: report.connector.trace,
        lag: status.lag,
        dead_letters: status.dead_letters,
        tasks: report.tasks.into_iter().map(task).collect(),
    }
}
