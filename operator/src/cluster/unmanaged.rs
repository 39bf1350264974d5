//! Connectors that the workers have and no resource asks for: left alone, adopted or deleted, as the cluster says.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{ApiResource, DynamicObject, ListParams, PostParams};
use kube::runtime::events::EventType;
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector, UnmanagedConnectors};
use sluice_rest_model::{Expanded, State};

use crate::connect_api::{self, ConnectApi};
use crate::connector::desired::decided_elsewhere;
use crate::connector::place::{ANY, Leaving, Place};
use crate::context::Context;
use crate::names::is_object_name;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workers refused.
    #[error(transparent)]
    Workers(#[from] connect_api::Error),
    /// The Kubernetes API refused.
    #[error("cannot {what}: {source}")]
    Kubernetes {
        /// What was asked.
        what: &'static str,
        /// Why.
        source: Box<kube::Error>,
    },
}

/// Deals with the connectors of a cluster that no resource asks for.
pub async fn settle(
    cluster: &KafkaConnect,
    workers: &ConnectApi,
    ctx: &Context,
) -> Result<(), Error> {
    let policy = cluster.spec.unmanaged_connectors.unwrap_or_default();
    if policy == UnmanagedConnectors::Ignore {
        return Ok(());
    }
    let running = workers.connectors().await?;
    let namespace = cluster.namespace().unwrap_or_default();
    let place = |name: &String| Place {
        namespace: namespace.clone(),
        cluster: cluster.name_any(),
        name: name.clone(),
    };
    if running.keys().all(|name| ctx.is_asked_for(&place(name))) {
        return Ok(());
    }
    // What is kept in memory may lag, and lacks what does not fit its type or belongs to another operator.
    let mut claimed = BTreeSet::new();
    for home in homes(cluster, &namespace, &ctx.settings.namespaces) {
        claimed.extend(claimed_from(home.as_deref(), cluster, &namespace, ctx).await?);
    }
    for (name, expanded) in running.iter().filter(|(name, _)| !claimed.contains(*name)) {
        let (reason, note) = match policy {
            UnmanagedConnectors::Ignore => continue,
            UnmanagedConnectors::Delete => {
                workers.delete(name).await?;
                ("ConnectorDeleted", format!("no resource asks for the connector {name}: deleted"))
            }
            UnmanagedConnectors::Adopt => {
                let Some(resource) = adopted(name, &cluster.name_any(), expanded) else { continue };
                let resource_name = create(&resource, &namespace, ctx).await?;
                let note =
                    format!("the connector {name} is now the KafkaConnector {resource_name}");
                ("ConnectorAdopted", note)
            }
        };
        ctx.cluster_reports.event(cluster, EventType::Normal, reason, "Reconcile", &note).await;
    }
    Ok(())
}

/// Namespaces whose connectors may be here, as far as the operator sees them; none for all that there are.
fn homes(cluster: &KafkaConnect, namespace: &str, watched: &[String]) -> Vec<Option<String>> {
    let names = cluster.spec.allowed_namespaces.iter().flat_map(|it| &it.names);
    let names: BTreeSet<&str> = names.map(String::as_str).chain([namespace]).collect();
    match (names.contains(ANY), watched) {
        (true, []) => vec![None],
        (true, watched) => watched.iter().cloned().map(Some).collect(),
        (false, watched) => {
            let is_seen = |it: &&str| watched.is_empty() || watched.iter().any(|seen| seen == it);
            names.into_iter().filter(is_seen).map(|it| Some(it.to_owned())).collect()
        }
    }
}

/// Names in Kafka Connect that resources of a namespace, or of all, ask for or have.
async fn claimed_from(
    home: Option<&str>,
    cluster: &KafkaConnect,
    namespace: &str,
    ctx: &Context,
) -> Result<BTreeSet<String>, Error> {
    let resource = ApiResource::erase::<KafkaConnector>(&());
    let client = ctx.client.clone();
    let api: Api<DynamicObject> = match home {
        Some(home) => Api::namespaced_with(client, home, &resource),
        None => Api::all_with(client, &resource),
    };
    let failed =
        |source| Error::Kubernetes { what: "list KafkaConnectors", source: Box::new(source) };
    let objects = api.list(&ListParams::default()).await.map_err(failed)?;
    let places = objects.iter().flat_map(|object| {
        let Leaving { known, asked, .. } = Leaving::of(object, &object.data);
        known.into_iter().chain(asked)
    });
    let is_here =
        |place: &Place| place.cluster == cluster.name_any() && place.namespace == namespace;
    Ok(places.filter(is_here).map(|place| place.name).collect())
}

async fn create(resource: &Value, namespace: &str, ctx: &Context) -> Result<String, Error> {
    let kind = ApiResource::erase::<KafkaConnector>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(ctx.client.clone(), namespace, &kind);
    let failed =
        |source| Error::Kubernetes { what: "create a KafkaConnector", source: Box::new(source) };
    let object: DynamicObject =
        serde_json::from_value(resource.clone()).expect("a resource with metadata");
    let name = object.name_any();
    match api.create(&PostParams::default(), &object).await {
        // Another resource has the name: the next look tells whether it asks for the connector.
        Err(kube::Error::Api(answer)) if answer.code == 409 => Ok(name),
        answer => answer.map(|created| created.name_any()).map_err(failed),
    }
}

