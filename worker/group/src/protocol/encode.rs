//! Writes metadata and assignments. Fails only on what the format cannot hold.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Assignment, CONNECTOR_ITSELF, ConnectProtocol, Metadata, TaskId};

/// A value does not fit into the format.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A name is longer than a length of 16 bits can say.
    #[error("a name of {0} bytes is longer than the group protocol allows (32767)")]
    TooLong(usize),
}

pub(super) fn metadata(it: &Metadata, protocol: ConnectProtocol) -> Result<Bytes, EncodeError> {
    let mut out = BytesMut::new();
    out.put_i16(protocol.version());
    put_string(&mut out, &it.url)?;
    out.put_i64(it.config_offset);
    if protocol != ConnectProtocol::Eager {
        match &it.held {
            Some(held) => {
                let held = assignment(held, protocol)?;
                out.put_i32(held.len() as i32);
                out.put(held);
            }
            None => out.put_i32(-1),
        }
    }
    Ok(out.freeze())
}

pub(super) fn assignment(it: &Assignment, protocol: ConnectProtocol) -> Result<Bytes, EncodeError> {
    let mut out = BytesMut::new();
    out.put_i16(protocol.version());
    out.put_i16(it.error);
    put_string(&mut out, &it.leader)?;
    put_string(&mut out, &it.leader_url)?;
    out.put_i64(it.config_offset);
    put_work(&mut out, &it.connectors, &it.tasks)?;
    if protocol != ConnectProtocol::Eager {
        put_work(&mut out, &it.revoked_connectors, &it.revoked_tasks)?;
        out.put_i32(i32::try_from(it.delay.as_millis()).unwrap_or(i32::MAX));
    }
    Ok(out.freeze())
}

/// One entry per connector, in the order in which connectors and then tasks name them first.
fn put_work(
    out: &mut BytesMut,
    connectors: &[String],
    tasks: &[TaskId],
) -> Result<(), EncodeError> {
    let mut entries = indexmap::IndexMap::<&str, Vec<i32>>::new();
    for connector in connectors {
        entries.insert(connector, vec![CONNECTOR_ITSELF]);
    }
    for (connector, task) in tasks {
        entries.entry(connector).or_default().push(*task);
    }
    out.put_i32(entries.len() as i32);
    for (connector, tasks) in entries {
        put_string(out, connector)?;
        out.put_i32(tasks.len() as i32);
        for task in tasks {
            out.put_i32(task);
        }
    }
    Ok(())
}

fn put_string(out: &mut BytesMut, value: &str) -> Result<(), EncodeError> {
    let length = i16::try_from(value.len()).map_err(|_| EncodeError::TooLong(value.len()))?;
    out.put_i16(length);
    out.put_slice(value.as_bytes());
    Ok(())
}
