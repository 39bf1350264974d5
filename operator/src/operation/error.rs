//! What keeps an operation from being looked at to its end, as condition reasons and pauses. What is decided about the
//! operation itself is no error: see [`super::Verdict`].

use crate::connect_api;
use crate::connector;
use crate::reason::{Reason, Retry};

/// What keeps an operation from being looked at to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workers could not be asked, or did not answer.
    #[error(transparent)]
    Workers(#[from] connector::Error),
    /// The Kubernetes API refused.
    #[error("cannot {what}: {source}")]
    Kubernetes {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: Box<kube::Error>,
    },
    /// The status could not be written.
    #[error(transparent)]
    Status(#[from] crate::report::Error),
}

impl From<connect_api::Error> for Error {
    fn from(error: connect_api::Error) -> Self {
        Self::Workers(error.into())
    }
}

impl Error {
    /// For a call of the Kubernetes API that tried this.
    pub fn kubernetes(what: &'static str, source: kube::Error) -> Self {
        Self::Kubernetes { what, source: Box::new(source) }
    }

    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Workers(error) => error.reason(),
            Self::Kubernetes { .. } | Self::Status(_) => Reason::ApiUnavailable,
        }
    }

    /// When to try again.
    pub fn retry(&self) -> Retry {
        Retry::Backoff
    }
}
