//! What workers ask about clients that show tokens, with real tokens of service accounts and real roles: the test asks as the
//! workers of a cluster would, by what they have mounted.

use std::net::TcpListener;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use kube::api::DeleteParams;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::{Kubectl, missing_for_control_plane};
use sluice_kit::require;
use sluice_operator::connect_api::{Connections, secured_connections};
use sluice_operator::reviews::Reviews;
use sluice_operator::{Settings, properties};
use sluice_rest_model::{AccessReview, AccessRight, AccessVerdict, REVIEW_PATH, token_audience};

use crate::bed::{self, Bed, KEYS, words};

/// Has the operator answer workers.
pub(crate) fn answering(settings: &mut Settings) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let address = free.expect("a free port");
    settings.reviews = Some(Reviews { address, url: format!("https://{address}"), client: None });
}

/// A cluster whose clients show tokens.
pub(crate) fn tokens(authorization: &str) -> serde_json::Value {
    json!({"authentication": {"type": "bearer"}, "authorization": {"type": authorization}})
}

/// The workers of a cluster, as far as they ask the operator.
pub(crate) struct Asker {
    namespace: String,
    cluster: String,
    url: String,
    connections: Connections,
    credential: String,
}

impl Asker {
    pub(crate) async fn of(bed: &Bed, cluster: &str) -> Result<Self> {
        let secret: Secret = bed.api().get(&format!("{cluster}-connect-rest")).await?;
        let data = secret.data.context("data")?;
        let text = |key: &str| -> Result<String> {
            Ok(String::from_utf8(data.get(key).context("a key")?.0.clone())?)
        };
        let config: ConfigMap = bed.api().get(&format!("{cluster}-connect-config")).await?;
        let file = properties::parse(&config.data.context("files")?["worker.properties"]);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(text("ca.crt")?.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            namespace: bed.namespace.clone(),
            cluster: cluster.to_owned(),
            url: format!("{}{REVIEW_PATH}", file["sluice.rest.reviews.url"]),
            connections: secured_connections(tls),
            credential: text("credential")?,
        })
    }

    /// The answer about a token, or the status of a refusal.
    pub(crate) async fn ask(
        &self,
        token: &str,
        right: Option<AccessRight>,
    ) -> Result<Result<AccessVerdict, StatusCode>> {
        let review = AccessReview {
            namespace: self.namespace.clone(),
            cluster: self.cluster.clone(),
            token: token.to_owned(),
            right,
        };
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.credential))
            .body(Full::new(Bytes::from(serde_json::to_vec(&review)?)))?;
        let answer = self.connections.request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK {
            return Ok(Err(status));
        }
        Ok(Ok(serde_json::from_slice(&body)?))
    }
}

/// A right such as `update kafkaconnectors/restart orders`.
pub(crate) fn right(text: &str) -> AccessRight {
    let mut words = text.split(' ').map(str::to_owned);
    let mut next = || words.next().unwrap_or_default();
    let (verb, resource, name) = (next(), next(), next());
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, sub)) => (resource.to_owned(), Some(sub.to_owned())),
        None => (resource, None),
    };
    AccessRight { verb, resource, subresource, name }
}

/// Makes service accounts `ann`, who may read connectors and restart one, and `zoe`, who may nothing.
async fn people(kubectl: &Kubectl, here: &str) -> Result<()> {
    for name in ["ann", "zoe"] {
        kubectl.run(["create", "serviceaccount", name, here]).await?;
    }
    let namespace = here.trim_start_matches("--namespace=");
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "ann", "namespace": namespace},
        "rules": [
            {"apiGroups": ["sluice.dev"], "resources": ["kafkaconnectors"], "verbs": ["get", "list"]},
            {
                "apiGroups": ["sluice.dev"],
                "resources": ["kafkaconnectors/restart"],
                "resourceNames": ["orders"],
                "verbs": ["update"],
            },
        ],
    });
    kubectl.apply(&role.to_string()).await?;
    let account = format!("--serviceaccount={namespace}:ann");
    kubectl.run(["create", "rolebinding", "ann", "--role=ann", &account, here]).await?;
    Ok(())
}

/// A token of an account, as it may ask for one itself; for the API server without an audience.
async fn token(kubectl: &Kubectl, here: &str, of: &str, audience: Option<&str>) -> Result<String> {
    let audience = audience.map(|it| format!("--audience={it}"));
    let arguments = ["create", "token", of, here].map(str::to_owned);
    let token = kubectl.run(arguments.into_iter().chain(audience)).await?;
    Ok(token.trim().to_owned())
}

