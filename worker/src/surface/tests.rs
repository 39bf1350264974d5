//! Workers that talk over secured listeners, with and without certificates of clients.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sluice_herder::{Herder, Workers as _, loggers::Level};

use super::*;

/// A certificate of a new authority: keys of the worker file that show it, and those that trust the authority.
fn identity() -> (Properties, Properties) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let chain = params.signed_by(&key, &issuer).unwrap().pem();
    let shown = settings(&[
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.key", &key.serialize_pem()),
        ("ssl.keystore.certificate.chain", &chain),
    ]);
    let trusted =
        settings(&[("ssl.truststore.type", "PEM"), ("ssl.truststore.certificates", &authority)]);
    (shown, trusted)
}

fn settings(pairs: &[(&str, &str)]) -> Properties {
    let own = |(key, value): &(&str, &str)| (format!("listeners.https.{key}"), (*value).to_owned());
    let listeners = ("listeners".to_owned(), "https://127.0.0.1:0".to_owned());
    pairs.iter().map(own).chain([listeners]).collect()
}

fn together(parts: &[&Properties]) -> Properties {
    parts.iter().flat_map(|it| it.iter()).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What the API tells of a worker, as long as the sender is kept.
fn about() -> (watch::Sender<ServerInfo>, About) {
    let (sender, info) = watch::channel(ServerInfo {
        version: String::new(),
        commit: String::new(),
        kafka_cluster_id: String::new(),
    });
    (sender, About { info, plugins: Vec::new(), loggers: Loggers::new(Level::Info, []) })
}

/// What a worker that has not started says to a follower, or why it cannot be reached.
async fn said(server: &Properties, client: &Properties) -> String {
    let surface = Surface::bind(server, Renewed::default()).await.unwrap();
    let url = surface.advertised.url();
    let (handle, _requests) = Herder::handle();
    let (_info, about) = about();
    let (mut servers, serving) = (JoinSet::new(), CancellationToken::new());
    let client = super::client(client).unwrap();
    surface.serve(&handle, &client, about, &mut servers, &serving);
    client.send_tasks(&url, "it", &[], None).await.unwrap_err()
}

#[tokio::test]
async fn workers_know_each_other_by_their_certificates() {
    let ((shown, trusted), (other_shown, other_trusted)) = (identity(), identity());
    let asks = |kind| settings(&[("ssl.client.auth", kind)]);
    let same = together(&[&shown, &trusted]);
    let stranger = together(&[&other_shown, &trusted]);
    for (kind, client, is_served) in [
        ("none", &trusted, true),
        ("none", &stranger, true),
        ("none", &together(&[&shown, &other_trusted]), false),
        ("requested", &same, true),
        ("requested", &trusted, true),
        ("requested", &stranger, false),
        ("required", &same, true),
        ("required", &trusted, false),
        ("required", &stranger, false),
    ] {
        let said = said(&together(&[&same, &asks(kind)]), client).await;
        assert_eq!(said.contains("503"), is_served, "{kind}: {said}");
    }
}

/// Settings whose certificates are in these files.
fn in_files(folder: &std::path::Path, identity: &(Properties, Properties)) -> Properties {
    let text = |settings: &Properties, key: &str| settings[&format!("{PREFIX}ssl.{key}")].clone();
    let (shown, trusted) = identity;
    let pair = text(shown, "keystore.key") + &text(shown, "keystore.certificate.chain");
    let (key, trust) = (folder.join("key.pem"), folder.join("trust.pem"));
    std::fs::write(&key, pair).unwrap();
    std::fs::write(&trust, text(trusted, "truststore.certificates")).unwrap();
    settings(&[
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", key.to_str().unwrap()),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", trust.to_str().unwrap()),
        ("ssl.client.auth", "required"),
    ])
}

#[tokio::test]
async fn certificates_are_changed_while_the_worker_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (identity(), identity());
    let both = in_files(folder.path(), &old);
    let surface = Surface::bind(&both, Renewed::default()).await.unwrap();
    let url = surface.advertised.url();
    let Surface { tls: [Some(secured), None], mut regular, .. } = surface else {
        panic!("one kind of listener")
    };
    let client = super::client(&both).unwrap();
    let (handle, _requests) = Herder::handle();
    let (_info, about) = about();
    let About { info, plugins, loggers } = about;
    let (policy, admin) = (Policy::default(), AdminRoutes::None);
    let settings = ServerSettings { info, plugins, loggers, scheme: "https", policy, admin };
    let router = routers(handle, client.clone(), settings).regular;
    let server = Server::new(regular.remove(0).socket, Some(secured.current.subscribe()));
    let _serving = JoinSet::from_iter([server.run(router, CancellationToken::new())]);
    let is_served = async |client: &LeaderClient| {
        client.send_tasks(&url, "it", &[], None).await.unwrap_err().contains("503")
    };
    assert!(is_served(&client).await);
    in_files(folder.path(), &new);
    let renewed = sluice_kafka::tls::server(&secured.settings).unwrap();
    secured.current.send_replace(Arc::new(renewed));
    let stranger = super::client(&together(&[&old.0, &old.1])).unwrap();
    assert!(!is_served(&stranger).await, "who knows the old authority alone is not");
    client.renew(sluice_kafka::tls::client(&secured.settings).unwrap());
    assert!(is_served(&client).await);
}

#[tokio::test]
async fn what_secures_nothing_is_refused() {
    let (shown, _) = identity();
    for (settings, expected) in [
        (settings(&[]), "a secured listener needs a key and a certificate"),
        (settings(&[("ssl.keystore.location", "/k.jks")]), "JKS stores cannot be read"),
        (
            together(&[&shown, &settings(&[("ssl.client.auth", "required")])]),
            "authorities that sign clients' certificates must be named",
        ),
        (
            together(&[&shown, &settings(&[("ssl.client.auth", "maybe")])]),
            "String must be one of: required, requested, none",
        ),
    ] {
        let error =
            Surface::bind(&settings, Renewed::default()).await.err().map(|it| format!("{it:#}"));
        let error = error.unwrap_or_default();
        assert!(error.starts_with("listeners.https.") && error.contains(expected), "{error}");
    }
}
