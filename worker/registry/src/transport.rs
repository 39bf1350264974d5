//! One call to a registry and its answer, whoever carries it.

use std::sync::Arc;

use crate::{
    RegistryError,
    http::Servers,
    memory,
    settings::{Address, Connection},
};

/// A call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Path and query below the URL of the registry.
    pub(crate) path: String,
    /// What is posted; none asks.
    pub(crate) body: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Who gave it, for messages.
    pub(crate) from: String,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Carries calls.
pub(crate) trait Transport: Send + Sync {
    /// Waits for the answer. Errors are [`RegistryError::Outage`] or [`RegistryError::Unusable`].
    fn carry(&self, call: Call) -> Result<Answer, RegistryError>;
}

/// What carries calls to the registries of a connection.
pub(crate) fn of(connection: &Connection) -> Result<Arc<dyn Transport>, String> {
    Ok(match connection.addresses.as_slice() {
        [Address::InProcess(name)] => memory::named(name),
        _ => Arc::new(Servers::new(connection)?),
    })
}
