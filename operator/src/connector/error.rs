//! What keeps a connector from its spec, as condition reasons and pauses.

use super::{desired, external, finalizer, revisions, secrets, unknown_class};
use crate::connect_api;
use crate::reason::{Reason, Retry};

/// What keeps a connector from its spec.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spec cannot be used.
    #[error(transparent)]
    Desired(#[from] desired::Error),
    /// The cluster is not there.
    #[error("no KafkaConnect {cluster} in this namespace; create it, or name another one")]
    NoCluster {
        /// Its name.
        cluster: String,
    },
    /// There is none of another namespace that lets this one in. Who is not let in does not learn whether there is one.
    #[error(
        "no KafkaConnect {cluster} of namespace {namespace} lets connectors of this one in; its spec.allowedNamespaces has to name this namespace"
    )]
    NotLetIn {
        /// Namespace of the cluster.
        namespace: String,
        /// Its name.
        cluster: String,
    },
    /// The cluster is scaled to zero.
    #[error("KafkaConnect {cluster} has no workers; scale it up")]
    NoWorkers {
        /// Its name.
        cluster: String,
    },
    /// The cluster takes a certificate or credentials that are not known yet.
    #[error(
        "how to reach the workers of KafkaConnect {cluster} is not known yet; its conditions say what is missing"
    )]
    NoAccess {
        /// Its name.
        cluster: String,
    },
    /// Another resource has the connector of that name.
    #[error(
        "{other} has the connector {name} of this cluster already; give one of the two another spec.name"
    )]
    NameTaken {
        /// The other resource.
        other: String,
        /// Name in Kafka Connect.
        name: String,
    },
    /// Values that the settings refer to.
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
    /// Kafka Connect that the operator does not run.
    #[error(transparent)]
    External(#[from] external::Error),
    /// Settings of another time.
    #[error(transparent)]
    Revisions(#[from] revisions::Error),
    /// Kafka Connect finds the settings wrong.
    #[error("spec.config: {0}")]
    Invalid(String),
    /// The workers do not have the class.
    #[error(transparent)]
    UnknownClass(#[from] unknown_class::UnknownClass),
    /// A call of the REST API.
    #[error("{0}")]
    Workers(#[from] connect_api::Error),
    /// The finalizer could not be set or removed.
    #[error(transparent)]
    Finalizer(#[from] finalizer::Error),
    /// The status could not be written.
    #[error(transparent)]
    Status(#[from] crate::report::Error),
}

impl Error {
    /// What an answer of the workers about a connector of this class means.
    pub fn of_workers(error: connect_api::Error, class: &str) -> Self {
        unknown_class::of(&error, class).map_or_else(|| error.into(), Self::from)
    }

    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Desired(error) => error.reason(),
            Self::NoCluster { .. } | Self::NotLetIn { .. } => Reason::ClusterNotFound,
            Self::NoWorkers { .. } => Reason::ClusterHasNoWorkers,
            Self::NoAccess { .. } => Reason::WorkersUnreachable,
            Self::NameTaken { .. } => Reason::NameTaken,
            Self::Secrets(error) => error.reason(),
            Self::Revisions(error) => error.reason(),
            Self::External(error) => error.reason(),
            Self::Invalid(_) | Self::UnknownClass(_) => Reason::InvalidConfig,
            Self::Workers(error) => workers_reason(error),
            Self::Finalizer(_) | Self::Status(_) => Reason::ApiUnavailable,
        }
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Desired(_) => Retry::AwaitChange,
            _ => Retry::Backoff,
        }
    }
}

fn workers_reason(error: &connect_api::Error) -> Reason {
    match error {
        connect_api::Error::Refused { status: 409, .. } => Reason::Rebalancing,
        connect_api::Error::Refused { status: 400 | 422, .. } => Reason::InvalidConfig,
        // A worker that starts answers 503, and so does a proxy before one.
        connect_api::Error::Unreachable { .. }
        | connect_api::Error::Refused { status: 503, .. } => Reason::WorkersUnreachable,
        connect_api::Error::Refused { .. } | connect_api::Error::Unreadable { .. } => {
            Reason::WorkerError
        }
    }
}
