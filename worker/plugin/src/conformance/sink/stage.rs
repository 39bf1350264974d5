//! One sink task with what the engine would know of it: its partitions and where it stands.
//!
//! Number `n` is the record at offset `n / 2` of partition `n % 2`.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sluice_model::{SinkRecord, TimestampType, TopicPartition};
use tokio::time::{Instant, sleep, timeout};

use super::SinkSystem;
use crate::{
    Error, SinkContext, SinkTask, TopicOffsets,
    conformance::{Broken, Obligation},
};

const TOPIC: &str = "conformance";
/// Time for everything that a task has to do in the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both partitions.
pub(super) fn both() -> [TopicPartition; 2] {
    [0, 1].map(|partition| TopicPartition::new(TOPIC, partition))
}

/// The first one alone.
pub(super) fn first() -> [TopicPartition; 1] {
    [TopicPartition::new(TOPIC, 0)]
}

pub(super) struct Stage<'a> {
    system: &'a dyn SinkSystem,
    settings: crate::Properties,
    task: Box<dyn SinkTask>,
    assigned: BTreeSet<TopicPartition>,
    current: TopicOffsets,
}

impl<'a> Stage<'a> {
    /// A task that writes to an empty system.
    pub(super) async fn open(system: &'a dyn SinkSystem) -> Result<Self, Broken> {
        let settings = system.empty().await;
        let failed =
            |what: &str, error: &Error| Obligation::Opens.broken(format!("{what} says {error}"));
        let tasks = system.connector().split(&settings, 1).await;
        let settings = tasks.map_err(|it| failed("split", &it))?.into_iter().next();
        let settings = settings.ok_or_else(|| Obligation::Opens.broken("split gives no task"))?;
        Self::start(system, settings).await
    }

    async fn start(
        system: &'a dyn SinkSystem,
        settings: crate::Properties,
    ) -> Result<Self, Broken> {
        let context = SinkContext::new(Arc::new(system.worker()), None);
        let task = system.connector().open(&settings, context).await;
        let task = task.map_err(|it| Obligation::Opens.broken(format!("open says {it}")))?;
        let (assigned, current) = (BTreeSet::new(), TopicOffsets::new());
        Ok(Self { system, settings, task, assigned, current })
    }

    /// Ends the task as the end of its process does, without running any of its code, and starts its successor.
    pub(super) async fn crash(self) -> Result<Self, Broken> {
        // Dropping it would run destructors, which may write what a crash does not.
        std::mem::forget(self.task);
        Self::start(self.system, self.settings).await
    }

    pub(super) async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Broken> {
        self.assigned.extend(partitions.iter().cloned());
        let told = self.task.assigned(partitions).await;
        told.map_err(|it| Obligation::FollowsAssignments.broken(format!("assigned says {it}")))
    }

    pub(super) async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Broken> {
        let told = self.task.revoked(partitions).await;
        self.assigned.retain(|it| !partitions.contains(it));
        self.current.retain(|it, _| !partitions.contains(it));
        told.map_err(|it| Obligation::FollowsAssignments.broken(format!("revoked says {it}")))
    }

    /// Puts records that the system can hold.
    pub(super) async fn put(&mut self, numbers: impl Iterator<Item = i64>) -> Result<(), Broken> {
        let put = self.try_put(numbers).await;
        put.map_err(|it| Obligation::TakesBatches.broken(format!("put says {it}")))
    }

    /// Puts a batch that came before.
    pub(super) async fn put_again(
        &mut self,
        numbers: impl Iterator<Item = i64>,
    ) -> Result<(), Broken> {
        let put = self.try_put(numbers).await;
        put.map_err(|it| Obligation::TakesBatchesAgain.broken(format!("put says {it}")))
    }

    /// Puts what a consumer reads that begins at these offsets, up to a number.
    pub(super) async fn put_from(
        &mut self,
        offsets: &TopicOffsets,
        end: i64,
    ) -> Result<(), Broken> {
        let is_left = |number: &i64| {
            let (place, offset) = place(*number);
            offsets.get(&place).is_none_or(|committed| offset >= *committed)
        };
        let left: Vec<i64> = (0..end).filter(is_left).collect();
        // Where the consumer stands, whether or not there is anything left to read.
        self.current.extend(offsets.clone());
        self.put_again(left.into_iter()).await
    }

