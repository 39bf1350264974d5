//! What a task hands out, and the store of positions that it is opened with.

use std::{
    collections::BTreeMap,
    future::{Future as _, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use sluice_model::{SourceOffset, SourcePartition, SourceRecord, Value};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    Kind, OffsetReader, Result, SourceTask,
    conformance::{Broken, Obligation},
};

/// Time in which a task that has nothing left would have handed out something.
const QUIET: Duration = Duration::from_millis(50);

/// Whether calls are dropped on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupted {
    Never,
    Often,
}

/// What came until a task stopped delivering, and how it did that.
pub(super) struct Short {
    pub(super) records: Vec<SourceRecord>,
    pub(super) broken: Broken,
}

/// Takes at least so many records.
pub(super) async fn take(
    task: &mut dyn SourceTask,
    count: usize,
    patience: Duration,
    interrupted: Interrupted,
) -> std::result::Result<Vec<SourceRecord>, Short> {
    let mut records = Vec::new();
    match fill(&mut records, task, count, patience, interrupted).await {
        Ok(()) => Ok(records),
        Err(broken) => Err(Short { records, broken }),
    }
}

async fn fill(
    records: &mut Vec<SourceRecord>,
    task: &mut dyn SourceTask,
    count: usize,
    patience: Duration,
    interrupted: Interrupted,
) -> std::result::Result<(), Broken> {
    let deadline = Instant::now() + patience;
    let mut calls = 0_u64;
    while records.len() < count {
        calls += 1;
        if interrupted == Interrupted::Often {
            records.extend(glance(task).await?);
            let soon = timeout(Duration::from_millis(calls % 4), task.poll()).await;
            records.extend(soon.map_or_else(|_| Ok(Vec::new()), delivered)?);
            if records.len() >= count {
                break;
            }
        }
        let polled = timeout_at(deadline, task.poll()).await.map_err(|_| {
            Obligation::Delivers
                .broken(format!("{} of {count} records came in {patience:?}", records.len()))
        })?;
        records.extend(delivered(polled)?);
    }
    Ok(())
}

/// What comes in a short time.
pub(super) async fn look(
    task: &mut dyn SourceTask,
) -> std::result::Result<Vec<SourceRecord>, Broken> {
    timeout(QUIET, task.poll()).await.map_or_else(|_| Ok(Vec::new()), delivered)
}

/// A call that is dropped unless it is done at once.
async fn glance(task: &mut dyn SourceTask) -> std::result::Result<Vec<SourceRecord>, Broken> {
    let mut call = pin!(task.poll());
    match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
        Poll::Ready(polled) => delivered(polled),
        Poll::Pending => Ok(Vec::new()),
    }
}

fn delivered(polled: Result<Vec<SourceRecord>>) -> std::result::Result<Vec<SourceRecord>, Broken> {
    match polled {
        Err(error) if error.kind() == Kind::Retriable => Ok(Vec::new()),
        polled => polled.map_err(|error| Obligation::Delivers.broken(format!("poll says {error}"))),
    }
}

/// The last position of each partition.
pub(super) fn positions(records: &[SourceRecord]) -> Vec<(Arc<SourcePartition>, SourceOffset)> {
    let mut last: Vec<(Arc<SourcePartition>, SourceOffset)> = Vec::new();
    for record in records {
        match last.iter_mut().find(|(partition, _)| **partition == *record.source_partition) {
            Some((_, offset)) => *offset = record.source_offset.clone(),
            None => {
                last.push((Arc::clone(&record.source_partition), record.source_offset.clone()));
            }
        }
    }
    last
}

/// A partition with what was expected of it and what came.
type OfPartition<'a> = (&'a SourcePartition, Vec<&'a SourceRecord>, Vec<&'a SourceRecord>);

/// Both, partition by partition.
pub(super) fn by_partition<'a>(
    expected: &'a [SourceRecord],
    got: &'a [SourceRecord],
) -> Vec<OfPartition<'a>> {
    let mut all: Vec<OfPartition<'a>> = Vec::new();
    for (is_got, record) in
        expected.iter().map(|it| (false, it)).chain(got.iter().map(|it| (true, it)))
    {
        let index = all.iter().position(|it| *it.0 == *record.source_partition);
        let index = index.unwrap_or_else(|| {
            all.push((&record.source_partition, Vec::new(), Vec::new()));
            all.len() - 1
        });
        if is_got { all[index].2.push(record) } else { all[index].1.push(record) }
    }
    all
}

/// Whether the offsets topic can hold it (`OffsetUtils.validateFormat`).
pub(super) const fn is_storable(value: &Value) -> bool {
    !matches!(
        value,
        Value::Array(_) | Value::Map(_) | Value::Struct(_) | Value::Date(_) | Value::Decimal(_)
    )
}

/// Whether a position can be the later one. Positions of one number have an order; others only differ.
pub(super) fn is_behind(offset: &SourceOffset, earlier: &SourceOffset) -> bool {
    let numbers = |offset: &SourceOffset| match stored(&offset.0).values().next() {
        Some(Value::Int64(number)) if offset.0.len() == 1 => Some(*number),
        _ => None,
    };
    match (numbers(offset), numbers(earlier)) {
        (Some(offset), Some(earlier)) => offset > earlier,
        _ => offset != earlier,
    }
}

/// Fields as they come back from the offsets topic, which knows only the widest numbers.
fn stored(fields: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let widest = |value: &Value| match value {
        Value::Int8(it) => Value::Int64((*it).into()),
        Value::Int16(it) => Value::Int64((*it).into()),
        Value::Int32(it) => Value::Int64((*it).into()),
        Value::Float32(it) => Value::Float64((*it).into()),
        other => other.clone(),
    };
    fields.iter().map(|(name, value)| (name.clone(), widest(value))).collect()
}

/// Positions that are committed.
pub(super) struct Committed(Vec<(BTreeMap<String, Value>, SourceOffset)>);

impl Committed {
    /// Those behind the last record of each partition.
    pub(super) fn behind(records: &[SourceRecord]) -> Self {
        let as_stored = |(partition, offset): (Arc<SourcePartition>, SourceOffset)| {
            (stored(&partition.0), SourceOffset(stored(&offset.0)))
        };
        Self(positions(records).into_iter().map(as_stored).collect())
    }
}

#[async_trait]
impl OffsetReader for Committed {
    async fn offsets(&self, partitions: &[SourcePartition]) -> Result<Vec<Option<SourceOffset>>> {
        let find = |partition: &SourcePartition| {
            let partition = stored(&partition.0);
            self.0.iter().find(|(known, _)| *known == partition).map(|(_, offset)| offset.clone())
        };
        Ok(partitions.iter().map(find).collect())
    }
}
