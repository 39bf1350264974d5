//! Fencing of transactional producers by their ids (`Admin.fenceProducers`).

use std::time::Duration;

use kafka_protocol::{
    ResponseError,
    messages::{InitProducerIdRequest, ProducerId, TransactionalId},
};
use tokio::time::Instant;

use super::{Admin, text};
use crate::wire::Error;

/// Time for all ids together (`RestServer.DEFAULT_REST_REQUEST_TIMEOUT_MS`).
const TIMEOUT: Duration = Duration::from_secs(90);
/// Pause before a coordinator is asked again.
const PAUSE: Duration = Duration::from_millis(100);

impl Admin {
    /// Ends what producers with these ids have under way: an open transaction is aborted, and what they write from now on
    /// is refused. Returns once that holds for all. Tries again while coordinators move or finish a transaction.
    pub async fn fence_producers(&self, transactional_ids: &[String]) -> Result<(), Error> {
        let deadline = Instant::now() + TIMEOUT;
        for id in transactional_ids {
            self.fence_producer(id, deadline).await?;
        }
        Ok(())
    }

    async fn fence_producer(&self, id: &str, deadline: Instant) -> Result<(), Error> {
        loop {
            match self.try_fence(id).await {
                Err(error) if passes(&error) && Instant::now() + PAUSE < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_fence(&self, id: &str) -> Result<(), Error> {
        let coordinator = self.client.transaction_coordinator(id).await?;
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(id))))
            .with_transaction_timeout_ms(TIMEOUT.as_millis() as i32)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let answer = self.client.call(&coordinator, request, super::TIMEOUT).await?;
        Error::check(answer.error_code, None)
    }
}

/// Whether the same may succeed soon. An epoch that has run out gives the id a new producer the next time.
fn passes(error: &Error) -> bool {
    error.is_retriable()
        || matches!(
            error.code(),
            Some(
                ResponseError::ConcurrentTransactions
                    | ResponseError::CoordinatorNotAvailable
                    | ResponseError::CoordinatorLoadInProgress
                    | ResponseError::NotCoordinator
            )
        )
}
