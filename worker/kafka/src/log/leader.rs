//! Writes of a group's leader: transactional, so that a leader that has been replaced cannot write any more
//! (the fencable producer of `KafkaConfigBackingStore`, KIP-618).

use bytes::Bytes;
use tokio::sync::{Mutex, watch};

use crate::{
    failure::ClientError,
    memory::Share,
    producer::{Producer, ProducerConfig},
    settings::ClientSettings,
};

/// Why the leader's records were not written. They may have been, if the answer was lost.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotWritten {
    /// Another leader has claimed the topic, or nobody has claimed it here: it has to be claimed before the next write.
    #[error("Cannot produce to config topic without claiming write privileges first")]
    Unclaimed,
    /// Kafka refused them; the topic has to be claimed before the next write.
    #[error("Failed to perform fencable send to config topic")]
    Refused(#[source] ClientError),
}

/// Writes to one partition of a topic after it was claimed.
pub struct LeaderWriter {
    settings: ClientSettings,
    client_id: String,
    transactional_id: String,
    topic: String,
    producer: Mutex<Option<Producer>>,
    /// How many claims are on their way: writes wait for them.
    claims: watch::Sender<usize>,
}

impl std::fmt::Debug for LeaderWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LeaderWriter").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// A claim that was announced and is not over.
struct Announced<'a>(&'a LeaderWriter);

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        self.0.claims.send_modify(|it| *it -= 1);
    }
}

impl LeaderWriter {
    /// A writer for the leader of a group of workers (`DistributedConfig.transactionalProducerId`). No I/O.
    pub fn new(settings: ClientSettings, client_id: &str, group: &str, topic: &str) -> Self {
        Self {
            settings,
            client_id: format!("{client_id}-leader"),
            transactional_id: format!("connect-cluster-{group}"),
            topic: topic.to_owned(),
            producer: Mutex::default(),
            claims: watch::Sender::new(0),
        }
    }

    /// Announces a claim: writes that begin later wait for it. To be made with [`Self::claim`].
    pub fn announce(&self) {
        self.claims.send_modify(|it| *it += 1);
    }

    /// Makes the claim that was announced, unless the topic is claimed: leaders before this one are fenced off.
    pub async fn claim(&self) -> Result<(), ClientError> {
        let _announced = Announced(self);
        let mut producer = self.producer.lock().await;
        if producer.is_none() {
            let config = ProducerConfig {
                client_id: self.client_id.clone(),
                share: Share::default(),
                transactional_id: Some(self.transactional_id.clone()),
            };
            let new = Producer::new(&self.settings, config, |_, _| {})?;
            new.init_transactions().await?;
            *producer = Some(new);
        }
        Ok(())
    }

    /// Writes records in one transaction, in their order. Not cancel-safe: a dropped call may have written.
    pub async fn write(&self, records: &[(Bytes, Option<Bytes>)]) -> Result<(), NotWritten> {
        let mut claims = self.claims.subscribe();
        // The sender lives as long as this.
        let _ = claims.wait_for(|it| *it == 0).await;
        let mut claimed = self.producer.lock().await;
        // Taken out: whatever goes wrong, and wherever this is dropped, the topic has to be claimed again.
        let Some(producer) = claimed.take() else { return Err(NotWritten::Unclaimed) };
        let written = producer.write_transaction(&self.topic, Some(0), records);
        written.await.map_err(NotWritten::Refused)?;
        *claimed = Some(producer);
        Ok(())
    }
}
