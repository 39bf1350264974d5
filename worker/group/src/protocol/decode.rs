//! Reads metadata and assignments that others wrote: every length is checked against what is there, nothing panics.

use std::time::Duration;

use bytes::Buf;

use super::{Assignment, CONNECTOR_ITSELF, Metadata, TaskId};

/// Bytes from another member are not what the protocol says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The version is none that can exist.
    #[error("Unsupported subscription version: {0}")]
    Version(i16),
    /// The bytes end inside a field.
    #[error("the bytes end inside {0}")]
    Truncated(&'static str),
    /// A length is negative where nothing may be absent, or larger than what follows.
    #[error("{field} has the impossible length {length}")]
    Length {
        /// Which field.
        field: &'static str,
        /// The length it states.
        length: i32,
    },
    /// A string is not UTF-8.
    #[error("{0} is not UTF-8")]
    Text(&'static str),
}

pub(super) fn metadata(bytes: &[u8]) -> Result<Metadata, DecodeError> {
    let mut rest = bytes;
    version(&mut rest)?;
    let url = string(&mut rest, "url")?;
    let config_offset = int64(&mut rest, "config-offset")?;
    let held = match length(&mut rest, "allocation")? {
        Some(count) => Some(assignment(take(&mut rest, count, "allocation")?)?),
        None => None,
    };
    Ok(Metadata { url, config_offset, held })
}

pub(super) fn assignment(bytes: &[u8]) -> Result<Assignment, DecodeError> {
    let mut rest = bytes;
    version(&mut rest)?;
    let error = int16(&mut rest, "error")?;
    let leader = string(&mut rest, "leader")?;
    let leader_url = string(&mut rest, "leader-url")?;
    let config_offset = int64(&mut rest, "config-offset")?;
    let (connectors, tasks) = work(&mut rest, "assignment")?;
    let (revoked_connectors, revoked_tasks) = work(&mut rest, "revoked")?;
    let delay = if rest.is_empty() { 0 } else { int32(&mut rest, "delay")? };
    // A delay below zero means none to Java's herder, too.
    let delay = Duration::from_millis(u64::try_from(delay).unwrap_or(0));
    Ok(Assignment {
        error,
        leader,
        leader_url,
        config_offset,
        connectors,
        tasks,
        revoked_connectors,
        revoked_tasks,
        delay,
    })
}

/// Versions to come are read as far as they are known.
fn version(rest: &mut &[u8]) -> Result<(), DecodeError> {
    match int16(rest, "version")? {
        version if version < 0 => Err(DecodeError::Version(version)),
        _ => Ok(()),
    }
}

/// A list of connectors with task numbers. It may be absent altogether, as in version 0.
fn work(rest: &mut &[u8], field: &'static str) -> Result<(Vec<String>, Vec<TaskId>), DecodeError> {
    let (mut connectors, mut tasks) = (Vec::new(), Vec::new());
    let Some(entries) = length(rest, field)? else {
        return Ok((connectors, tasks));
    };
    for _ in 0..entries {
        let connector = string(rest, "connector")?;
        let count = int32(rest, "tasks")?;
        let mut numbers = take(rest, bounded(count, "tasks")?.saturating_mul(4), "tasks")?;
        while numbers.has_remaining() {
            match numbers.get_i32() {
                CONNECTOR_ITSELF => connectors.push(connector.clone()),
                task => tasks.push((connector.clone(), task)),
            }
        }
    }
    Ok((connectors, tasks))
}

/// The length of something that may be null, or missing at the end.
fn length(rest: &mut &[u8], field: &'static str) -> Result<Option<usize>, DecodeError> {
    if rest.is_empty() {
        return Ok(None);
    }
    match int32(rest, field)? {
        -1 => Ok(None),
        length => bounded(length, field).map(Some),
    }
}

fn bounded(length: i32, field: &'static str) -> Result<usize, DecodeError> {
    usize::try_from(length).map_err(|_| DecodeError::Length { field, length })
}

fn string(rest: &mut &[u8], field: &'static str) -> Result<String, DecodeError> {
    let length = i32::from(int16(rest, field)?);
    let bytes = take(rest, bounded(length, field)?, field)?;
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| DecodeError::Text(field))
}

fn take<'a>(
    rest: &mut &'a [u8],
    count: usize,
    field: &'static str,
) -> Result<&'a [u8], DecodeError> {
    let (taken, after) = rest.split_at_checked(count).ok_or(DecodeError::Truncated(field))?;
    *rest = after;
    Ok(taken)
}

fn int16(rest: &mut &[u8], field: &'static str) -> Result<i16, DecodeError> {
    rest.try_get_i16().map_err(|_| DecodeError::Truncated(field))
}

fn int32(rest: &mut &[u8], field: &'static str) -> Result<i32, DecodeError> {
    rest.try_get_i32().map_err(|_| DecodeError::Truncated(field))
}

fn int64(rest: &mut &[u8], field: &'static str) -> Result<i64, DecodeError> {
    rest.try_get_i64().map_err(|_| DecodeError::Truncated(field))
}
