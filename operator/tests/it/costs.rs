//! What a connector costs the API server.

use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use http::{Method, Request};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use tower::util::MapRequestLayer;

use crate::bed::{Bed, create_namespace, shared_plane};

const CONNECTORS: usize = 10;
/// Finalizer, revision, event, status.
const EACH: usize = 4;
/// Questions to the group without a request in between, after which nothing more is to come.
const REST: u32 = 10;

/// Requests to the API server, but for lists, watches and the Lease.
#[derive(Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<Vec<String>>>);

impl Requests {
    fn note(&self, request: &Request<Body>) {
        let (method, path) = (request.method(), request.uri().path());
        let watches = request.uri().query().is_some_and(|query| query.contains("watch="));
        if !(path.contains("/leases") || *method == Method::GET && watches) {
            self.0.lock().expect("nobody panics with the lock").push(format!("{method} {path}"));
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with the lock").clone()
    }

    /// A client whose requests are noted.
    pub(crate) async fn client(&self) -> Result<Client> {
        let kubeconfig = Kubeconfig::read_from(shared_plane().await?.kubeconfig())?;
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        let requests = self.clone();
        let note = MapRequestLayer::new(move |request: Request<Body>| {
            requests.note(&request);
            request
        });
        Ok(ClientBuilder::try_from(config)?.with_layer(&note).build())
    }
}

/// Waits until the operator asks nothing but its workers.
async fn at_rest(bed: &Bed, requests: &Requests) -> Result<()> {
    let mut seen = (0, 0);
    bed.until("the operator to rest", async || {
        let (count, polls) = (requests.all().len(), bed.workers.world().polls);
        if count != seen.0 {
            seen = (count, polls);
        }
        Ok(polls >= seen.1 + REST)
    })
    .await
}

#[tokio::test]
async fn a_new_connector_takes_four_requests_and_at_rest_it_takes_none() -> Result<()> {
    require!(missing_for_control_plane());
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let requests = Requests::default();
    // Looks at clusters that are well are half an hour apart.
    let theirs = requests.client().await?;
    let bed = Bed::within_and(client, namespace, theirs, |settings| {
        settings.resync = sluice_operator::Settings::new("").resync;
    })
    .await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    at_rest(&bed, &requests).await?;
    let before = requests.all().len();
    for number in 0..CONNECTORS {
        bed.connector(&format!("c-{number}"), &json!({"class": "X"})).await?;
    }
    for number in 0..CONNECTORS {
        bed.connector_is(&format!("c-{number}"), "Ready=True Running").await?;
    }
    at_rest(&bed, &requests).await?;
    let all = requests.all().split_off(before);
    let of_cluster = |it: &&String| {
        it.contains("/my-connect") || it.contains("/pods") || it.contains("/statefulsets")
    };
    let others: Vec<&String> = all.iter().filter(|it| !of_cluster(it)).collect();
    ensure!(others.len() <= EACH * CONNECTORS, "{} requests: {others:#?}", others.len());
    Ok(())
}
