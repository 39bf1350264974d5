//! The way to the API server, on which requests are counted.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::{Arc, Mutex},
};

use anyhow::Result;
use axum::{extract::Request, middleware::map_request};
use http::Method;
use kube::Client;
use serde_json::json;
use sluice_kit::kubernetes::forward;
use tempfile::TempPath;
use tokio::{net::TcpListener, task::JoinSet};

/// Requests by verb and resource, such as `patch kafkaconnectors/status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(BTreeMap<String, u64>);

impl Count {
    /// Those of a kind.
    pub(super) fn count(&self, is_of_kind: fn(&str) -> bool) -> Self {
        let of_kind = self.0.iter().filter(|(key, _)| is_of_kind(key));
        Self(of_kind.map(|(key, count)| (key.clone(), *count)).collect())
    }

    /// Those after `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        let later = |(key, count): (&String, &u64)| {
            let more = count - before.0.get(key).copied().unwrap_or_default();
            (more > 0).then(|| (key.clone(), more))
        };
        Self(self.0.iter().filter_map(later).collect())
    }

    /// How many there are.
    pub(crate) fn sum(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Counts while requests pass.
#[derive(Clone, Default)]
pub(super) struct Counts(Arc<Mutex<Count>>);

impl Counts {
    pub(super) fn now(&self) -> Count {
        self.0.lock().expect("no holder of the lock panics").clone()
    }

    /// Neither a watch nor its list, nor about the Lease.
    pub(super) fn is_work(key: &str) -> bool {
        !key.starts_with("watch ") && !key.ends_with(" leases")
    }

    /// What a connector takes.
    pub(super) fn is_of_connectors(key: &str) -> bool {
        let (_, resource) = key.split_once(' ').unwrap_or_default();
        resource.starts_with("kafkaconnectors") && Self::is_work(key)
            || ["controllerrevisions", "events"].contains(&resource)
    }

    /// What a cluster takes.
    pub(super) fn is_of_clusters(key: &str) -> bool {
        Self::is_work(key) && !Self::is_of_connectors(key)
    }

    fn note(&self, request: &Request) {
        let query = request.uri().query().unwrap_or_default();
        let key = key(request.method(), request.uri().path(), query);
        *self.0.lock().expect("no holder of the lock panics").0.entry(key).or_default() += 1;
    }
}

/// Lists in pages are those before watches.
fn key(method: &Method, path: &str, query: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let rest = match parts.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        other => other,
    };
    let rest = match rest {
        ["namespaces", _, rest @ ..] => rest,
        other => other,
    };
    let watches = query.contains("watch=") || query.contains("limit=");
    let verb = match (method.as_str(), rest.len()) {
        ("GET", 1) if watches => "watch".to_owned(),
        ("GET", 1) => "list".to_owned(),
        (method, _) => method.to_lowercase(),
    };
    match rest {
        [resource, _, sub] => format!("{verb} {resource}/{sub}"),
        [resource, ..] => format!("{verb} {resource}"),
        [] => verb,
    }
}

/// Serves the API server's API on a port of loopback.
///
/// # Returns
/// A kubeconfig file for it.
pub(super) async fn serve(
    client: Client,
    counts: Counts,
    tasks: &mut JoinSet<()>,
) -> Result<TempPath> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = format!("http://{}", listener.local_addr()?);
    let counted = map_request(move |request: Request| {
        counts.note(&request);
        async move { request }
    });
    let routes = forward(client).layer(counted);
    tasks.spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "default"}}],
        "current-context": "x",
    });
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(kubeconfig.to_string().as_bytes())?;
    Ok(file.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_by_verb_and_resource() {
        let of = "/apis/sluice.dev/v1alpha1/namespaces/n/kafkaconnectors";
        for (method, path, query, expected) in [
            (Method::PATCH, format!("{of}/a/status"), "", "patch kafkaconnectors/status"),
            (Method::PATCH, format!("{of}/a"), "", "patch kafkaconnectors"),
            (Method::GET, of.to_owned(), "watch=true", "watch kafkaconnectors"),
            (Method::GET, of.to_owned(), "limit=500", "watch kafkaconnectors"),
            (Method::GET, "/api/v1/pods".to_owned(), "labelSelector=a", "list pods"),
            (Method::GET, "/api/v1/namespaces/n/secrets/a".to_owned(), "", "get secrets"),
        ] {
            assert_eq!(key(&method, &path, query), expected);
        }
        assert!(Counts::is_of_connectors("patch kafkaconnectors/status"));
        assert!(Counts::is_of_clusters("patch kafkaconnects/status"));
        assert!(!Counts::is_work("watch kafkaconnectors") && !Counts::is_work("put leases"));
    }
}
