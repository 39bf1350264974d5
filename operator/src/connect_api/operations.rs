//! Calls beside those that run a connector: restarts, positions, topics, validation.

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::utf8_percent_encode;
use sluice_rest_model::{ActiveTopics, ConfigInfos, ConnectorOffsets, Message, Reading};

use super::{ConnectApi, Error, IN_PATH, READ, WRITE, connector_path};

/// Which parts of a connector are restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestartScope {
    /// The tasks too.
    pub include_tasks: bool,
    /// Nothing that has not failed.
    pub only_failed: bool,
}

impl ConnectApi {
    /// Restarts a connector.
    pub async fn restart(&self, name: &str, scope: RestartScope) -> Result<(), Error> {
        let RestartScope { include_tasks, only_failed } = scope;
        let path = format!(
            "{}/restart?includeTasks={include_tasks}&onlyFailed={only_failed}",
            connector_path(name)
        );
        self.call(Method::POST, &path, None::<&()>, WRITE).await.map(drop)
    }

    /// Restarts one task.
    pub async fn restart_task(&self, name: &str, task: i32) -> Result<(), Error> {
        let path = format!("{}/tasks/{task}/restart", connector_path(name));
        self.call(Method::POST, &path, None::<&()>, WRITE).await.map(drop)
    }

    /// The positions of a connector.
    pub async fn offsets(&self, name: &str) -> Result<ConnectorOffsets, Error> {
        let path = format!("{}/offsets", connector_path(name));
        let answer = self.call(Method::GET, &path, None::<&()>, WRITE).await?;
        self.read(&answer)
    }

    /// How far a sink has read its topics, and where a time, in milliseconds since 1970, is in them; none of workers that
    /// cannot tell, as Java's.
    pub async fn reading(&self, name: &str, time: Option<i64>) -> Result<Option<Reading>, Error> {
        let time = time.map(|time| format!("?time={time}")).unwrap_or_default();
        self.find(&format!("/sluice{}/reading{time}", connector_path(name))).await
    }

    /// Changes positions of a stopped connector.
    ///
    /// # Returns
    /// What the worker says to it.
    pub async fn alter_offsets(
        &self,
        name: &str,
        offsets: &ConnectorOffsets,
    ) -> Result<String, Error> {
        let path = format!("{}/offsets", connector_path(name));
        let answer = self.call(Method::PATCH, &path, Some(offsets), WRITE).await?;
        self.read(&answer).map(|Message { message }| message)
    }

    /// Forgets all positions of a stopped connector.
    ///
    /// # Returns
    /// What the worker says to it.
    pub async fn reset_offsets(&self, name: &str) -> Result<String, Error> {
        let path = format!("{}/offsets", connector_path(name));
        let answer = self.call(Method::DELETE, &path, None::<&()>, WRITE).await?;
        self.read(&answer).map(|Message { message }| message)
    }

    /// The topics that a connector has used, in order; none where workers do not keep track.
    pub async fn topics(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let path = format!("{}/topics", connector_path(name));
        match self.call(Method::GET, &path, None::<&()>, READ).await {
            Ok(answer) => {
                let mut answer: BTreeMap<String, ActiveTopics> = self.read(&answer)?;
                let mut topics = answer.remove(name).unwrap_or_default().topics;
                topics.sort_unstable();
                Ok(Some(topics))
            }
            Err(Error::Refused { status: 403 | 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is wrong with a configuration, key by key.
    pub async fn validate(
        &self,
        class: &str,
        config: &BTreeMap<String, String>,
    ) -> Result<ConfigInfos, Error> {
        let class = utf8_percent_encode(class, IN_PATH);
        let path = format!("/connector-plugins/{class}/config/validate");
        let answer = self.call(Method::PUT, &path, Some(config), WRITE).await?;
        self.read(&answer)
    }
}