/// The resource of a connector; none for one whose settings are not known.
fn adopted(name: &str, cluster: &str, expanded: &Expanded) -> Option<Value> {
    let config = &expanded.info.as_ref()?.config;
    let state = expanded.status.as_ref().map(|status| status.connector.state);
    let own: BTreeMap<&String, &String> =
        config.iter().filter(|(key, _)| decided_elsewhere(key).is_none()).collect();
    let resource_name = resource_name(name);
    let mut spec = json!({
        "cluster": cluster,
        "class": config.get("connector.class")?,
        "config": own,
        "state": match state {
            Some(State::Paused) => "paused",
            Some(State::Stopped) => "stopped",
            _ => "running",
        },
    });
    if resource_name != name {
        spec["name"] = name.into();
    }
    if let Some(most) = config.get("tasks.max").and_then(|most| most.parse::<i32>().ok()) {
        spec["tasksMax"] = most.into();
    }
    if let Some(version) = config.get("connector.plugin.version") {
        spec["version"] = version.as_str().into();
    }
    Some(json!({
        "apiVersion": KafkaConnector::api_version(&()),
        "kind": KafkaConnector::kind(&()),
        "metadata": {"name": resource_name},
        "spec": spec,
    }))
}

/// A name that a resource may bear. What had to be changed gets a hash, so that two names stay two.
fn resource_name(name: &str) -> String {
    if is_object_name(name) {
        return name.to_owned();
    }
    let lower = name.to_lowercase();
    let parts: Vec<String> = lower
        .split(|it: char| !it.is_ascii_lowercase() && !it.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let head: String = parts.join("-").chars().take(200).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let hash = digest.as_ref().first_chunk::<4>().expect("a digest has 32 bytes");
    let start = if head.is_empty() { "connector" } else { head.trim_end_matches('-') };
    format!("{start}-{:08x}", u32::from_be_bytes(*hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_resources_are_kept_where_they_can_be() {
        for name in ["orders", "a.b-c.1"] {
            assert_eq!(resource_name(name), name);
        }
        for (name, start) in [
            ("Orders of_2026", "orders-of-2026-"),
            ("-a-", "a-"),
            ("a..b", "a-b-"),
            ("ä/ö", "connector-"),
            ("A".repeat(400).as_str(), "aaaa"),
        ] {
            let resource = resource_name(name);
            assert!(resource.starts_with(start) && is_object_name(&resource), "{resource}");
        }
        assert_ne!(resource_name("A"), resource_name("a_"));
    }

    #[test]
    fn namespaces_are_asked_that_may_have_connectors_here_and_that_are_watched() {
        let cluster = |names: Value| -> KafkaConnect {
            serde_json::from_value(json!({"metadata": {"name": "c"}, "spec": {
                "bootstrapServers": "k:9092", "groupId": "g", "configStorageTopic": "c",
                "statusStorageTopic": "s", "offsetStorageTopic": "o",
                "allowedNamespaces": {"names": names},
            }}))
            .unwrap()
        };
        let some = |names: &[&str]| -> Vec<Option<String>> {
            names.iter().map(|it| Some((*it).to_owned())).collect()
        };
        let watched = ["shop".to_owned(), "b".to_owned()];
        for (names, all, two) in [
            (json!([]), some(&["shop"]), some(&["shop"])),
            (json!(["a", "b"]), some(&["a", "b", "shop"]), some(&["b", "shop"])),
            (json!(["*"]), vec![None], some(&["shop", "b"])),
        ] {
            let cluster = cluster(names.clone());
            assert_eq!(homes(&cluster, "shop", &[]), all, "{names}");
            assert_eq!(homes(&cluster, "shop", &watched), two, "{names}");
        }
    }

    #[test]
    fn an_adopted_connector_is_the_resource_that_would_have_made_it() {
        let expanded: Expanded = serde_json::from_value(json!({
            "info": {"name": "Orders", "type": "sink", "tasks": [], "config": {
                "name": "Orders", "connector.class": "X", "tasks.max": "3", "a": "1",
            }},
            "status": {"name": "Orders", "type": "sink", "tasks": [],
                "connector": {"state": "PAUSED", "worker_id": "h:8083"}},
        }))
        .unwrap();
        let resource = adopted("Orders", "my-connect", &expanded).unwrap();
        let connector: KafkaConnector = serde_json::from_value(resource).unwrap();
        let desired = crate::connector::desired::of(&connector).unwrap();
        assert_eq!(desired.config, expanded.info.unwrap().config);
        assert_eq!(desired.place.name, "Orders");
        assert_eq!(desired.state, sluice_crds::TargetState::Paused);
    }
}
