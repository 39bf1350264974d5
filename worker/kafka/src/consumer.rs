//! A consumer that is read in batches: [`member`] is its place in the group, and records are fetched and handed out
//! without a copy by [`fetcher`].

pub(crate) mod assign;
mod cutoff;
mod fetcher;
mod member;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use futures::FutureExt;
use sluice_model::TopicPartition;
use tokio::{runtime::Handle, time::timeout};

use crate::{
    admin::Isolation,
    batch::Batch,
    failure::ClientError,
    memory::Share,
    settings::ClientSettings,
    wire::{Client, Traffic},
};
pub use cutoff::ConsumerCutoff;
use fetcher::{FetchSettings, Fetcher};
use member::{Member, MemberSettings};

/// Offsets of the next records to read, by partition.
pub type TopicOffsets = BTreeMap<TopicPartition, i64>;

/// How long leaving the group may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a consumer is for.
#[derive(Debug, Clone, Default)]
pub struct ConsumerConfig {
    /// Group, unless the settings name one; without it, partitions are assigned by hand and nothing is committed.
    pub group_id: Option<String>,
    /// Client id, unless the settings name one.
    pub client_id: String,
    /// Overrides `isolation.level`.
    pub isolation: Option<Isolation>,
    /// The memory for fetched records.
    pub share: Share,
    /// Where the group's heartbeats are sent from: a runtime that goes on while the consumer's owner blocks its thread. The
    /// one that the consumer is made in, if there is none.
    pub runtime: Option<Handle>,
}

/// What [`BatchConsumer::next`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The batch has records.
    Records,
    /// The group gave partitions: look up or set where they start, then call
    /// [`BatchConsumer::acknowledge_assigned`].
    Assigned(Vec<TopicPartition>),
    /// The group takes partitions: flush and commit (unless lost), then call
    /// [`BatchConsumer::acknowledge_revoked`].
    Revoked {
        /// All of the assignment under an eager protocol.
        partitions: Vec<TopicPartition>,
        /// Others may own them already: commits would be refused.
        lost: bool,
    },
}

/// A Kafka consumer. Dropped without [`BatchConsumer::close`] it stays in its group until the session ends.
pub struct BatchConsumer {
    /// None without a group.
    member: Option<Member>,
    fetcher: Fetcher,
    failed: Option<ClientError>,
    traffic: Arc<Traffic>,
}

impl std::fmt::Debug for BatchConsumer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("BatchConsumer").finish_non_exhaustive()
    }
}

impl BatchConsumer {
    /// Makes a consumer; must be called within a tokio runtime. Connects in the background.
    pub fn new(settings: &ClientSettings, config: ConsumerConfig) -> Result<Self, ClientError> {
        let client_id = settings.client_id().map_or(config.client_id, str::to_owned);
        let client = Client::new(settings, &client_id)?;
        let traffic = client.traffic();
        let group = settings.group_id().map(str::to_owned).or(config.group_id);
        let runtime = config.runtime.unwrap_or_else(Handle::current);
        let group = group.map(|group| MemberSettings::parse(settings, group)).transpose()?;
        let member = group.map(|group| Member::start(&client, group, &runtime));
        let lookup = match &member {
            Some(member) => member.lookup(),
            None => Box::new(|_| async { Ok(TopicOffsets::new()) }.boxed()),
        };
        let fetch = FetchSettings::parse(settings, config.isolation, config.share.most())?;
        let fetcher = Fetcher::new(client, fetch, config.share, lookup);
        Ok(Self { member, fetcher, failed: None, traffic })
    }

    /// What it has sent and received, heartbeats included.
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    /// Joins the group for exactly these topics. Patterns are the caller's to resolve.
    pub fn subscribe(&self, topics: &[String]) -> Result<(), ClientError> {
        self.member()?.subscribe(topics);
        Ok(())
    }

    /// Reads these partitions from these offsets, outside of a group.
    pub fn assign(&mut self, starts: &TopicOffsets) {
        self.fetcher.clear();
        for (partition, offset) in starts {
            self.fetcher.add(partition, Some(*offset));
        }
    }

