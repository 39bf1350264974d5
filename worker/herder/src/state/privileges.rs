//! The leader's claim on the config topic, where its writes are transactional (KIP-618): a leader that was replaced can
//! write no more, and one that was fenced off by mistake claims the topic again.

use std::time::Duration;

use super::State;
use crate::event::{Effect, Timer};

/// Pause before another claim (`DistributedHerder.CONFIG_TOPIC_WRITE_PRIVILEGES_BACKOFF_MS`).
const PAUSE: Duration = Duration::from_millis(250);

impl State {
    /// Claims the topic, if this worker leads and is to. Writes that follow wait for it.
    pub(super) fn claim_writes(&mut self) {
        let is_wanted = self.settings.exactly_once.has_transactional_leader();
        if is_wanted && self.membership.is_leader() && !self.membership.is_ending() {
            self.effects.push(Effect::ClaimWrites);
        }
    }

    /// Claims it again, unless the group is about to have another leader perhaps: then a round decides.
    pub(super) fn claim_again(&mut self) {
        if self.membership.check_leader().is_ok() {
            self.claim_writes();
        }
    }

    /// The claim was made, or not.
    pub(super) fn claimed(&mut self, result: Result<(), String>) {
        if let Err(error) = result {
            tracing::warn!(error, "the config topic could not be claimed; trying again");
            self.writes_lost();
        }
    }

    /// Another worker has claimed the topic, or it could not be written to. Whoever still leads claims it again.
    pub(super) fn writes_lost(&mut self) {
        self.effects.push(Effect::After(PAUSE, Timer::Claim));
    }
}
