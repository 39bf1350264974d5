//! Which listener serves what.

use std::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use axum::http::Method;
use http_body_util::BodyExt as _;
use sluice_herder::{Herder, loggers::Level};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tower::ServiceExt as _;

use super::*;
use crate::{
    authorization::{Authorization, Rules},
    credentials::Credentials,
    operator::Operator,
};

mod tokens;

fn alice() -> Credentials {
    Credentials::new([("alice".to_owned(), "pw".to_owned())])
}

fn routers_with(admin: AdminRoutes) -> Routers {
    routers_of(Policy { credentials: Some(alice()), ..Policy::default() }, admin)
}

fn routers_of(policy: Policy, admin: AdminRoutes) -> Routers {
    let (handle, _requests) = Herder::handle();
    let about =
        ServerInfo { version: "v".into(), commit: "c".into(), kafka_cluster_id: String::new() };
    let settings = ServerSettings {
        info: watch::channel(about).1,
        plugins: Vec::new(),
        loggers: Loggers::new(Level::Info, []),
        scheme: "http",
        policy,
        admin,
    };
    rustls::crypto::ring::default_provider().install_default().ok();
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    routers(handle, LeaderClient::new(tls), settings)
}

/// Status and body of what alice or nobody asks.
async fn ask(router: &Router, path: &str, is_alice: bool) -> (u16, String) {
    let mut request = HttpRequest::builder().method(Method::GET).uri(path);
    if is_alice {
        request = request.header("authorization", "Basic YWxpY2U6cHc=");
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn administrators_ask_where_they_may() {
    for (admin, expected) in [
        (AdminRoutes::WithOthers, [200, 401, 404]),
        (AdminRoutes::Apart, [404, 404, 200]),
        (AdminRoutes::None, [404, 404, 404]),
    ] {
        let Routers { regular, admin: apart } = routers_with(admin);
        let path = "/admin/loggers/root";
        let statuses = [
            ask(&regular, path, true).await.0,
            ask(&regular, path, false).await.0,
            ask(&apart, path, false).await.0,
        ];
        assert_eq!(statuses, expected, "{admin:?}");
        assert_eq!(ask(&regular, "/", true).await.0, 200);
        assert_eq!(ask(&apart, "/connectors", true).await.0, 404);
        let (status, document) = ask(&regular, "/openapi.json", true).await;
        let has_admin = document.contains("/admin/loggers");
        assert_eq!((status, has_admin), (200, admin == AdminRoutes::WithOthers));
    }
}

/// A type that is wrong is wrong for all methods, but a body is not looked at where none is read.
#[tokio::test]
async fn what_is_sent_says_that_it_is_json() {
    let Routers { admin, .. } = routers_with(AdminRoutes::Apart);
    let level = r#"{"level":"INFO"}"#;
    for (method, path, of_type, body, expected) in [
        ("PUT", "/admin/loggers/a", Some("application/json;charset=UTF-8"), level, 200),
        ("PUT", "/admin/loggers/a", Some("text/plain"), level, 415),
        ("PUT", "/admin/loggers/a", None, level, 415),
        ("PUT", "/admin/loggers/a", None, "", 500),
        ("GET", "/admin/loggers/a", None, "", 200),
        ("GET", "/admin/loggers/a", None, level, 200),
        ("GET", "/admin/loggers/a", Some("text/plain"), "", 415),
        ("GET", "/", Some("text/plain"), "", 404),
    ] {
        let mut request = HttpRequest::builder().method(method).uri(path);
        if let Some(of_type) = of_type {
            request = request.header("content-type", of_type);
        }
        let request = request.body(Body::from(body)).unwrap();
        let status = admin.clone().oneshot(request).await.unwrap().status().as_u16();
        assert_eq!(status, expected, "{method} {path} {of_type:?} {body:?}");
    }
}

/// The digest is that of `hush`.
fn read_only() -> Authorization {
    let digest = "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c";
    let operator = Operator::parse(digest).unwrap();
    let cluster = "shop/my-connect".to_owned();
    Authorization { operator, cluster, rules: Rules::ReadOnly(None) }
}

#[tokio::test]
async fn of_a_read_only_cluster_the_operator_alone_changes_anything() {
    let (operator, user) = ("Bearer hush", "Basic YWxpY2U6cHc=");
    let all = [
        ("GET", "/connectors", "", None),
        ("HEAD", "/connectors", "", None),
        ("OPTIONS", "/connectors", "", None),
        ("GET", "/connectors/a/offsets", "", None),
        ("GET", "/admin/loggers/a", "", None),
        ("POST", "/connectors", "{}", Some("create a KafkaConnector instead")),
        ("PUT", "/connectors/a/config", "{}", Some("change spec.config of its KafkaConnector")),
        ("PATCH", "/connectors/a/config", "{}", Some("change spec.config")),
        ("DELETE", "/connectors/a", "", Some("delete its KafkaConnector")),
        ("PATCH", "/connectors/a/offsets", "{}", Some("create a KafkaConnectorOffsets")),
        ("DELETE", "/connectors/a/offsets", "", Some("create a KafkaConnectorOffsets")),
        ("POST", "/connectors/a/restart", "", Some("sluice.dev/restart")),
        ("POST", "/connectors/a/tasks/0/restart", "", Some("sluice.dev/restart")),
        ("PUT", "/connectors/a/pause", "", Some("set spec.state")),
        ("PUT", "/connectors/a/resume/", "", Some("set spec.state")),
        ("PUT", "/connectors/a/stop", "", Some("set spec.state")),
        ("PUT", "/connectors/a/topics/reset", "", Some("ask whoever owns")),
        ("PUT", "/connector-plugins/A/config/validate", "{}", Some("create a KafkaConnector")),
        ("PUT", "/admin/loggers/a", r#"{"level":"INFO"}"#, Some("set spec.logging")),
    ];
    for credentials in [None, Some(alice())] {
        let policy = Policy { credentials, authorization: Some(read_only()), ..Policy::default() };
        let Routers { regular, .. } = routers_of(policy, AdminRoutes::WithOthers);
        for (method, path, body, instead) in all {
            for (who, authorization) in [("the operator", operator), ("a user", user)] {
                let request = HttpRequest::builder()
                    .method(method)
                    .uri(path)
                    .header("content-type", "application/json")
                    .header("authorization", authorization)
                    .body(Body::from(body));
                let request = without_last_slash(request.unwrap());
                let response = regular.clone().oneshot(request).await.unwrap();
                let status = response.status().as_u16();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                let text = String::from_utf8_lossy(&body);
                let expected = instead.filter(|_| who == "a user");
                assert_eq!(status == 403, expected.is_some(), "{who} {method} {path}: {text}");
                assert_ne!(status, 401, "{who} {method} {path}");
                if let Some(instead) = expected {
                    let whose = "The REST API of KafkaConnect shop/my-connect is read-only";
                    assert!(text.contains(instead) && text.contains(whose), "{path}: {text}");
                }
            }
        }
    }
    let policy = Policy {
        credentials: Some(alice()),
        authorization: Some(read_only()),
        ..Policy::default()
    };
    let Routers { regular, .. } = routers_of(policy, AdminRoutes::WithOthers);
    assert_eq!(ask(&regular, "/connectors", false).await.0, 401, "readers have to be users");
}

#[tokio::test]
async fn a_client_that_never_ends_the_head_of_a_request_loses_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let Routers { admin, .. } = routers_with(AdminRoutes::Apart);
    let server = Server { head: Duration::from_millis(200), ..Server::new(listener, None) };
    tokio::spawn(server.run(admin, CancellationToken::new()));
    client.write_all(b"GET /admin/loggers HTTP/1.1\r\nhost: a\r\nx").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused_before_it_is_read() {
    let Routers { admin, .. } = routers_with(AdminRoutes::Apart);
    for length in [3 << 20, 1 << 30] {
        let request = HttpRequest::builder()
            .method(Method::PUT)
            .uri("/admin/loggers/a")
            .header("content-type", "application/json")
            .header("content-length", length);
        let sent = Arc::new(AtomicUsize::new(0));
        let body = Body::new(Blanks { length, sent: Arc::clone(&sent) });
        let response = admin.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 413, "{length}");
        assert!(sent.load(Ordering::Relaxed) < 4 << 20, "{sent:?}");
    }
}

/// A body of blanks, and how many have been taken.
struct Blanks {
    length: usize,
    sent: Arc<AtomicUsize>,
}

impl body::Body for Blanks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<body::Frame<Bytes>, Infallible>>> {
        let chunk = Bytes::from(vec![b' '; 64 << 10]);
        let before = self.sent.fetch_add(chunk.len(), Ordering::Relaxed);
        Poll::Ready((before < self.length).then_some(Ok(body::Frame::data(chunk))))
    }
}
