//! What a member does from one round to the next: gives up what it must, joins, and stays by heartbeats until something
//! calls for another round.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sluice_model::TopicPartition;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    leader::Leading,
    settings::MemberSettings,
    shared::Shared,
    verdict::{Change, given_up},
};
use crate::{
    failure::ClientError,
    membership::{Membership, NO_GENERATION},
    wire::Client,
};

/// Pause before a call is tried again; Java's default of `retry.backoff.ms`.
pub(super) const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// How Java's consumer warns of an owner that is too slow, but for the words in front.
const TOO_SLOW: &str = "consumer poll timeout has expired. This means the time between subsequent calls to poll() was longer \
     than the configured max.poll.interval.ms, which typically implies that the poll loop is spending too much time \
     processing messages. You can address this either by increasing max.poll.interval.ms or by reducing the maximum size \
     of batches returned in poll() with max.poll.records.";

/// One consumer's membership.
pub(super) struct Life {
    pub(super) client: Client,
    pub(super) shared: Arc<Shared>,
    pub(super) settings: MemberSettings,
    pub(super) membership: Membership,
    pub(super) owned: BTreeSet<TopicPartition>,
    /// The last assignment and its generation, for assignors that want to know.
    pub(super) last: Option<(Vec<TopicPartition>, i32)>,
    /// What the member has joined for.
    pub(super) topics: Vec<String>,
    /// Whether those were looked up, and by that maybe created.
    pub(super) has_looked: bool,
    pub(super) leading: Option<Leading>,
    /// Why it joins again, for the broker's log.
    pub(super) reason: &'static str,
    /// When the group answered last.
    pub(super) alive: Instant,
}

/// Why a member stops to do what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// What it has to give up is given up.
    Released,
    /// It has to join again.
    Join,
}

impl Life {
    pub(super) fn new(client: Client, shared: Arc<Shared>, settings: MemberSettings) -> Self {
        let membership = Membership {
            group: settings.group.clone(),
            protocol_type: "consumer",
            instance: settings.instance.clone(),
            session_timeout: settings.session_timeout,
            rebalance_timeout: settings.max_poll_interval,
            id: String::new(),
            generation: NO_GENERATION,
        };
        Self {
            client,
            shared,
            settings,
            membership,
            owned: BTreeSet::new(),
            last: None,
            topics: Vec::new(),
            has_looked: false,
            leading: None,
            reason: "",
            alive: Instant::now(),
        }
    }

    /// What the group is asked with.
    pub(super) fn membership(&self) -> Membership {
        self.membership.clone()
    }

    /// Takes part until an error comes that trying again cannot mend. May be dropped at any time.
    pub(super) async fn live(&mut self) -> ClientError {
        loop {
            if let Err(error) = self.generation().await {
                return error;
            }
        }
    }

    /// From one round to the next.
    async fn generation(&mut self) -> Result<(), ClientError> {
        self.release().await?;
        while !self.shared.is_wanted() {
            self.shared.asked.notified().await;
        }
        let Some(assigned) = self.round().await? else { return Ok(()) };
        self.alive = Instant::now();
        let assigned: BTreeSet<TopicPartition> = assigned.into_iter().collect();
        let Some(change) = Change::of(&self.owned, &assigned, &self.topics) else {
            self.reason = "received assignment does not match the current subscription";
            sleep(RETRY_BACKOFF).await;
            return Ok(());
        };
        let generation = self.membership.generation;
        tracing::info!(
            group = self.settings.group,
            generation,
            added = change.added.len(),
            revoked = change.revoked.len(),
            "joined the group"
        );
        let has_revoked = !change.revoked.is_empty();
        if has_revoked {
            self.give_up(&change.revoked, false).await?;
            if self.membership.generation != generation {
                return Ok(());
            }
        }
        self.owned.extend(change.added.iter().cloned());
        self.shared.give(&change.added);
        if has_revoked {
            self.reason = "need to revoke partitions and re-join";
            return Ok(());
        }
        while self.attend(false).await? != Turn::Join {}
        Ok(())
    }

    /// Gives up what may not be kept over a round.
    async fn release(&mut self) -> Result<(), ClientError> {
        loop {
            let is_lost = self.membership.generation == NO_GENERATION;
            let everything = is_lost || !self.settings.is_cooperative();
            let topics = self.shared.topics().unwrap_or_default();
            let going = given_up(&self.owned, &topics, everything);
            if going.is_empty() {
                return Ok(());
            }
            self.give_up(&going, is_lost).await?;
        }
    }

    /// Waits until the consumer has let go of partitions.
    async fn give_up(
        &mut self,
        going: &BTreeSet<TopicPartition>,
        is_lost: bool,
    ) -> Result<(), ClientError> {
        self.owned.retain(|it| !going.contains(it));
        self.shared.revoke(going, is_lost);
        while self.attend(true).await? != Turn::Released {}
        Ok(())
    }

    /// Stays in the group until something has to be done.
    async fn attend(&mut self, is_releasing: bool) -> Result<Turn, ClientError> {
        let mut beat_at = Instant::now() + self.settings.heartbeat_interval;
        loop {
            if is_releasing && !self.shared.is_revoking() {
                return Ok(Turn::Released);
            }
            let is_member = self.membership.generation != NO_GENERATION;
            if !is_releasing && (!is_member || self.has_new_topics()) {
                return Ok(Turn::Join);
            }
            let poll_due = self.shared.poll_due(self.settings.max_poll_interval);
            let look_at = self.leading.as_ref().map(|it| it.look_at);
            tokio::select! {
                biased;
                () = self.shared.asked.notified() => {}
                () = sleep_until(beat_at), if is_member => {
                    if self.beat().await? && !is_releasing {
                        return Ok(Turn::Join);
                    }
                    beat_at = Instant::now() + self.settings.heartbeat_interval;
                }
                () = sleep_until(look_at.unwrap_or(poll_due)), if look_at.is_some() && !is_releasing => {
                    if self.sees_change().await? {
                        self.reason = "cached metadata has changed";
                        return Ok(Turn::Join);
                    }
                }
                () = sleep_until(poll_due), if is_member => {
                    if self.shared.poll_due(self.settings.max_poll_interval) <= Instant::now() {
                        tracing::warn!(group = self.settings.group, "{TOO_SLOW}");
                        self.shared.overdue();
                        self.leave("consumer poll timeout has expired.").await;
                    }
                }
            }
        }
    }

    fn has_new_topics(&mut self) -> bool {
        let is_new = self.shared.topics().is_some_and(|it| it != self.topics);
        if is_new {
            self.reason = "subscription has changed";
        }
        is_new
    }
}
