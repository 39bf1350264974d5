//! The offsets of a sink: which may be committed, and how a commit goes.

use sluice_plugin::{TopicOffsets, model::TopicPartition};
use tokio::time::{Instant, timeout};

use super::Sink;
use crate::{clients::Pending, trace::Failure};

/// A commit on its way.
pub(super) struct Commit {
    offsets: TopicOffsets,
    /// When the task was asked to flush.
    begun: Instant,
    pub(super) started: Instant,
    pending: Pending<()>,
}

impl Sink {
    /// What the task has made durable and the group does not have yet.
    async fn flush(&mut self) -> Result<TopicOffsets, Failure> {
        if !self.assigned.is_empty() {
            self.stats.commit_seqno.add(1);
        }
        let mut offsets = self.task.flush(&self.positions).await?;
        offsets.retain(|partition, offset| {
            let Some(position) = self.positions.get(partition) else {
                tracing::warn!(%partition, "ignoring the task's offset: the partition is not its own");
                return false;
            };
            if *offset > *position {
                tracing::warn!(%partition, offset, position, "ignoring the task's offset: not yet consumed");
                return false;
            }
            self.committed.get(partition) != Some(offset)
        });
        Ok(offsets)
    }

    /// Begins a commit, unless one is on its way. If the task cannot flush, it gets everything since the last commit
    /// again.
    pub(super) async fn begin_commit(&mut self) -> Result<(), Failure> {
        self.commit_due = Instant::now() + self.flush_interval;
        if self.committing.is_some() {
            return Ok(());
        }
        // Positions never run ahead of the dead letters that stand for their records.
        self.reporters.settled().await?;
        let started = Instant::now();
        match self.flush().await {
            Ok(offsets) if offsets.is_empty() => self.nothing_to_commit(started),
            Ok(offsets) => self.commit(offsets, started),
            Err(error) => {
                tracing::error!(%error, "offset commit failed, rewinding to last committed offsets");
                self.stats.committed(false, started.elapsed());
                self.rewind();
            }
        }
        Ok(())
    }

    /// Counts as a commit, as in Java.
    fn nothing_to_commit(&self, begun: Instant) {
        if !self.assigned.is_empty() {
            self.stats.committed(true, begun.elapsed());
        }
    }

    fn commit(&mut self, offsets: TopicOffsets, begun: Instant) {
        let commit = self.consumer.commit(&offsets);
        let pending: Pending<()> = Box::pin(async move { commit.await.map_err(Failure::from) });
        self.committing = Some(Commit { offsets, begun, started: Instant::now(), pending });
    }

    /// Reads everything since the last commit again.
    fn rewind(&mut self) {
        self.batch.clear();
        self.records.clear();
        self.is_held = false;
        self.consumer.seek(&self.committed);
        self.positions.clone_from(&self.committed);
        self.ahead.moved(&self.committed);
        self.stats.active.set(self.ahead.records());
    }

    pub(super) fn commit_settled(&mut self, outcome: Result<(), Failure>) {
        let Some(Commit { offsets, begun, .. }) = self.committing.take() else { return };
        self.stats.committed(outcome.is_ok(), begun.elapsed());
        match outcome {
            Ok(()) => {
                self.ahead.committed(&offsets);
                self.stats.active.set(self.ahead.records());
                // Partitions that were lost meanwhile are somebody else's.
                let is_own = |it: &(TopicPartition, i64)| self.positions.contains_key(&it.0);
                self.committed.extend(offsets.into_iter().filter(is_own));
            }
            Err(error) => tracing::warn!(%error, "offsets could not be committed; trying again"),
        }
    }

    /// Gives a commit up whose answer has not come. It may have taken effect: the next one goes further.
    pub(super) fn commit_timed_out(&mut self) {
        if self.committing.take().is_some() {
            tracing::warn!("commit of offsets timed out");
            self.stats.commit_skips.add(1);
        }
    }

    /// Commits and waits for it. A task that cannot flush is not committed, and its records come again to whoever gets
    /// the partitions.
    pub(super) async fn commit_now(&mut self) -> Result<(), Failure> {
        self.finish_commit().await;
        self.reporters.settled().await?;
        let started = Instant::now();
        match self.flush().await {
            Ok(offsets) if offsets.is_empty() => self.nothing_to_commit(started),
            Ok(offsets) => self.commit(offsets, started),
            Err(error) => {
                tracing::warn!(%error, "offset commit failed during close");
                self.stats.committed(false, started.elapsed());
            }
        }
        self.finish_commit().await;
        Ok(())
    }

    async fn finish_commit(&mut self) {
        if self.committing.is_some() {
            let outcome = settled(&mut self.committing).await;
            self.commit_settled(outcome);
        }
    }

    /// After a failure: the reports of what led to it shall not be lost with the task.
    pub(super) async fn settle_reports(&mut self) {
        if let Ok(Err(error)) = timeout(self.flush_timeout, self.reporters.settled()).await {
            tracing::error!(%error, "not every dead letter was written");
        }
    }
}

/// The end of the commit on its way; never, if there is none. Cancel-safe.
pub(super) async fn settled(committing: &mut Option<Commit>) -> Result<(), Failure> {
    match committing {
        Some(Commit { pending, .. }) => pending.await,
        None => std::future::pending().await,
    }
}
