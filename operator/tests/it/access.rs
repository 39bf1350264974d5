//! The way of the operator to workers whose REST API is secured: by the Secrets that a spec names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_operator::cluster::access::{self, Access};
use sluice_operator::cluster::installation::Installation;
use sluice_operator::cluster::seal::Seals;
use sluice_operator::cluster::{references, validate};
use sluice_operator::connect_api::{ConnectApi, Error};
use sluice_rest_model::ServerInfo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::bed::{self, Bed, KEYS};

/// `connect:hush`.
const HEADER: &str = "Basic Y29ubmVjdDpodXNo";

/// An authority and a certificate of this machine, as cert-manager puts them into a Secret.
pub(crate) fn certificates() -> Result<BTreeMap<&'static str, String>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    let chain = params.signed_by(&key, &issuer)?.pem();
    Ok([("ca.crt", authority), ("tls.crt", chain), ("tls.key", key.serialize_pem())].into())
}

/// Workers that talk to those alone whose certificate leads to the authority, and who are the user.
async fn secured_workers(pems: &BTreeMap<&str, String>) -> Result<SocketAddr> {
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    let behind = plain.local_addr()?;
    let routes = Router::new().route("/", get(server));
    tokio::spawn(async move { axum::serve(plain, routes).await });

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pems["ca.crt"].as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    secured(behind, pems, clients.build()?).await
}

/// Takes connections by HTTPS for a server that talks in the clear.
pub(crate) async fn secured(
    behind: SocketAddr,
    pems: &BTreeMap<&str, String>,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<SocketAddr> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = CertificateDer::pem_slice_iter(pems["tls.crt"].as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(pems["tls.key"].as_bytes())?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut outside = acceptor.accept(stream).await?;
                let mut inside = TcpStream::connect(behind).await?;
                tokio::io::copy_bidirectional(&mut outside, &mut inside).await
            });
        }
    });
    Ok(address)
}

async fn server(headers: HeaderMap) -> Response {
    if headers.get(AUTHORIZATION).is_none_or(|it| it != HEADER) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let info =
        ServerInfo { version: "4.3.1".into(), commit: "c".into(), kafka_cluster_id: "k".into() };
    Json(info).into_response()
}

/// The way to a cluster as a reconcile finds it.
async fn found(
    cluster: &KafkaConnect,
    before: Option<Access>,
    client: &Client,
) -> Result<Option<Access>> {
    let references = references::fetch(cluster, client, &Seals::default()).await?;
    let cluster = validate::cluster(cluster, &references, &Installation::default())?;
    Ok(access::find(&cluster, None, before, client).await?)
}

#[tokio::test]
async fn secured_workers_are_reached_as_the_secrets_say_and_no_other_way() -> Result<()> {
    require!(missing_for_control_plane());
    let client = bed::shared_plane().await?.client().await?;
    let namespace = bed::create_namespace(&client).await?;
    let pems = certificates()?;
    let url = format!("https://{}", secured_workers(&pems).await?);
    let secrets = kube::Api::<Secret>::namespaced(client.clone(), &namespace);
    let mut data: BTreeMap<&str, String> = pems;
    data.insert("users", "connect=hush\nzoe=z\n".to_owned());
    let secret = json!({"metadata": {"name": "rest"}, "stringData": data});
    secrets.create(&PostParams::default(), &serde_json::from_value(secret)?).await?;
    let mut object = bed::cluster(
        "my-connect",
        &json!({"rest": {
            "tls": {"secretName": "rest", "clientAuthentication": "required"},
            "authentication": {"type": "basic", "users": {"secretName": "rest", "key": "users"}},
        }}),
    );
    object["metadata"]["namespace"] = json!(namespace);
    object["metadata"]["uid"] = json!("u");
    let cluster: KafkaConnect = serde_json::from_value(object)?;

    let access = found(&cluster, None, &client).await?.context("a way of its own")?;
    let connections = access.connections.clone().context("connections of its own")?;
    let api = ConnectApi::new(connections.clone(), &url).authorized(access.authorization.clone());
    assert_eq!(api.server().await?.version, "4.3.1");
    let nobody = ConnectApi::new(connections, &url).server().await;
    assert!(matches!(nobody, Err(Error::Refused { status: 401, .. })), "{nobody:?}");
    let trusting_nobody = sluice_operator::connect_api::connections();
    let api = ConnectApi::new(trusting_nobody, &url).authorized(access.authorization.clone());
    assert!(matches!(api.server().await, Err(Error::Unreachable { .. })));

    let users = Patch::Merge(json!({"stringData": {"users": "ann=other\nconnect=hush\n"}}));
    secrets.patch("rest", &PatchParams::default(), &users).await?;
    let after = found(&cluster, Some(access.clone()), &client).await?.context("a way")?;
    assert_ne!(after.authorization, access.authorization, "the first user by name is another");

    let plain = serde_json::from_value(bed::cluster("plain", &json!({})))?;
    let plain = KafkaConnect {
        metadata: kube::api::ObjectMeta { name: Some("plain".into()), ..cluster.metadata.clone() },
        ..plain
    };
    assert!(found(&plain, None, &client).await?.is_none());
    Ok(())
}

/// What the workers of `my-connect` know the operator by.
async fn known(bed: &Bed) -> Result<String> {
    let secret: Secret = bed.api().get("my-connect-connect-rest").await?;
    let data = secret.data.context("data")?;
    assert_eq!(data.keys().collect::<Vec<_>>(), ["operator"], "and nothing else");
    Ok(String::from_utf8(data["operator"].0.clone())?)
}

/// The digest of the token that the operator showed last.
fn shown(bed: &Bed) -> Option<String> {
    let header = bed.workers.world().authorization.clone()?;
    let digest = digest(&SHA256, header.strip_prefix("Bearer ")?.as_bytes());
    Some(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[tokio::test]
async fn workers_of_a_read_only_cluster_know_the_operator_whatever_becomes_of_its_secrets()
-> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let spec = json!({"rest": {"authorization": {"type": "readOnly"}}});
    bed.cluster("my-connect", &spec).await?;
    bed.ready_cluster("my-connect").await?;
    bed.connector("orders", &json!({"class": "X"})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let before = known(&bed).await?;
    assert_eq!(shown(&bed).as_ref(), Some(&before));

    // What the workers have is put back at once, and is no more written than it has to be.
    let secrets = bed.api::<Secret>();
    secrets.delete("my-connect-connect-rest", &DeleteParams::default()).await?;
    bed.until("the Secret to come back", async || Ok(known(&bed).await.is_ok())).await?;
    assert_eq!(known(&bed).await?, before);
    let version = secrets.get("my-connect-connect-rest").await?.resource_version();

    // A new token is known to the workers before it is needed.
    secrets.delete(KEYS, &DeleteParams::default()).await?;
    bed.until("another token", async || {
        Ok(known(&bed).await? != before && shown(&bed) == Some(known(&bed).await?))
    })
    .await?;
    assert_ne!(secrets.get("my-connect-connect-rest").await?.resource_version(), version);

    // Without rules the operator shows nothing.
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"rest": null}})).await?;
    bed.until("no token", async || Ok(bed.workers.world().authorization.is_none())).await
}
