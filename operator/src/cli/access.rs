//! The way to a Kubernetes cluster, as kubectl finds it.

use std::fmt::Debug;
use std::path::PathBuf;

use clap::Args;
use k8s_openapi::NamespaceResourceScope;
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use sluice_crds::{KafkaConnect, KafkaConnector};

/// Which cluster and namespace.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Access {
    /// Namespace. Default: that of the context.
    #[arg(short, long)]
    namespace: Option<String>,
    /// Context of the kubeconfig. Default: the current one.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig. Default: as kubectl finds it.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// A cluster that answers did not do what was asked, or there is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig.
    #[error(
        "cannot tell which Kubernetes cluster is meant: {0}; name a kubeconfig with --kubeconfig or $KUBECONFIG"
    )]
    Config(String),
    /// A refusal or no answer.
    #[error("cannot {what}: {cause}")]
    Api {
        /// What was being done.
        what: String,
        /// What the API server says, or why there is no answer.
        cause: String,
    },
    /// There is no such resource.
    #[error(
        "there is no {kind} {name} in namespace {namespace}; `sluice status -n {namespace}` shows what is there, and \
         -n names another namespace"
    )]
    Missing {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// Where it was looked for.
        namespace: String,
    },
    /// The CRDs are not installed.
    #[error(
        "this cluster has no Sluice: its API server knows no sluice.dev/v1alpha1; install the chart first"
    )]
    NotInstalled,
}

/// A connection.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) namespace: String,
}

impl Access {
    /// Connects, without asking anything yet.
    pub(super) async fn connect(&self) -> Result<Session, Error> {
        // The first one counts; a second is that of a test.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options =
            KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let unclear = |error: &dyn std::error::Error| Error::Config(error.to_string());
        let config = match &self.kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path).map_err(|error| unclear(&error))?;
                Config::from_custom_kubeconfig(file, &options)
                    .await
                    .map_err(|error| unclear(&error))?
            }
            None if self.context.is_some() => {
                Config::from_kubeconfig(&options).await.map_err(|error| unclear(&error))?
            }
            None => Config::infer().await.map_err(|error| unclear(&error))?,
        };
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| unclear(&error))?;
        Ok(Session { client, namespace })
    }
}

impl Session {
    /// Resources of the namespace.
    pub(super) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// All resources of a kind, of this namespace or of all.
    pub(super) async fn list<K>(
        &self,
        everywhere: bool,
        select: &ListParams,
    ) -> Result<Vec<K>, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let api: Api<K> = if everywhere { Api::all(self.client.clone()) } else { self.api() };
        let listed = api.list(select).await;
        Ok(listed.map_err(|error| refused(&format!("list {}", K::plural(&())), error))?.items)
    }

    /// The clusters and connectors of this namespace, or of all.
    pub(super) async fn resources(
        &self,
        everywhere: bool,
    ) -> Result<(Vec<KafkaConnect>, Vec<KafkaConnector>), Error> {
        let all = ListParams::default();
        Ok((self.list(everywhere, &all).await?, self.list(everywhere, &all).await?))
    }

    /// A resource that has to be there.
    pub(super) async fn get<K>(&self, name: &str) -> Result<K, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + DeserializeOwned,
    {
        let found = self.api::<K>().get_opt(name).await;
        let found =
            found.map_err(|error| refused(&format!("read {} {name}", K::kind(&())), error))?;
        found.ok_or_else(|| Error::Missing {
            kind: K::kind(&()).into_owned(),
            name: name.to_owned(),
            namespace: self.namespace.clone(),
        })
    }
}

/// An error of the API as one of ours.
pub(super) fn refused(what: &str, error: kube::Error) -> Error {
    match error {
        kube::Error::Api(status) if status.code == 404 && is_unknown_kind(&status.message) => {
            Error::NotInstalled
        }
        kube::Error::Api(status) => Error::Api { what: what.to_owned(), cause: status.message },
        other => {
            let mut cause = other.to_string();
            let mut inner = std::error::Error::source(&other);
            while let Some(error) = inner {
                let text = error.to_string();
                if !cause.contains(&text) {
                    cause = format!("{cause}: {text}");
                }
                inner = error.source();
            }
            Error::Api { what: what.to_owned(), cause }
        }
    }
}

/// Namespace and name, as keys to sort by.
pub(super) fn place(resource: &impl ResourceExt) -> (String, String) {
    (resource.namespace().unwrap_or_default(), resource.name_any())
}

/// Whether the API server knows no such kind, rather than no such object.
fn is_unknown_kind(message: &str) -> bool {
    ["could not find the requested resource", "page not found"]
        .iter()
        .any(|words| message.contains(words))
}
