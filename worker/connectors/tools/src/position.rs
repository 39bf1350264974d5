//! The position of sources that count: `{"id": task}` stands at `{"seqno": last}`.

use std::collections::BTreeMap;

use sluice_plugin::{
    Error, Result, SourceContext,
    model::{SourceOffset, SourcePartition, Value},
};

const SEQNO: &str = "seqno";

/// What a task with this number counts in.
pub(crate) fn partition(id: i32) -> SourcePartition {
    SourcePartition(BTreeMap::from([("id".to_owned(), Value::Int32(id))]))
}

/// The position behind the record of a number. It holds the number itself: the record after it is the next one.
pub(crate) fn behind(seqno: i64) -> SourceOffset {
    SourceOffset(BTreeMap::from([(SEQNO.to_owned(), Value::Int64(seqno))]))
}

/// The number that a position is behind of.
pub(crate) fn seqno(offset: &SourceOffset) -> Result<i64> {
    match offset.0.get(SEQNO) {
        Some(Value::Int64(seqno)) => Ok(*seqno),
        Some(Value::Int32(seqno)) => Ok(i64::from(*seqno)),
        _ => Err(Error::fatal("the stored offset holds no whole number under seqno")),
    }
}

/// The number of the first record to make.
pub(crate) async fn first(context: &SourceContext, partition: &SourcePartition) -> Result<i64> {
    let stored = context.offsets.offsets(std::slice::from_ref(partition)).await?;
    let Some(offset) = stored.into_iter().flatten().next() else { return Ok(0) };
    let seqno = seqno(&offset)?;
    seqno
        .checked_add(1)
        .ok_or_else(|| Error::fatal(format!("no number follows the stored seqno {seqno}")))
}
