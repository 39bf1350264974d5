//! What a connector is: as the workers tell it.

use std::collections::BTreeMap;

use sluice_rest_model::ConnectorStateInfo;

use crate::connect_api::{ConnectApi, Error};

/// A connector that Kafka Connect has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Its settings, as stored.
    pub config: BTreeMap<String, String>,
    /// Its state; none until a worker has reported one.
    pub status: Option<ConnectorStateInfo>,
}

/// Asks for a connector.
pub async fn fetch(workers: &ConnectApi, name: &str) -> Result<Option<Current>, Error> {
    let Some(info) = workers.connector(name).await? else { return Ok(None) };
    let status = workers.status(name).await?;
    Ok(Some(Current { config: info.config, status }))
}
