//! An API server that answers with errors for one cluster or one kind, and ends watches; a connector that hangs and workers
//! that never answer: the others do not notice.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use kube::api::{ListParams, PostParams};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, ResourceExt};
use serde_json::json;
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use tower::layer::layer_fn;
use tower::{BoxError, Service};

use crate::bed::{self, Bed, create_namespace, shared_plane, words};
use crate::workers::{HANGS, MUTE};

/// The cluster that the storm is about.
const STORMY: &str = "stormy";
/// What it answers, in turn.
const ERRORS: [StatusCode; 3] =
    [StatusCode::TOO_MANY_REQUESTS, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::CONFLICT];
/// The workers' answer to a change is given up after that long; until then what hangs takes its place.
const GIVEN_UP: Duration = Duration::from_secs(95);
/// Watches that are told that they are too old.
const GONE: u32 = 6;

/// What goes wrong, and how often it has.
#[derive(Clone, Default)]
struct Weather {
    calm: Arc<AtomicBool>,
    refused: Arc<AtomicU32>,
    gone: Arc<AtomicU32>,
    /// A kind that can be neither listed nor watched.
    unseen: Option<&'static str>,
}

impl Weather {
    fn answer(&self, request: &Request<Body>) -> Option<StatusCode> {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        if request.method() == Method::GET && self.unseen.is_some_and(|kind| path.ends_with(kind)) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Some(StatusCode::INTERNAL_SERVER_ERROR);
        }
        if query.contains("watch=true") {
            let before = self.gone.fetch_add(1, Ordering::Relaxed);
            return (before < GONE).then_some(StatusCode::GONE);
        }
        let concerned = path.contains(&format!("/{STORMY}"));
        if !concerned || self.calm.load(Ordering::Relaxed) {
            return None;
        }
        let before = self.refused.fetch_add(1, Ordering::Relaxed) as usize;
        Some(ERRORS[before % ERRORS.len()])
    }
}

type AnyBody = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Pin<Box<dyn Future<Output = Result<Response<AnyBody>, BoxError>> + Send>>;

struct Storm<S> {
    inner: S,
    weather: Weather,
}

impl<S, B> Service<Request<Body>> for Storm<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnyBody>;
    type Error = BoxError;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        if let Some(status) = self.weather.answer(&request) {
            return Box::pin(async move { Ok(refusal(status)) });
        }
        let answer = self.inner.call(request);
        Box::pin(async move { Ok(answer.await?.map(|it| it.map_err(Into::into).boxed_unsync())) })
    }
}

fn refusal(status: StatusCode) -> Response<AnyBody> {
    let body = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "a storm",
        "reason": status.canonical_reason(),
        "code": status.as_u16(),
    });
    let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response
}

async fn client_in(weather: Weather) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(shared_plane().await?.kubeconfig())?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let storm = layer_fn(move |inner| Storm { inner, weather: weather.clone() });
    Ok(ClientBuilder::try_from(config)?.with_layer(&storm).build())
}

#[tokio::test]
async fn errors_for_one_cluster_and_watches_that_end_keep_no_other_one_waiting() -> Result<()> {
    require!(missing_for_control_plane());
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let weather = Weather::default();
    let bed = Bed::within(client, namespace, client_in(weather.clone()).await?).await?;
    bed.cluster(STORMY, &json!({})).await?;
    bed.until("the storm", async || Ok(weather.refused.load(Ordering::Relaxed) >= 3)).await?;

    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "paused"}})).await?;
    bed.connector_is("orders", "Ready=True Paused").await?;
    ensure!(weather.gone.load(Ordering::Relaxed) > GONE, "no watch was begun again");
    let stormy: KafkaConnect = bed.api().get(STORMY).await?;
    let seen = stormy.status.and_then(|status| status.observed_generation);
    assert_eq!(seen, Some(-1), "nothing of it could be written");

    weather.calm.store(true, Ordering::Relaxed);
    bed.ready_cluster(STORMY).await.map(drop)
}

#[tokio::test]
async fn a_kind_that_cannot_be_watched_keeps_nothing_waiting() -> Result<()> {
    require!(missing_for_control_plane());
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let weather = Weather { unseen: Some("/networkpolicies"), ..Weather::default() };
    let bed = Bed::within(client, namespace, client_in(weather.clone()).await?).await?;
    // By then pauses between two attempts are long.
    bed.until("the storm", async || Ok(weather.refused.load(Ordering::Relaxed) >= 4)).await?;
    let start = Instant::now();
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    ensure!(start.elapsed() < Duration::from_secs(8), "it took {:?}", start.elapsed());
    Ok(())
}

#[tokio::test]
async fn of_a_hundred_connectors_one_that_hangs_keeps_no_other_waiting() -> Result<()> {
    require!(missing_for_control_plane());
    let client = shared_plane().await?.client().await?;
    let namespace = create_namespace(&client).await?;
    let bed = Bed::within(client, namespace, client_in(Weather::default()).await?).await?;
    for cluster in [STORMY, MUTE, "my-connect"] {
        bed.cluster(cluster, &json!({})).await?;
    }
    let create = async |name: &str, cluster: &str| {
        let mut connector = bed::connector(name, &json!({"class": "X"}));
        connector["metadata"]["labels"]["sluice.dev/cluster"] = cluster.into();
        let connector: KafkaConnector = serde_json::from_value(connector)?;
        bed.api().create(&PostParams::default(), &connector).await.map_err(anyhow::Error::from)
    };
    create(HANGS, "my-connect").await?;
    create("never", MUTE).await?;
    create("stays", STORMY).await?;
    bed.ready_cluster("my-connect").await?;
    bed.until("what hangs", async || Ok(bed.workers.world().unanswered > 0)).await?;
    let start = Instant::now();
    for number in 0..99 {
        create(&format!("c-{number}"), "my-connect").await?;
    }
    bed.until("99 connectors to be ready", async || {
        let connectors = bed.api::<KafkaConnector>().list(&ListParams::default()).await?;
        let ready = connectors.into_iter().filter(|connector| {
            let status = connector.status.clone().unwrap_or_default();
            connector.name_any().starts_with("c-")
                && words(&status.conditions).iter().any(|word| word == "Ready=True Running")
        });
        Ok(ready.count() == 99)
    })
    .await?;
    eprintln!("99 connectors are ready after {:?}", start.elapsed());
    ensure!(start.elapsed() < GIVEN_UP, "they have waited for the one that hangs");
    ensure!(!bed.workers.world().connectors.contains_key(HANGS));
    Ok(())
}