    /// Waits for records, which it appends to `batch` until it has `most`, or for a rebalance. Cancel-safe.
    ///
    /// Must be called again within `max.poll.interval.ms`, or the group takes the partitions away.
    pub async fn next(&mut self, batch: &mut Batch, most: usize) -> Result<Event, ClientError> {
        let before = batch.len();
        let shared = self.member.as_ref().map(|it| Arc::clone(it.shared()));
        let _polling = shared.as_ref().map(|it| it.poll());
        loop {
            let refused = shared.as_ref().and_then(|it| it.failure());
            if let Some(error) = self.failed.take().or(refused) {
                return Err(error);
            }
            if let Some(event) = shared.as_ref().and_then(|it| it.next_event()) {
                return Ok(event);
            }
            if self.fetcher.is_fetching() {
                // The runtime looks for what has arrived only when its tasks wait, and a fast sink never does.
                tokio::task::yield_now().await;
            }
            let arrived = self.fetcher.step();
            let handed_out = self.fetcher.hand_out(batch, most.max(before + 1));
            self.failed = arrived.and(handed_out).err();
            if batch.len() > before {
                // An error among the records is told after they are handled.
                return Ok(Event::Records);
            }
            if self.failed.is_none() {
                // Whatever comes leads to another look; what came meanwhile is told at once.
                let told = async {
                    match &self.member {
                        Some(member) => member.told().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = told => {}
                    outcome = self.fetcher.progress() => outcome?,
                }
            }
        }
    }

    /// Takes the partitions of [`Event::Assigned`], from the offsets in `starts`, else from the committed ones.
    pub fn acknowledge_assigned(&mut self, partitions: &[TopicPartition], starts: &TopicOffsets) {
        for partition in partitions {
            self.fetcher.add(partition, starts.get(partition).copied());
        }
    }

    /// Gives up the partitions of [`Event::Revoked`].
    pub fn acknowledge_revoked(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.fetcher.remove(partition);
        }
        if let Some(member) = &self.member {
            member.shared().acknowledge();
        }
    }

    /// Commits for the group. The commit is under way when this returns, and goes on if the future is dropped.
    pub fn commit(
        &self,
        offsets: &TopicOffsets,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + use<> {
        let commit = self.member().map(|it| it.commit(offsets.clone()));
        async move { commit?.await }
    }

    /// The group's committed offsets; partitions without one are left out.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<TopicOffsets, ClientError>> + Send + use<> {
        let lookup = self.member().map(|it| it.lookup()(partitions.to_vec()));
        async move { lookup?.await }
    }

    /// The offsets behind what was handed out. A partition is left out until its first record was, unless it was
    /// assigned or sought to an offset.
    pub fn position(&self, partitions: &[TopicPartition]) -> TopicOffsets {
        let of = |it: &TopicPartition| Some((it.clone(), self.fetcher.position(it)?));
        partitions.iter().filter_map(of).collect()
    }

    /// Stops handing out records of partitions until [`Self::resume`]; records already in a batch stay there.
    pub fn pause(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.fetcher.pause(partition, true);
        }
    }

    /// Hands out records of paused partitions again.
    pub fn resume(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.fetcher.pause(partition, false);
        }
    }

    /// Reads assigned partitions from other offsets.
    pub fn seek(&mut self, offsets: &TopicOffsets) {
        for (partition, offset) in offsets {
            self.fetcher.add(partition, Some(*offset));
        }
    }

    /// For whoever has to take the consumer away from its owner.
    pub fn cutoff(&self) -> ConsumerCutoff {
        ConsumerCutoff(
            self.member.as_ref().map(|it| Arc::downgrade(it.shared())).unwrap_or_default(),
        )
    }

    /// Leaves the group, within 5 seconds. Commits nothing.
    pub async fn close(self) {
        let Some(member) = self.member else { return };
        if timeout(CLOSE_TIMEOUT, member.close()).await.is_err() {
            tracing::warn!("the consumer could not leave its group in time");
        }
    }

    fn member(&self) -> Result<&Member, ClientError> {
        self.member.as_ref().ok_or_else(ClientError::no_group)
    }
}
