//! The suite for source connectors.

mod case;
mod taken;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sluice_model::{SourceOffset, SourcePartition, SourceRecord};

use super::{Broken, Obligation};
use crate::{Properties, SourceContext, SourceTask};
pub use case::SourceCase;
use taken::{Committed, Interrupted, Short};

/// Holds a source connector to its obligations: those of [`crate::SourceConnector`] and [`crate::SourceTask`].
///
/// To be called inside a tokio runtime with time and whatever the connector needs. Systems in which `commit` deletes
/// something are fine: that is tried last.
pub async fn source(case: &SourceCase<'_>) -> Result<(), Broken> {
    let tasks = split(case).await?;
    let mut seen: Vec<(usize, Arc<SourcePartition>)> = Vec::new();
    for (number, settings) in tasks.iter().enumerate() {
        let first = Opened { case, settings };
        let records = first.records().await?;
        positions(&records)?;
        for record in &records {
            let owner = seen.iter().find(|(_, partition)| **partition == *record.source_partition);
            match owner {
                Some((owner, _)) if *owner != number => {
                    return Err(Obligation::SharesNothing.broken(format!(
                        "tasks {owner} and {number} both have {:?}",
                        record.source_partition
                    )));
                }
                Some(_) => {}
                None => seen.push((number, Arc::clone(&record.source_partition))),
            }
        }
        for behind in 0..case.records.min(records.len()) {
            first.resumed(&records, behind).await?;
        }
        first.interrupted(&records).await?;
        first.closed().await?;
        first.committed(&records).await?;
    }
    Ok(())
}

async fn split(case: &SourceCase<'_>) -> Result<Vec<Properties>, Broken> {
    let report = case.connector.validate(&case.settings);
    if !report.is_ok() {
        return Err(Obligation::Opens.broken(format!("validate says {report}")));
    }
    let permitted = case.connector.permitted(&case.settings, &case.worker);
    permitted.map_err(|error| Obligation::Opens.broken(format!("permitted says {error}")))?;
    let mut last = Vec::new();
    for max_tasks in 1..=case.max_tasks {
        let ask = async || {
            let tasks = case.connector.split(&case.settings, max_tasks).await;
            tasks.map_err(|error| Obligation::Opens.broken(format!("split says {error}")))
        };
        last = ask().await?;
        if last.len() > max_tasks {
            return Err(Obligation::SplitsWithinLimit
                .broken(format!("{} tasks where {max_tasks} are allowed", last.len())));
        }
        if ask().await? != last {
            return Err(Obligation::SplitsAlike.broken(format!("with {max_tasks} tasks")));
        }
    }
    Ok(last)
}

/// Fields are there, are primitives, and rise within each partition.
fn positions(records: &[SourceRecord]) -> Result<(), Broken> {
    for record in records {
        let (partition, offset) = (&record.source_partition.0, &record.source_offset.0);
        if partition.is_empty() || offset.is_empty() {
            return Err(Obligation::HasStorablePositions
                .broken(format!("partition {partition:?}, offset {offset:?}")));
        }
        for (field, value) in partition.iter().chain(offset) {
            if !taken::is_storable(value) {
                return Err(
                    Obligation::HasStorablePositions.broken(format!("{field} is {value:?}"))
                );
            }
        }
    }
    for (index, record) in records.iter().enumerate() {
        let earlier = records[..index].iter();
        let of_same = |it: &&SourceRecord| it.source_partition == record.source_partition;
        for before in earlier.filter(of_same) {
            if !taken::is_behind(&record.source_offset, &before.source_offset) {
                return Err(Obligation::HasRisingPositions.broken(format!(
                    "{:?} of record {index} comes after {:?}",
                    record.source_offset, before.source_offset
                )));
            }
        }
    }
    Ok(())
}

/// One task of the case, to be opened again and again.
struct Opened<'a> {
    case: &'a SourceCase<'a>,
    settings: &'a Properties,
}