    pub(super) async fn try_put(
        &mut self,
        numbers: impl Iterator<Item = i64>,
    ) -> Result<(), Error> {
        let mut reached = TopicOffsets::new();
        let mut batch = Vec::new();
        for number in numbers {
            let (place, offset) = place(number);
            let mut record = self.system.record(number);
            record.topic = Arc::clone(&place.topic);
            record.partition = Some(place.partition);
            record.offset = Some(offset);
            record.timestamp.get_or_insert(number);
            batch.push(SinkRecord::new(record, TimestampType::CreateTime));
            reached.insert(place, offset + 1);
        }
        self.task.put(&batch).await?;
        self.current.extend(reached);
        Ok(())
    }

    /// What the task reports.
    pub(super) async fn flush(&mut self) -> Result<TopicOffsets, Broken> {
        let flushed = self.try_flush().await?;
        flushed.map_err(|it| Obligation::ReportsAllInTheEnd.broken(format!("flush says {it}")))
    }

    /// What the task reports, or its error. A report of too much is a finding in any case.
    pub(super) async fn try_flush(&mut self) -> Result<Result<TopicOffsets, Error>, Broken> {
        let reported = match self.task.flush(&self.current).await {
            Ok(reported) => reported,
            Err(error) => return Ok(Err(error)),
        };
        for (place, offset) in &reported {
            let reached = self.current.get(place);
            if reached.is_none_or(|reached| offset > reached) {
                let reached = reached.map_or("no record".to_owned(), |it| format!("offset {it}"));
                return Err(Obligation::ReportsNoMoreThanPut
                    .broken(format!("{place} is reported at {offset}, and is at {reached}")));
            }
        }
        Ok(Ok(reported))
    }

    /// Flushes until everything is reported.
    pub(super) async fn flush_all(&mut self) -> Result<TopicOffsets, Broken> {
        let deadline = Instant::now() + PATIENCE;
        let mut known = TopicOffsets::new();
        loop {
            known.extend(self.flush().await?);
            if known == self.current {
                return Ok(known);
            }
            if Instant::now() > deadline {
                return Err(Obligation::ReportsAllInTheEnd
                    .broken(format!("{:?} of {:?}", known, self.current)));
            }
            self.put(std::iter::empty()).await?;
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn close(&mut self, when: &str) -> Result<(), Broken> {
        let closed = self.closed(when).await?;
        closed.map_err(|it| Obligation::Closes.broken(format!("{when} it says {it}")))
    }

    /// Closes a task that may have a reason to fail.
    pub(super) async fn close_or_fail(&mut self, when: &str) -> Result<(), Broken> {
        self.closed(when).await.map(drop)
    }

    async fn closed(&mut self, when: &str) -> Result<Result<(), Error>, Broken> {
        let closed = timeout(PATIENCE, self.task.close()).await;
        closed.map_err(|_| Obligation::Closes.broken(format!("{when} it did not end")))
    }

    /// The system has everything that these offsets stand for.
    pub(super) async fn holds(&self, offsets: &TopicOffsets, when: &str) -> Result<(), Broken> {
        let Some(contents) = self.system.contents().await else { return Ok(()) };
        for (place, end) in offsets {
            for offset in 0..*end {
                let number = offset * 2 + i64::from(place.partition);
                if !contents.contains(&number) {
                    return Err(Obligation::ReportsOnlyDurable.broken(format!(
                        "{when}: {place} is reported at {end}, and the record at {offset} is not there"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The system has all numbers up to this one, those of each partition in their order.
    pub(super) async fn holds_all(&self, end: i64, when: &str) -> Result<(), Broken> {
        let Some(contents) = self.system.contents().await else { return Ok(()) };
        if let Some(lost) = (0..end).find(|it| !contents.contains(it)) {
            let (place, offset) = place(lost);
            return Err(Obligation::TakesBatchesAgain
                .broken(format!("{when}: the record at {offset} of {place} is not there")));
        }
        for partition in 0..2 {
            let mut seen = BTreeSet::new();
            let own = contents.iter().filter(|it| **it % 2 == partition);
            // Records that came again may stand there again.
            let firsts: Vec<i64> = own.copied().filter(|it| seen.insert(*it)).collect();
            if !firsts.is_sorted() {
                return Err(Obligation::KeepsOrder.broken(format!("{when}: {firsts:?}")));
            }
        }
        Ok(())
    }
}

fn place(number: i64) -> (TopicPartition, i64) {
    // The rest of a division by 2.
    (TopicPartition::new(TOPIC, (number % 2) as i32), number / 2)
}
