//! A consumer that is read in batches: librdkafka is the member of the group, in the one unsafe module, [`native`];
//! records are fetched and handed out without a copy by [`fetcher`].

mod cutoff;
mod fetcher;
mod native;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use futures::FutureExt;

use sluice_model::TopicPartition;
use tokio::{net::unix::pipe, time::Instant};

use crate::{
    admin::Isolation, batch::Batch, failure::ClientError, memory::Share, settings::ClientSettings,
    wire::Client,
};
pub use cutoff::ConsumerCutoff;
use fetcher::{FetchSettings, Fetcher};
use native::{Handle, Offset, Partitions, Rebalance};

/// Offsets of the next records to read, by partition.
pub type TopicOffsets = BTreeMap<TopicPartition, i64>;

/// How long one call to the group's coordinator may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

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
    handle: Arc<Handle>,
    fetcher: Fetcher,
    wakeups: pipe::Receiver,
    failed: Option<ClientError>,
    /// librdkafka wants to be polled within `max.poll.interval.ms` also while there is nothing to poll.
    longest_wait: Duration,
}

impl std::fmt::Debug for BatchConsumer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("BatchConsumer").finish_non_exhaustive()
    }
}

impl BatchConsumer {
    /// Makes a consumer; must be called within a tokio runtime. Connects in the background.
    pub fn new(settings: &ClientSettings, config: ConsumerConfig) -> Result<Self, ClientError> {
        let mut native = settings.consumer()?;
        let client_id = settings.client_id().map_or(config.client_id, str::to_owned);
        let client = Client::new(settings, &client_id)?;
        native.insert("client.id", client_id);
        // Without a group librdkafka has no consumer queue at all; this one is never joined nor committed to.
        let group = settings.group_id().map(str::to_owned).or(config.group_id);
        native.insert("group.id", group.unwrap_or_else(|| "sluice-unassigned".to_owned()));
        let interval = settings.duration("max.poll.interval.ms", Duration::from_mins(5))?;
        let (wake, wakeups) = pipe::pipe()
            .and_then(|(wake, wakeups)| Ok((wake.into_nonblocking_fd()?, wakeups)))
            .map_err(|cause| ClientError::internal(&cause))?;
        let handle = Arc::new(Handle::new(&native, wake)?);
        let member = Arc::clone(&handle);
        let committed = move |partitions: Vec<TopicPartition>| {
            blocking(&member, move |handle| committed(handle, &partitions)).boxed()
        };
        let fetch = FetchSettings::parse(settings, config.isolation, config.share.most())?;
        Ok(Self {
            handle,
            fetcher: Fetcher::new(client, fetch, config.share, Box::new(committed)),
            wakeups,
            failed: None,
            longest_wait: (interval / 3).min(Duration::from_mins(1)),
        })
    }

    /// Joins the group for exactly these topics. Patterns are the caller's to resolve.
    pub fn subscribe(&self, topics: &[String]) -> Result<(), ClientError> {
        self.handle.subscribe(&Partitions::topics(topics))
    }

    /// Reads these partitions from these offsets, outside of a group.
    pub fn assign(&mut self, starts: &TopicOffsets) -> Result<(), ClientError> {
        self.handle.assign(&at(starts))?;
        self.fetcher.clear();
        for (partition, offset) in starts {
            self.fetcher.add(partition, Some(*offset));
        }
        Ok(())
    }

