//! Who may do what at the REST API: settings, and the folder in which the operator puts what they need.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};
use rustls::ClientConfig;
use sluice_config::Properties;
use sluice_rest::{Authorization, Operator, Reviewer, Rules};

/// The key that says who may do what.
pub(super) const KEY: &str = "sluice.rest.authorization";
/// The key that says who knows tokens.
const REVIEWS: &str = "sluice.rest.reviews.url";
/// Values of the first key: nobody but the operator changes anything, or who may by Kubernetes' roles.
const READ_ONLY: &str = "readOnly";
const KUBERNETES: &str = "kubernetes";
/// The files: the digest of the operator's token, what the operator knows its workers by, and whom they trust for it.
const FILES: [&str; 3] = ["operator", "credential", "ca.crt"];

/// What the worker file says.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Settings<'a> {
    pub(super) kind: &'a str,
    /// Where the operator tells the rest.
    pub(super) folder: Option<&'a str>,
    /// Namespace and name with a slash between them.
    pub(super) cluster: Option<&'a str>,
    /// Where the operator is asked about tokens, if it is.
    pub(super) reviews: Option<&'a str>,
}

/// What goes for requests; none if everybody may do everything.
pub(super) fn of(settings: Settings<'_>) -> Result<Option<Authorization>> {
    let Settings { kind, folder, cluster, .. } = settings;
    let kind = kind.trim();
    if !["", READ_ONLY, KUBERNETES].contains(&kind) {
        bail!(
            "Invalid value {kind} for configuration {KEY}: it is {READ_ONLY}, {KUBERNETES} or empty"
        );
    }
    let reviewer = reviewer(settings)?;
    let rules = match (kind, reviewer) {
        ("", None) => return Ok(None),
        ("", Some(_)) => {
            bail!("{KEY}: {REVIEWS} needs it, as every user of Kubernetes could come in")
        }
        (KUBERNETES, Some(reviewer)) => Rules::Kubernetes(reviewer),
        (KUBERNETES, None) => bail!("{KEY}: {KUBERNETES} needs {REVIEWS}"),
        (_, reviewer) => Rules::ReadOnly(reviewer),
    };
    // Without a folder there is no operator, and nobody changes anything.
    let operator = folder.map(|it| operator(Path::new(it))).transpose()?;
    let (operator, cluster) =
        (operator.unwrap_or_default(), cluster.unwrap_or_default().to_owned());
    Ok(Some(Authorization { operator, cluster, rules }))
}

fn operator(folder: &Path) -> Result<Operator> {
    let digest = read(folder, FILES[0])?;
    let file = folder.join(FILES[0]);
    Operator::parse(&digest).with_context(|| format!("{KEY}: {}", file.display()))
}

fn reviewer(settings: Settings<'_>) -> Result<Option<Reviewer>> {
    let Some(url) = settings.reviews.filter(|it| !it.trim().is_empty()) else { return Ok(None) };
    let cluster = settings.cluster.and_then(|it| it.split_once('/'));
    let cluster = cluster.with_context(|| format!("{REVIEWS} needs {KEY}.cluster"))?;
    let folder = settings.folder.with_context(|| format!("{REVIEWS} needs {KEY}.path"))?;
    let (tls, credential) = way(Path::new(folder))?;
    Ok(Some(Reviewer::new(url.trim(), cluster, tls, &credential).context(REVIEWS)?))
}

/// Whom to trust and what to show when the operator is asked.
fn way(folder: &Path) -> Result<(ClientConfig, String)> {
    let credential = read(folder, FILES[1])?;
    let trust = [
        ("ssl.truststore.type".to_owned(), "PEM".to_owned()),
        ("ssl.truststore.certificates".to_owned(), read(folder, FILES[2])?),
    ];
    let tls = sluice_kafka::tls::client(&Properties::from(trust));
    Ok((tls.with_context(|| format!("{KEY}.path: {}", FILES[2]))?, credential))
}

fn read(folder: &Path, name: &str) -> Result<String> {
    let file = folder.join(name);
    fs::read_to_string(&file).with_context(|| format!("{KEY}: {} cannot be read", file.display()))
}

/// Takes into force what the folder holds, for ever as it changes and with a pause between looks. What cannot be used is
/// told once, and what was there before stays in force. Cancel-safe.
pub(super) async fn follow(folder: String, authorization: Authorization, pause: Duration) {
    let folder = Path::new(&folder);
    let look = || FILES.map(|name| fs::read_to_string(folder.join(name)).ok());
    let mut seen = look();
    loop {
        tokio::time::sleep(pause).await;
        let newest = look();
        if newest == seen {
            continue;
        }
        seen = newest;
        match renew(folder, &authorization) {
            Ok(()) => tracing::info!("who the operator is has been read again"),
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "who the operator is has changed and cannot be used; what was known before still holds"
            ),
        }
    }
}

fn renew(folder: &Path, authorization: &Authorization) -> Result<()> {
    authorization.operator.replace(&read(folder, FILES[0])?)?;
    if let Rules::Kubernetes(reviewer) | Rules::ReadOnly(Some(reviewer)) = &authorization.rules {
        let (tls, credential) = way(folder)?;
        reviewer.renew(tls, &credential)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "dc8331bcb2283e89d275a1c2fe66f7bf5ac3163ec1967f149dd7e27906365f0c";

    #[test]
    fn what_cannot_be_used_is_refused_with_its_key_and_file() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let known = Settings {
            kind: READ_ONLY,
            folder: folder.path().to_str(),
            cluster: Some("shop/my-connect"),
            reviews: None,
        };
        let asking = Settings { reviews: Some("https://operator:8443"), ..known };
        assert!(of(Settings::default()).unwrap().is_none());
        assert!(of(Settings { kind: READ_ONLY, ..Settings::default() }).unwrap().is_some());
        let refused = |settings, expected: &str| {
            let text = format!("{:#}", of(settings).unwrap_err());
            assert!(text.contains(expected) && !text.contains("hush"), "{text}");
        };
        refused(Settings { kind: "write", ..known }, KEY);
        refused(Settings { kind: KUBERNETES, ..known }, REVIEWS);
        refused(Settings { cluster: None, ..asking }, "sluice.rest.authorization.cluster");
        refused(Settings { folder: None, ..asking }, "sluice.rest.authorization.path");
        refused(known, "operator cannot be read");
        put("operator", "hush");
        refused(known, "SHA-256");
        put("operator", DIGEST);
        assert_eq!(of(known).unwrap().unwrap().cluster, "shop/my-connect");
        refused(asking, "credential cannot be read");
        put("credential", "hush");
        refused(asking, "ca.crt cannot be read");
        put("ca.crt", "hush");
        refused(asking, "ca.crt");
    }
}
