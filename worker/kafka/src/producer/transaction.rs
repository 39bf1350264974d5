//! A whole transaction in one call.

use super::{Producer, SendRefused};
use crate::{failure::ClientError, message::OutgoingRecord};

impl Producer {
    /// Writes records, each with its key and value, to one topic in a transaction of their own; without a partition, to
    /// where their keys lead. [`Self::init_transactions`] has to come first. After an error the transaction is open or in
    /// doubt, so the producer has to be closed. Not cancel-safe: a dropped call may have written.
    pub async fn write_transaction<B: AsRef<[u8]>>(
        &self,
        topic: &str,
        partition: Option<i32>,
        records: &[(B, Option<B>)],
    ) -> Result<(), ClientError> {
        self.begin_transaction()?;
        for (key, value) in records {
            let record = OutgoingRecord {
                topic,
                partition,
                timestamp: None,
                key: Some(key.as_ref()),
                value: value.as_ref().map(AsRef::as_ref),
                headers: &[],
            };
            loop {
                match self.send(&record, 0) {
                    Ok(()) => break,
                    Err(SendRefused::QueueFull) => self.ready().await,
                    Err(SendRefused::Failed(error)) => return Err(error),
                }
            }
        }
        self.commit_transaction().await
    }
}