    /// Waits for records, which it appends to `batch` until it has `most`, or for a rebalance. Cancel-safe.
    ///
    /// Must be called again within `max.poll.interval.ms`, or the group takes the partitions away.
    pub async fn next(&mut self, batch: &mut Batch, most: usize) -> Result<Event, ClientError> {
        let before = batch.len();
        loop {
            if let Some(error) = self.failed.take().or_else(|| self.handle.failure()) {
                return Err(error);
            }
            // Wake-ups are drained first, so that one that comes after the look is seen by the wait.
            self.drain_wakeups();
            self.handle.serve()?;
            if let Some(rebalance) = self.handle.next_rebalance() {
                return Ok(Event::from(rebalance));
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
            if self.failed.is_none() && self.handle.failure().is_none() {
                // Whatever comes leads to another look.
                let woken = tokio::time::timeout(self.longest_wait, self.wakeups.readable());
                tokio::select! {
                    _ = woken => {}
                    outcome = self.fetcher.progress() => outcome?,
                }
            }
        }
    }

    /// Takes the partitions of [`Event::Assigned`], from the offsets in `starts`, else from the committed ones.
    pub fn acknowledge_assigned(
        &mut self,
        partitions: &[TopicPartition],
        starts: &TopicOffsets,
    ) -> Result<(), ClientError> {
        self.handle.take(&untouched(partitions))?;
        for partition in partitions {
            self.fetcher.add(partition, starts.get(partition).copied());
        }
        Ok(())
    }

    /// Gives up the partitions of [`Event::Revoked`].
    pub fn acknowledge_revoked(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<(), ClientError> {
        for partition in partitions {
            self.fetcher.remove(partition);
        }
        self.handle.give_up(&untouched(partitions))
    }

    /// Commits for the group. The commit is under way when this returns, and goes on if the future is dropped.
    pub fn commit(
        &self,
        offsets: &TopicOffsets,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + use<> {
        let offsets = at(offsets);
        blocking(&self.handle, move |handle| handle.commit(&offsets))
    }

    /// Commits for the group and blocks the thread until the broker has answered.
    pub fn commit_sync(&self, offsets: &TopicOffsets) -> Result<(), ClientError> {
        self.handle.commit(&at(offsets))
    }

    /// The group's committed offsets; partitions without one are left out.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<TopicOffsets, ClientError>> + Send + use<> {
        let partitions = partitions.to_vec();
        blocking(&self.handle, move |handle| committed(handle, &partitions))
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
        ConsumerCutoff(Arc::downgrade(&self.handle))
    }

    /// Leaves the group, within 5 seconds, and frees the client. Commits nothing.
    pub async fn close(mut self) {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        match self.handle.start_close() {
            Ok(()) => self.serve_until_closed(deadline).await,
            Err(error) => tracing::warn!(%error, "the consumer could not leave its group"),
        }
        let handle = self.handle;
        // Waits for librdkafka's threads.
        if tokio::task::spawn_blocking(move || drop(handle)).await.is_err() {
            tracing::warn!("freeing a consumer panicked");
        }
    }

    async fn serve_until_closed(&mut self, deadline: Instant) {
        while !self.handle.is_closed() && Instant::now() < deadline {
            self.drain_wakeups();
            if self.handle.serve().is_ok() && !self.handle.is_closed() {
                // The end itself is not announced by a wake-up.
                let pause = Duration::from_millis(10);
                let _ = tokio::time::timeout(pause, self.wakeups.readable()).await;
            }
        }
    }

    fn drain_wakeups(&self) {
        let mut bytes = [0; 64];
        while self.wakeups.try_read(&mut bytes).is_ok_and(|read| read > 0) {}
    }
}

/// Calls librdkafka where it may block. The call goes on if the future is dropped.
fn blocking<T: Send + 'static, F>(
    handle: &Arc<Handle>,
    work: F,
) -> impl Future<Output = Result<T, ClientError>> + Send + use<T, F>
where
    F: FnOnce(&Handle) -> Result<T, ClientError> + Send + 'static,
{
    let handle = Arc::clone(handle);
    let running = tokio::task::spawn_blocking(move || work(&handle));
    async move { running.await.unwrap_or_else(|cause| Err(ClientError::internal(&cause))) }
}

fn committed(handle: &Handle, of: &[TopicPartition]) -> Result<TopicOffsets, ClientError> {
    let asked = Partitions::new(of.iter().map(|partition| (partition, Offset::Stored)));
    handle.committed(&asked, CALL_TIMEOUT)?;
    Ok(asked.known().into_iter().collect())
}

impl From<Rebalance> for Event {
    fn from(rebalance: Rebalance) -> Self {
        match rebalance {
            Rebalance::Assigned(partitions) => Self::Assigned(partitions),
            Rebalance::Revoked(partitions, lost) => Self::Revoked { partitions, lost },
        }
    }
}

fn at(offsets: &TopicOffsets) -> Partitions {
    Partitions::new(offsets.iter().map(|(partition, offset)| (partition, Offset::At(*offset))))
}

/// Partitions for librdkafka's assignment, from an offset that it does not have to look up: it never reads them.
fn untouched(partitions: &[TopicPartition]) -> Partitions {
    Partitions::new(partitions.iter().map(|partition| (partition, Offset::At(0))))
}
