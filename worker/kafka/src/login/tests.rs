//! A login against an endpoint of a few lines: one token for all, refreshed in the background, kept while the endpoint is away.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

/// An endpoint that answers as told, how often it was asked, and its task.
struct Fake {
    url: String,
    asked: Arc<AtomicUsize>,
    served: JoinHandle<()>,
}

impl Fake {
    async fn start(answer: impl Fn(usize) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let served = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                assert!(request.starts_with("POST /token HTTP/1.1"), "{request}");
                let (status, body) = answer(count.fetch_add(1, Ordering::SeqCst));
                let length = body.len();
                // A redirect tells where to in its head.
                let head = if body.starts_with("location: ") {
                    format!("{body}\r\n")
                } else {
                    String::new()
                };
                let text =
                    format!("HTTP/1.1 {status} x\r\n{head}content-length: {length}\r\n\r\n{body}");
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self { url, asked, served }
    }

    fn login(&self, logins: &Logins) -> Login {
        let keys = [
            (
                "sasl.login.callback.handler.class",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
            ),
            ("sasl.oauthbearer.token.endpoint.url", &self.url),
            ("org.apache.kafka.sasl.oauthbearer.allowed.urls", &self.url),
            ("sasl.login.retry.backoff.ms", "10"),
            ("sasl.login.retry.backoff.max.ms", "100"),
        ];
        let options = [("clientId", "me"), ("clientSecret", "hunter2")];
        let owned = |rows: &[(&str, &str)]| -> BTreeMap<String, String> {
            rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        logins.of(LoginSettings::parse(&owned(&keys), &owned(&options)).unwrap())
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.served.abort();
    }
}

fn token(number: usize, seconds: i64) -> (u16, String) {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let expires = now() / 1000 + seconds;
    let claims = encode(format!("{{\"sub\":\"me\",\"exp\":{expires},\"n\":{number}}}"));
    let header = encode("{}".to_owned());
    (200, format!("{{\"access_token\":\"{header}.{claims}.s\"}}"))
}

#[tokio::test]
async fn many_clients_ask_once() {
    let fake = Fake::start(|number| token(number, 3600)).await;
    let logins = Logins::default();
    let clients = (0..100).map(|_| {
        let login = fake.login(&logins);
        async move { login.token().await.unwrap().principal }
    });
    let principals = futures::future::join_all(clients).await;
    assert!(principals.iter().all(|it| it == "me"));
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn tokens_are_replaced_before_they_end_and_kept_while_the_endpoint_is_away() {
    let fake = Fake::start(|number| match number {
        0 => token(0, 2),
        1..=8 => (503, String::new()),
        _ => token(number, 3600),
    })
    .await;
    let login = fake.login(&Logins::default());
    let first = login.token().await.unwrap();
    let mut state = login.follow().unwrap();
    // It is replaced after four fifths of its life; the endpoint fails then, and the token goes on.
    state.wait_for(|it| it.failure.is_some()).await.unwrap();
    if first.is_valid(now()) {
        assert_eq!(login.token().await.unwrap().text, first.text);
    }
    let wanted = async {
        loop {
            let token = login.token().await;
            if token.as_ref().is_ok_and(|it| it.text != first.text) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), wanted).await.unwrap();
    assert!(fake.asked() >= 10);
}

#[tokio::test]
async fn a_refusal_names_the_endpoint_and_hides_the_secret() {
    let fake = Fake::start(|_| {
        (401, r#"{"error":"invalid_client","error_description":"hunter2 is wrong"}"#.to_owned())
    })
    .await;
    let error = fake.login(&Logins::default()).token().await.err().unwrap();
    assert!(!error.is_transient);
    for part in ["401", "invalid_client", "[hidden] is wrong", &fake.url, "client me"] {
        assert!(error.message.contains(part), "{part} is not in {error}");
    }
    assert!(!error.message.contains("hunter2"));
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_away_is_asked_again() {
    let fake =
        Fake::start(|number| if number < 2 { (500, String::new()) } else { token(1, 60) }).await;
    fake.login(&Logins::default()).token().await.unwrap();
    assert_eq!(fake.asked(), 3);
    let gone = fake.login(&Logins::default());
    fake.served.abort();
    let mut state = gone.follow().unwrap();
    let state = state.wait_for(|it| it.attempts > 0).await.unwrap();
    assert!(state.failure.as_ref().is_some_and(|it| it.is_transient));
}

#[tokio::test]
async fn an_endpoint_that_leads_elsewhere_is_not_followed() {
    let elsewhere = Fake::start(|_| token(0, 60)).await;
    let url = elsewhere.url.clone();
    let fake = Fake::start(move |_| (307, format!("location: {url}"))).await;
    let error = fake.login(&Logins::default()).token().await.err().unwrap();
    assert!(error.message.contains("307"), "{error}");
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let fake = Fake::start(|_| (200, "x".repeat(3 << 20))).await;
    let error = fake.login(&Logins::default()).token().await.err().unwrap();
    assert!(error.is_transient && error.message.contains("cannot be read"), "{error}");
}
