//! Looks at topics: once before a member joins for them, and as long as it leads, for what has changed.

use tokio::time::sleep;

use super::{
    leader::partition_counts,
    life::{Life, RETRY_BACKOFF},
};
use crate::{
    consumer::assign::Topics,
    failure::ClientError,
    wire::{self, Metadata},
};

impl Life {
    /// Whether a topic has come, gone or grown since it was assigned.
    pub(super) async fn sees_change(&mut self) -> Result<bool, ClientError> {
        let Some(mut leading) = self.leading.take() else { return Ok(false) };
        let seen = match self.look(&leading.topics).await {
            Ok(metadata) => leading.sees(&metadata)?,
            Err(error) if error.is_authentication() => return Err(error.into()),
            Err(error) => {
                tracing::debug!(group = self.settings.group, %error, "topics could not be looked up");
                leading.look_later();
                false
            }
        };
        self.leading = Some(leading);
        Ok(seen)
    }

    /// Looks topics up once before the member joins for them: what may not be read is told, what does not exist is created
    /// if the broker does that.
    pub(super) async fn look_first(&mut self) -> Result<(), ClientError> {
        let mut is_told = false;
        while !self.has_looked {
            match self.look(&self.topics).await {
                Ok(metadata) => {
                    partition_counts(&metadata, &Topics::new())?;
                    self.has_looked = true;
                }
                Err(error) if error.is_retriable() => {
                    if !std::mem::replace(&mut is_told, true) {
                        let group = &self.settings.group;
                        tracing::warn!(group, %error, "topics cannot be looked up; trying again");
                    }
                    sleep(RETRY_BACKOFF).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) async fn look(&self, topics: &[String]) -> Result<Metadata, wire::Error> {
        if self.settings.creates_topics {
            self.client.metadata_creating(topics).await
        } else {
            self.client.metadata(Some(topics)).await
        }
    }
}
