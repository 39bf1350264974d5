//! Fencing of earlier tasks, which workers with exactly-once sources ask the leader for (KIP-618).

use sluice_rest_model::ConnectorKind;

use super::State;
use crate::{
    request::{Answer, Error},
    signature::{self, Signature},
};

impl State {
    /// Refuses, after what Java refuses. To say that tasks are fenced which are not would let records be written twice.
    pub(super) fn fence(
        &self,
        connector: &str,
        body: &[u8],
        signature: Option<&Signature>,
    ) -> Result<Answer, Error> {
        if self.settings.is_alone {
            let message =
                "Kafka Connect in standalone mode does not support exactly-once source connectors.";
            return Err(Error::Internal(message.to_owned()));
        }
        if self.membership.is_sessioned() {
            signature::verify(self.config.session_key(), signature, body)?;
        }
        // A rebalance that is on its way makes no difference.
        if !self.membership.is_leader() {
            self.membership.check_leader()?;
        }
        self.known(connector)?;
        if self.kind_of(connector) != ConnectorKind::Source {
            let message = format!("Connector {connector} is not a source connector");
            return Err(Error::BadRequest(message));
        }
        Err(Error::Internal(
            "Failed to perform zombie fencing: the leader has no exactly-once support for sources; \
             set exactly.once.source.support to disabled on all workers"
                .to_owned(),
        ))
    }
}
