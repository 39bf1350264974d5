//! A consumer that is read in batches. It wraps the one unsafe module, [`native`]; what it adds is waiting without a
//! thread, rebalances as events, and time limits.

mod native;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use sluice_model::TopicPartition;
use tokio::{net::unix::pipe, time::Instant};

use crate::{admin::Isolation, batch::Batch, failure::ClientError, settings::ClientSettings};
use native::{Handle, Offset, Partitions, Rebalance, Scratch};

/// Offsets of the next records to read, by partition.
pub type TopicOffsets = BTreeMap<TopicPartition, i64>;

/// How long one call to the group's coordinator or to a fetcher may take.
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
    /// Most bytes of fetched records to hold.
    pub budget: usize,
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
    wakeups: pipe::Receiver,
    scratch: Scratch,
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
        let mut native = settings.consumer(config.budget)?;
        let client_id = settings.client_id().map_or(config.client_id, str::to_owned);
        native.insert("client.id", client_id);
        // Without a group librdkafka has no consumer queue at all; this one is never joined nor committed to.
        let group = settings.group_id().map(str::to_owned).or(config.group_id);
        native.insert("group.id", group.unwrap_or_else(|| "sluice-unassigned".to_owned()));
        match config.isolation {
            Some(Isolation::Committed) => {
                native.insert("isolation.level", "read_committed".to_owned());
            }
            Some(Isolation::Uncommitted) => {
                native.insert("isolation.level", "read_uncommitted".to_owned());
            }
            None => {}
        }
        let interval = settings.duration("max.poll.interval.ms", Duration::from_mins(5))?;
        let (wake, wakeups) = pipe::pipe()
            .and_then(|(wake, wakeups)| Ok((wake.into_nonblocking_fd()?, wakeups)))
            .map_err(|cause| ClientError::internal(&cause))?;
        let handle = Handle::new(&native, wake)?;
        Ok(Self {
            handle: Arc::new(handle),
            wakeups,
            scratch: Scratch::default(),
            failed: None,
            longest_wait: (interval / 3).min(Duration::from_mins(1)),
        })
    }

    /// Joins the group for exactly these topics. Patterns are the caller's to resolve.
    pub fn subscribe(&self, topics: &[String]) -> Result<(), ClientError> {
        self.handle.subscribe(&Partitions::topics(topics))
    }

    /// Reads these partitions from these offsets, outside of a group.
    pub fn assign(&self, starts: &TopicOffsets) -> Result<(), ClientError> {
        self.handle.assign(&at(starts))
    }

    /// Waits for records, which it appends to `batch` (at most `max`), or for a rebalance. Cancel-safe.
    ///
    /// Must be called again within `max.poll.interval.ms`, or the group takes the partitions away.
    pub async fn next(&mut self, batch: &mut Batch, max: usize) -> Result<Event, ClientError> {
        let before = batch.len();
        loop {
            if let Some(error) = self.failed.take().or_else(|| self.handle.failure()) {
                return Err(error);
            }
            if let Some(rebalance) = self.handle.next_rebalance() {
                return Ok(Event::from(rebalance));
            }
            // Wake-ups are drained first, so that one that comes after the poll is seen by the wait.
            self.drain_wakeups();
            let outcome = self.handle.poll(&mut self.scratch, max.max(1), batch);
            if batch.len() > before {
                // What came among the records, rebalance or error, is told after they are handled.
                self.failed = outcome.err();
                return Ok(Event::Records);
            }
            outcome?;
            if let Some(rebalance) = self.handle.next_rebalance() {
                return Ok(Event::from(rebalance));
            }
            if self.handle.failure().is_none() {
                // Either outcome leads to the next poll.
                let _ = tokio::time::timeout(self.longest_wait, self.wakeups.readable()).await;
            }
        }
    }

    /// Takes the partitions of [`Event::Assigned`], from the offsets in `starts`, else from the committed ones.
    pub fn acknowledge_assigned(
        &self,
        partitions: &[TopicPartition],
        starts: &TopicOffsets,
    ) -> Result<(), ClientError> {
        let start = |it| starts.get(it).map_or(Offset::Stored, |offset| Offset::At(*offset));
        self.handle.take(&Partitions::new(partitions.iter().map(|it| (it, start(it)))))
    }

    /// Gives up the partitions of [`Event::Revoked`].
    pub fn acknowledge_revoked(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.handle.give_up(&stored(partitions))
    }

    /// Commits for the group. The commit is under way when this returns, and goes on if the future is dropped.
    pub fn commit(
        &self,
        offsets: &TopicOffsets,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + use<> {
        let offsets = at(offsets);
        self.blocking(move |handle| handle.commit(&offsets))
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
        let asked = stored(partitions);
        self.blocking(move |handle| {
            handle.committed(&asked, CALL_TIMEOUT)?;
            Ok(asked.known().into_iter().collect())
        })
    }

    /// The next offsets to be handed out. A partition is left out until its first record was: unlike Java's,
    /// librdkafka's position is unknown right after the assignment.
    pub fn position(&self, partitions: &[TopicPartition]) -> Result<TopicOffsets, ClientError> {
        let asked = stored(partitions);
        self.handle.position(&asked)?;
        Ok(asked.known().into_iter().collect())
    }

    /// Stops reading partitions until [`Self::resume`]; records already in a batch stay there.
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.handle.pause(&stored(partitions))
    }

    /// Reads paused partitions again.
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.handle.resume(&stored(partitions))
    }

    /// Reads assigned partitions from other offsets.
    pub fn seek(
        &self,
        offsets: &TopicOffsets,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + use<> {
        let to = at(offsets);
        self.blocking(move |handle| handle.seek(&to, CALL_TIMEOUT))
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
        let mut rest = Batch::default();
        while !self.handle.is_closed() && Instant::now() < deadline {
            self.drain_wakeups();
            rest.clear();
            let served = self.handle.poll(&mut self.scratch, 256, &mut rest);
            if served.is_ok() && rest.is_empty() && !self.handle.is_closed() {
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

    fn blocking<T: Send + 'static, F>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, ClientError>> + Send + use<T, F>
    where
        F: FnOnce(&Handle) -> Result<T, ClientError> + Send + 'static,
    {
        let handle = Arc::clone(&self.handle);
        let running = tokio::task::spawn_blocking(move || work(&handle));
        async move { running.await.unwrap_or_else(|cause| Err(ClientError::internal(&cause))) }
    }
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

fn stored(partitions: &[TopicPartition]) -> Partitions {
    Partitions::new(partitions.iter().map(|partition| (partition, Offset::Stored)))
}