impl Opened<'_> {
    async fn open(&self, committed: &[SourceRecord]) -> Result<Box<dyn SourceTask>, Broken> {
        let offsets = Arc::new(Committed::behind(committed));
        let context =
            SourceContext { offsets, worker: Arc::clone(&self.case.worker), transactions: None };
        let opened = self.case.connector.open(self.settings, context).await;
        opened.map_err(|error| Obligation::Opens.broken(format!("open says {error}")))
    }

    /// What a task hands out that begins at the beginning, and ends without being closed.
    async fn records(&self) -> Result<Vec<SourceRecord>, Broken> {
        let mut task = self.open(&[]).await?;
        let records = self.first_of(&mut *task).await?;
        if self.case.ends && records.len() > self.case.records {
            return Err(Obligation::Delivers.broken(format!(
                "{} records where {} are",
                records.len(),
                self.case.records
            )));
        }
        Ok(records)
    }

    async fn first_of(&self, task: &mut dyn SourceTask) -> Result<Vec<SourceRecord>, Broken> {
        let (count, patience) = (self.case.records, self.case.patience);
        let taken = taken::take(task, count, patience, Interrupted::Never).await;
        taken.map_err(|short| short.broken)
    }

    /// A task that is opened behind a record.
    async fn resumed(&self, all: &[SourceRecord], behind: usize) -> Result<(), Broken> {
        let (done, rest) = all.split_at(behind + 1);
        let mut task = self.open(done).await?;
        let told = format!("opened behind record {behind}, at {:?}", all[behind].source_offset);
        let obligation = Obligation::ResumesExactly;
        let got = taken::take(&mut *task, rest.len(), self.case.patience, Interrupted::Never).await;
        let got = self.compare_all(obligation, &told, done, rest, got)?;
        if self.case.ends && rest.len() == got.len() {
            let more = taken::look(&mut *task).await?;
            self.compare(obligation, &told, done, &[], &more)?;
        }
        Ok(())
    }

    /// A task whose calls are dropped again and again.
    async fn interrupted(&self, all: &[SourceRecord]) -> Result<(), Broken> {
        let mut task = self.open(&[]).await?;
        let got = taken::take(&mut *task, all.len(), self.case.patience, Interrupted::Often).await;
        let (obligation, told) = (Obligation::PollsCancelSafely, "with calls dropped on the way");
        self.compare_all(obligation, told, &[], all, got).map(drop)
    }

    /// Tasks that are closed: right away, out of a call, and after records.
    async fn closed(&self) -> Result<(), Broken> {
        for polls in 0..3 {
            let mut task = self.open(&[]).await?;
            for _ in 0..polls {
                taken::look(&mut *task).await?;
            }
            self.close(&mut *task, &format!("after {polls} calls of poll")).await?;
        }
        Ok(())
    }

    async fn close(&self, task: &mut dyn SourceTask, when: &str) -> Result<(), Broken> {
        let closed = tokio::time::timeout(self.case.patience, task.close()).await;
        let closed =
            closed.map_err(|_| Obligation::Closes.broken(format!("{when} it did not end")))?;
        closed.map_err(|error| Obligation::Closes.broken(format!("{when} it says {error}")))
    }

    /// A task that is told what is committed, and the one that follows it.
    async fn committed(&self, all: &[SourceRecord]) -> Result<(), Broken> {
        let mut task = self.open(&[]).await?;
        let got = self.first_of(&mut *task).await?;
        let half = got.len() / 2;
        for end in [half, got.len()] {
            let positions: Vec<(Arc<SourcePartition>, SourceOffset)> =
                taken::positions(&got[..end]);
            let commit = task.commit(&positions).await;
            commit.map_err(|error| Obligation::TakesCommits.broken(error.to_string()))?;
        }
        self.close(&mut *task, "after a commit").await?;
        match got.len().min(all.len()) {
            0 => Ok(()),
            seen => self.resumed(all, seen - 1).await,
        }
    }

    /// What came, if it is what there is.
    fn compare_all(
        &self,
        obligation: Obligation,
        told: &str,
        done: &[SourceRecord],
        expected: &[SourceRecord],
        got: Result<Vec<SourceRecord>, Short>,
    ) -> Result<Vec<SourceRecord>, Broken> {
        let (got, short) = match got {
            Ok(got) => (got, None),
            Err(Short { records, broken }) => (records, Some(broken)),
        };
        self.compare(obligation, told, done, expected, &got)?;
        short.map_or(Ok(got), |it| Err(obligation.broken(format!("{told}: {}", it.found))))
    }

    /// Within each partition what came is what there is, as far as both go.
    fn compare(
        &self,
        obligation: Obligation,
        told: &str,
        done: &[SourceRecord],
        expected: &[SourceRecord],
        got: &[SourceRecord],
    ) -> Result<(), Broken> {
        let identity = self.case.identity;
        for (partition, expected, got) in taken::by_partition(expected, got) {
            for (index, record) in got.iter().enumerate() {
                let right = expected.get(index).map(|it| identity(it));
                let seen = identity(record);
                if right.as_ref() == Some(&seen) || (right.is_none() && !self.case.ends) {
                    continue;
                }
                let is_old = done.iter().any(|it| identity(it) == seen);
                return Err(obligation.broken(format!(
                    "{told}: record {index} of {partition:?} {}\n  is     {seen}\n  not    {}",
                    if is_old { "was handed out before" } else { "is another one" },
                    right.unwrap_or_else(|| "any more".to_owned()),
                )));
            }
        }
        Ok(())
    }
}