#[tokio::test]
async fn tokens_are_reviewed_for_their_cluster_alone_and_users_may_what_roles_grant() -> Result<()>
{
    require!(missing_for_control_plane());
    let bed = Bed::with(answering).await?;
    let kubectl = bed::shared_plane().await?.kubectl();
    let here = format!("--namespace={}", bed.namespace);
    people(kubectl, &here).await?;
    for cluster in ["my-connect", "other"] {
        bed.cluster(cluster, &json!({"rest": tokens("kubernetes")})).await?;
        bed.ready_cluster(cluster).await?;
    }
    let workers = Asker::of(&bed, "my-connect").await?;
    let ours = token_audience(&bed.namespace, "my-connect");
    let ann = token(kubectl, &here, "ann", Some(&ours)).await?;
    let user = format!("system:serviceaccount:{}:ann", bed.namespace);
    for (asked, allowed) in [
        ("get kafkaconnectors orders", true),
        ("list kafkaconnectors", true),
        ("update kafkaconnectors/restart orders", true),
        ("update kafkaconnectors/restart other", false),
        ("update kafkaconnectors orders", false),
        ("create kafkaconnectors", false),
        ("get kafkaconnectors/offsets orders", false),
        ("get kafkaconnects my-connect", false),
    ] {
        let verdict = workers.ask(&ann, Some(right(asked))).await?;
        let expected = AccessVerdict { user: Some(user.clone()), allowed };
        ensure!(verdict == Ok(expected), "{asked}: {verdict:?}");
    }
    // Somebody known may nothing, and is let in where that is enough.
    let zoe = token(kubectl, &here, "zoe", Some(&ours)).await?;
    for (asked, allowed) in [(Some(right("get kafkaconnectors orders")), false), (None, true)] {
        let verdict = workers.ask(&zoe, asked).await?;
        ensure!(verdict.as_ref().is_ok_and(|it| it.allowed == allowed), "{verdict:?}");
    }
    let elsewhere = token_audience(&bed.namespace, "other");
    let nobodys = [
        token(kubectl, &here, "ann", None).await?,
        token(kubectl, &here, "ann", Some(&elsewhere)).await?,
        format!("{ann}x"),
        "hush".to_owned(),
        String::new(),
    ];
    for token in &nobodys {
        let verdict = workers.ask(token, Some(right("get kafkaconnectors orders"))).await?;
        ensure!(verdict == Ok(AccessVerdict { user: None, allowed: false }), "{verdict:?}");
    }
    // Workers of another cluster, and strangers, learn nothing of tokens.
    let others = Asker::of(&bed, "other").await?;
    let strangers = [others.credential.clone(), String::new(), "hush".to_owned()];
    for credential in strangers {
        let stranger = Asker { credential, ..Asker::of(&bed, "my-connect").await? };
        let refused = stranger.ask(&ann, None).await?;
        ensure!(refused == Err(StatusCode::UNAUTHORIZED), "{refused:?}");
    }
    // Who is gone is nobody.
    bed.api::<ServiceAccount>().delete("ann", &DeleteParams::default()).await?;
    bed.until("the token to be nobody's", async || {
        Ok(workers.ask(&ann, None).await?.is_ok_and(|it| it.user.is_none()))
    })
    .await
}

#[tokio::test]
async fn workers_are_answered_by_new_keys_as_soon_as_there_are_any() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::with(answering).await?;
    bed.cluster("my-connect", &json!({"rest": tokens("readOnly")})).await?;
    bed.ready_cluster("my-connect").await?;
    let before = Asker::of(&bed, "my-connect").await?;
    let nobody = Ok(AccessVerdict { user: None, allowed: false });
    ensure!(before.ask("hush", None).await? == nobody);
    bed.api::<Secret>().delete(KEYS, &DeleteParams::default()).await?;
    // Workers that have the new authority and credential are let in, though it is they who bring the news.
    bed.until("workers to be answered again", async || {
        let after = Asker::of(&bed, "my-connect").await?;
        let is_new = after.credential != before.credential;
        Ok(is_new && after.ask("hush", None).await.is_ok_and(|it| it == nobody))
    })
    .await?;
    bed.until("the credential of before to be refused", async || {
        let late = Asker::of(&bed, "my-connect").await?;
        let late = Asker { credential: before.credential.clone(), ..late };
        Ok(late.ask("hush", None).await? == Err(StatusCode::UNAUTHORIZED))
    })
    .await
}

#[tokio::test]
async fn a_cluster_whose_operator_may_not_review_tokens_says_so() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({"rest": tokens("kubernetes")})).await?;
    bed.until("the cluster to be stalled", async || {
        let cluster: KafkaConnect = bed.api().get("my-connect").await?;
        let conditions = cluster.status.unwrap_or_default().conditions;
        let stalled = words(&conditions).contains(&"Stalled=True InvalidSpec".to_owned());
        let told = conditions.iter().any(|it| it.message.contains("install it for all namespaces"));
        Ok(stalled && told)
    })
    .await?;
    // It is enough to do what the message says.
    let basic = json!({"authentication": null, "authorization": {"type": "readOnly"}});
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"rest": basic}})).await?;
    bed.ready_cluster("my-connect").await.map(drop)
}
