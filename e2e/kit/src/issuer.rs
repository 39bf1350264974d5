//! An issuer of tokens for SASL/OAUTHBEARER: a token endpoint on loopback, and the keys by which brokers verify its tokens.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use base64::{Engine as _, engine::general_purpose};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::kafka::{KafkaOptions, KafkaServer, Listener, Settings};

/// The client that the issuer knows, and its secret.
pub const CLIENT: (&str, &str) = ("carol", "carol-secret");

/// A property of the JVM, which brokers have too.
const ALLOWED_URLS: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
const MODULE: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required";
const PACKAGE: &str = "org.apache.kafka.common.security.oauthbearer";

/// A running issuer; dropped, it ends.
#[derive(Debug)]
pub struct TokenIssuer {
    url: String,
    folder: TempDir,
    shared: Arc<Shared>,
    served: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    key: EcdsaKeyPair,
    lifetime: Duration,
    issued: AtomicUsize,
    is_away: AtomicBool,
}

impl TokenIssuer {
    /// Starts one whose tokens last so long.
    pub async fn start(lifetime: Duration) -> Result<Self> {
        let random = SystemRandom::new();
        let flaw = |_| anyhow!("no key");
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let der = der.map_err(flaw)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random)
            .map_err(|cause| anyhow!("{cause}"))?;
        let folder = tempfile::tempdir()?;
        // An uncompressed point: a byte that says so, and two numbers of 32 bytes.
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let public = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "kit",
            "x": encode(x), "y": encode(y),
        });
        fs::write(folder.path().join("jwks.json"), json!({"keys": [public]}).to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/token", listener.local_addr()?);
        let (issued, is_away) = (AtomicUsize::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { key, lifetime, issued, is_away });
        let served = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { url, folder, shared, served })
    }

    /// The token endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many tokens it has issued.
    pub fn issued(&self) -> usize {
        self.shared.issued.load(Ordering::SeqCst)
    }

    /// From now on answers that it cannot answer, or answers again.
    pub fn be_away(&self, is_away: bool) {
        self.shared.is_away.store(is_away, Ordering::SeqCst);
    }

    /// A secured broker whose listener [`Listener::SaslPlaintext`] takes its tokens, and which ends each session of SASL after
    /// a while, whatever the mechanism.
    pub async fn broker(&self, session: Duration) -> Result<KafkaServer> {
        let keys = self.jwks();
        let of = |key: &str| format!("listener.name.saslplain.{key}");
        let properties = [
            (of("sasl.enabled.mechanisms"), "SCRAM-SHA-512,PLAIN,OAUTHBEARER".to_owned()),
            (of("oauthbearer.sasl.jaas.config"), format!("{MODULE};")),
            (
                of("oauthbearer.sasl.server.callback.handler.class"),
                format!("{PACKAGE}.OAuthBearerValidatorCallbackHandler"),
            ),
            (of("sasl.oauthbearer.jwks.endpoint.url"), keys.clone()),
            (of("sasl.oauthbearer.clock.skew.seconds"), "1".to_owned()),
            ("connections.max.reauth.ms".to_owned(), session.as_millis().to_string()),
        ];
        let mut options = KafkaOptions { secured: true, ..KafkaOptions::default() };
        options.properties.extend(properties);
        options.flags.push(format!("-D{ALLOWED_URLS}={keys}"));
        KafkaServer::start(options).await
    }

    fn jwks(&self) -> String {
        format!("file://{}", self.folder.path().join("jwks.json").display())
    }

    /// The keys of a client that has its tokens from here, in the worker's file.
    pub fn client(&self, kafka: &KafkaServer) -> Settings {
        let (client, secret) = CLIENT;
        let url = self.url.as_str();
        [
            ("bootstrap.servers", kafka.address(Listener::SaslPlaintext).as_str()),
            ("security.protocol", "SASL_PLAINTEXT"),
            ("sasl.mechanism", "OAUTHBEARER"),
            (
                "sasl.jaas.config",
                &format!("{MODULE} clientId=\"{client}\" clientSecret=\"{secret}\";"),
            ),
            (
                "sasl.login.callback.handler.class",
                &format!("{PACKAGE}.OAuthBearerLoginCallbackHandler"),
            ),
            ("sasl.oauthbearer.token.endpoint.url", url),
            (ALLOWED_URLS, url),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }
}

impl Drop for TokenIssuer {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that does not go on loses its turn, and no more.
        let _ = tokio::time::timeout(Duration::from_secs(5), answer(stream, &shared)).await;
    }
}

async fn answer(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"grant_type=client_credentials") {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await?;
        request.extend_from_slice(&part[..read]);
        if read == 0 {
            break;
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let (status, body) = shared.decide(&request)?;
    let body = body.to_string();
    let text = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    Ok(stream.write_all(text.as_bytes()).await?)
}

impl Shared {
    fn decide(&self, request: &str) -> Result<(u16, Value)> {
        let (client, secret) = CLIENT;
        let basic = general_purpose::STANDARD.encode(format!("{client}:{secret}"));
        if self.is_away.load(Ordering::SeqCst) {
            return Ok((503, json!({})));
        }
        if !request.contains(&format!("Basic {basic}")) {
            let error = json!({"error": "invalid_client", "error_description": "who is this?"});
            return Ok((401, error));
        }
        self.issued.fetch_add(1, Ordering::SeqCst);
        Ok((200, json!({"access_token": self.token(client)?, "token_type": "Bearer"})))
    }

    fn token(&self, subject: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let header = json!({"alg": "ES256", "kid": "kit"}).to_string();
        let claims = json!({
            "sub": subject, "iat": now.as_secs(), "exp": (now + self.lifetime).as_secs(),
            "jti": self.issued.load(Ordering::SeqCst).to_string(),
        });
        let signed = format!("{}.{}", encode(header), encode(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.ok().context("a signature")?;
        Ok(format!("{signed}.{}", encode(signature)))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
