//! Clients that show tokens, and a stand-in for the operator, who knows them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::{Json, extract::State, http::HeaderMap, routing::post};
use sluice_rest_model::{AccessReview, AccessVerdict, REVIEW_PATH};

use super::*;
use crate::reviewer::Reviewer;

/// What the stand-in knows, and what it was asked.
#[derive(Default)]
struct Desk {
    /// What ann may, such as `update kafkaconnectors/restart orders`.
    rights: BTreeSet<&'static str>,
    is_broken: bool,
    asked: Vec<String>,
}

/// What clients are told where the operator cannot be asked.
const SILENT: &str = "cannot be asked";

type Shared = Arc<Mutex<Desk>>;

async fn review(
    State(desk): State<Shared>,
    headers: HeaderMap,
    Json(review): Json<AccessReview>,
) -> Result<Json<AccessVerdict>, StatusCode> {
    let mut desk = desk.lock().unwrap();
    assert_eq!((review.namespace.as_str(), review.cluster.as_str()), ("shop", "my-connect"));
    let right = review.right.map(|it| {
        let sub = it.subresource.map(|it| format!("/{it}")).unwrap_or_default();
        format!("{} {}{sub} {}", it.verb, it.resource, it.name)
    });
    let right = right.unwrap_or_default();
    desk.asked.push(format!("{}: {right}", review.token));
    if desk.is_broken || headers[http::header::AUTHORIZATION] != "Bearer credential" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let user = (review.token == "ann").then(|| "ann".to_owned());
    let allowed = user.is_some() && (right.is_empty() || desk.rights.contains(right.as_str()));
    Ok(Json(AccessVerdict { user, allowed }))
}

/// A worker that asks the stand-in, with rules made of the way there.
async fn worker(rules: fn(Reviewer) -> Rules) -> (Router, Shared) {
    let desk = Shared::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let routes = Router::new().route(REVIEW_PATH, post(review)).with_state(Arc::clone(&desk));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    rustls::crypto::ring::default_provider().install_default().ok();
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let reviewer = Reviewer::new(&url, ("shop", "my-connect"), tls, "credential\n").unwrap();
    let authorization = Authorization { rules: rules(reviewer), ..read_only() };
    let policy = Policy { authorization: Some(authorization), ..Policy::default() };
    (routers_of(policy, AdminRoutes::WithOthers).regular, desk)
}

/// Status and text of an answer.
async fn told(router: &Router, method: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let mut request = HttpRequest::builder().method(method).uri(path);
    request = request.header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let challenge = response.headers().get("www-authenticate").cloned();
    assert_eq!(challenge.is_some(), status == 401, "{method} {path}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn each_request_takes_the_right_of_the_token_s_user() {
    let (router, desk) = worker(Rules::Kubernetes).await;
    for (method, path, right) in [
        ("GET", "/", "get kafkaconnects my-connect"),
        ("PUT", "/admin/loggers/a", "update kafkaconnects/loggers my-connect"),
        ("GET", "/connectors", "list kafkaconnectors "),
        ("POST", "/connectors", "create kafkaconnectors "),
        ("GET", "/connectors/a%2Fb/status", "get kafkaconnectors a/b"),
        ("DELETE", "/connectors/a", "delete kafkaconnectors a"),
        ("POST", "/connectors/a/tasks/0/restart", "update kafkaconnectors/restart a"),
        ("PATCH", "/connectors/a/offsets", "patch kafkaconnectors/offsets a"),
        ("PUT", "/connector-plugins/A/config/validate", "create kafkaconnectors/validation "),
    ] {
        // An answer of its own for each, so that none is kept from before.
        desk.lock().unwrap().rights.insert(right);
        let (status, text) = told(&router, method, path, Some("ann")).await;
        let is_let_in = !matches!(status, 401 | 403) && !text.contains(SILENT);
        assert!(is_let_in, "{method} {path}: {status} {text}");
        assert_eq!(desk.lock().unwrap().asked.last().unwrap(), &format!("ann: {right}"));
        let (status, text) = told(&router, method, path, Some("bob")).await;
        assert_eq!(status, 401, "{method} {path}: {text}");
        assert!(text.contains("audience sluice.dev/shop/my-connect"), "{text}");
        assert_eq!(told(&router, method, path, None).await.0, 401, "{method} {path}");
        let (status, text) = told(&router, method, path, Some("hush")).await;
        assert!(!matches!(status, 401 | 403), "the operator: {text}");
    }
    let (status, text) = told(&router, "PUT", "/connectors/a/pause", Some("ann")).await;
    let expected = "The user of the token may not update kafkaconnectors.sluice.dev/state a in namespace shop: a Role has to grant it";
    assert!(status == 403 && text.contains(expected), "{text}");
}

#[tokio::test]
async fn who_may_change_connectors_makes_none_by_it() {
    let (router, desk) = worker(Rules::Kubernetes).await;
    desk.lock().unwrap().rights.insert("update kafkaconnectors a");
    let (status, text) = told(&router, "PUT", "/connectors/a/config", Some("ann")).await;
    assert!(status == 403 && text.contains("may not create kafkaconnectors"), "{text}");
    // Not the same one, which knows for a while what was refused.
    let (other, desk) = worker(Rules::Kubernetes).await;
    let rights = ["create kafkaconnectors ", "update kafkaconnectors b"];
    desk.lock().unwrap().rights.extend(rights);
    let (status, text) = told(&other, "PUT", "/connectors/b/config", Some("ann")).await;
    assert!(!matches!(status, 401 | 403), "{text}");
    let asked = desk.lock().unwrap().asked.clone();
    assert_eq!(asked, ["ann: update kafkaconnectors b", "ann: create kafkaconnectors "]);
}

#[tokio::test]
async fn readers_of_a_read_only_cluster_have_to_be_known() {
    let (router, desk) = worker(|reviewer| Rules::ReadOnly(Some(reviewer))).await;
    for (token, read, change) in
        [(None, 401, 401), (Some("bob"), 401, 401), (Some("ann"), 503, 403)]
    {
        assert_eq!(told(&router, "GET", "/connectors", token).await.0, read, "{token:?}");
        assert_eq!(told(&router, "POST", "/connectors", token).await.0, change, "{token:?}");
    }
    let (_, text) = told(&router, "GET", "/connectors", Some("ann")).await;
    assert!(!text.contains(SILENT), "{text}");
    let asked = &desk.lock().unwrap().asked;
    assert_eq!(*asked, ["bob: ", "ann: "], "each once");
}

#[tokio::test]
async fn without_the_operator_known_users_go_on_and_others_are_told() {
    let (router, desk) = worker(Rules::Kubernetes).await;
    desk.lock().unwrap().rights.insert("list kafkaconnectors ");
    let list = async |token| told(&router, "GET", "/connectors", Some(token)).await;
    let before = list("ann").await;
    assert!(!before.1.contains(SILENT), "{before:?}");
    desk.lock().unwrap().is_broken = true;
    assert_eq!(list("ann").await, before, "it is known");
    let asked = desk.lock().unwrap().asked.len();
    let endless = "x".repeat(20 << 10);
    for token in ["bob", "zoe", "not a word", &endless] {
        let (status, text) = list(token).await;
        let expected = if token.len() > 10 << 10 { 401 } else { 503 };
        assert_eq!(status, expected, "{text}");
        assert!(!text.contains(token), "{text}");
        assert_eq!(text.contains(SILENT), status == 503, "{text}");
    }
    let asked = desk.lock().unwrap().asked.len() - asked;
    assert_eq!(asked, 1, "who does not answer is not asked at once again");
    assert_eq!(list("hush").await, before, "the operator");
}
