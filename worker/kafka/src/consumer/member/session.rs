//! A member's session: heartbeats, what the group answers to them, and the farewell.

use tokio::time::{Instant, sleep};

use super::{
    find_coordinator,
    life::{Life, RETRY_BACKOFF},
    shared::Seat,
    verdict::{Verdict, judge},
};
use crate::{
    failure::ClientError,
    membership::{Membership, NO_GENERATION},
};

impl Life {
    /// Whether the group calls for another round.
    pub(super) async fn beat(&mut self) -> Result<bool, ClientError> {
        // Without an answer for a session the group is not to be reached, whatever the connection says.
        let left = self.settings.session_timeout.saturating_sub(self.alive.elapsed());
        let left = left.max(self.settings.heartbeat_interval);
        let call = async {
            let group = &self.settings.group;
            let coordinator = find_coordinator(&self.client, &self.shared, group).await?;
            self.membership.beat(&self.client, &coordinator, left).await
        };
        let Err(error) = call.await else {
            self.alive = Instant::now();
            return Ok(false);
        };
        match judge(&self.settings.group, error.clone()) {
            Verdict::Join => {
                self.alive = Instant::now();
                self.reason = "group is already rebalancing";
                Ok(true)
            }
            Verdict::Expelled { forgets_id } => {
                tracing::info!(group = self.settings.group, %error, "the group goes on without this member");
                self.expelled(forgets_id);
                Ok(true)
            }
            Verdict::Moved => {
                tracing::debug!(group = self.settings.group, %error, "the coordinator of the group is unknown");
                self.shared.set_coordinator(None);
                sleep(RETRY_BACKOFF).await;
                Ok(false)
            }
            Verdict::Later => Ok(false),
            Verdict::Fatal(error) => Err(error),
        }
    }

    /// Others may have what this member had.
    pub(super) fn expelled(&mut self, forgets_id: bool) {
        self.membership.generation = NO_GENERATION;
        if forgets_id {
            self.membership.id.clear();
        }
        self.leading = None;
        self.shared.lose();
    }

    /// The member may commit by its new generation.
    pub(super) fn seated(&self) {
        let Membership { id, generation, .. } = &self.membership;
        self.shared.sit(Seat { id: id.clone(), generation: *generation });
    }

    /// Leaves the group, so that it need not wait for the session timeout. A static member keeps its place: it is expected
    /// back within its session.
    pub(super) async fn leave(&mut self, reason: &str) {
        let mut membership = self.membership.clone();
        let is_known = !membership.id.is_empty();
        self.expelled(true);
        let Some(coordinator) = self.shared.coordinator() else { return };
        if !is_known || self.settings.instance.is_some() {
            return;
        }
        let group = &self.settings.group;
        match membership.leave(&self.client, &coordinator, reason).await {
            Ok(()) => tracing::debug!(group, reason, "left the group"),
            Err(error) => tracing::warn!(group, %error, "left the group in silence"),
        }
    }
}
