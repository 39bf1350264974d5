//! What the positions shall be, from what they are and what is asked for. Pure.

use sluice_crds::{KafkaConnectorOffsetsSpec, OffsetsOperation};
use sluice_rest_model::{ConnectorKind, ConnectorOffsets, ReadPartition};

use super::positions::{Entry, Positions, read, sought, to_rest};
use crate::reason::Reason;

/// An operation that cannot be carried out, now or ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// The condition reason.
    pub reason: Reason,
    /// What is wrong and what to do.
    pub message: String,
}

/// What an operation needs to know beside the positions.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// How far a sink has read its topics, and where the time is that was asked for.
    Reading(Vec<ReadPartition>),
    /// Positions of another time.
    Kept(ConnectorOffsets),
}

/// A call that changes positions.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// They are so already.
    None,
    /// Forget all.
    Reset,
    /// Set and forget these.
    Alter(ConnectorOffsets),
}

/// Whether it changes anything.
pub fn is_change(spec: &KafkaConnectorOffsetsSpec) -> bool {
    spec.operation != OffsetsOperation::List && spec.dry_run != Some(true)
}

/// Whether topics have to be looked at for it.
pub fn is_seek(operation: OffsetsOperation) -> bool {
    use OffsetsOperation::{SeekToBeginning, SeekToEnd, SeekToTime};
    matches!(operation, SeekToTime | SeekToEnd | SeekToBeginning)
}

/// The positions after the operation.
pub fn target(
    spec: &KafkaConnectorOffsetsSpec,
    kind: ConnectorKind,
    before: &Positions,
    found: Found,
) -> Result<Positions, Impossible> {
    let unreadable = |field: &str, error: super::positions::Unreadable| Impossible {
        reason: Reason::InvalidSpec,
        message: format!("{field}{error}"),
    };
    match (spec.operation, found) {
        (OffsetsOperation::Alter, _) => {
            let entries = spec.alter.iter().flat_map(|it| &it.offsets);
            let entries: Vec<Entry> =
                entries.map(|it| (it.partition.clone(), it.offset.clone())).collect();
            let entries = read(entries, kind);
            let entries = entries.map_err(|error| unreadable("spec.alter.offsets", error))?;
            Ok(before.clone().with(entries))
        }
        (OffsetsOperation::Reset, _) => Ok(Positions::default()),
        (OffsetsOperation::Restore, Found::Kept(kept)) => Positions::of(kept, kind)
            .map_err(|error| unreadable("spec.restoreFrom: offsets", error)),
        (operation, Found::Reading(partitions)) => seek(operation, before, &partitions),
        _ => Ok(before.clone()),
    }
}

/// What the workers do not tell of is left as it is: a topic that is gone takes no change.
fn seek(
    operation: OffsetsOperation,
    before: &Positions,
    partitions: &[ReadPartition],
) -> Result<Positions, Impossible> {
    if partitions.is_empty() {
        let message =
            "the sink reads no topic that exists; create one, and make the operation anew";
        return Err(Impossible { reason: Reason::OperationFailed, message: message.to_owned() });
    }
    let entries = sought(partitions, |it| match operation {
        OffsetsOperation::SeekToBeginning => it.beginning,
        OffsetsOperation::SeekToTime => it.at.unwrap_or(it.end),
        _ => it.end,
    });
    Ok(before.clone().with(entries))
}

/// The call that turns positions into others.
pub fn change(before: &Positions, after: &Positions) -> Change {
    let entries = before.difference(after);
    if entries.is_empty() {
        Change::None
    } else if after.is_empty() {
        Change::Reset
    } else {
        Change::Alter(to_rest(entries))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(operation: &Value) -> KafkaConnectorOffsetsSpec {
        let mut spec = operation.clone();
        spec["connector"] = json!("c");
        serde_json::from_value(spec).unwrap()
    }

    fn rest(entries: &[(i64, i64)]) -> ConnectorOffsets {
        let entry = |(partition, offset): &(i64, i64)| {
            json!({"partition": {"kafka_topic": "t", "kafka_partition": partition},
                "offset": {"kafka_offset": offset}})
        };
        let entries: Vec<Value> = entries.iter().map(entry).collect();
        serde_json::from_value(json!({"offsets": entries})).unwrap()
    }

    fn positions(entries: &[(i64, i64)]) -> Positions {
        Positions::of(rest(entries), ConnectorKind::Sink).unwrap()
    }

    fn partition(number: i32, beginning: i64, end: i64, at: Option<i64>) -> ReadPartition {
        let topic = "t".to_owned();
        let (position, waiting_since) = (None, None);
        ReadPartition {
            topic,
            partition: number,
            position,
            beginning,
            end,
            lag: 0,
            waiting_since,
            at,
        }
    }

    #[test]
    fn each_operation_leads_where_it_says() {
        let before = positions(&[(0, 10), (1, 20)]);
        let reading =
            || Found::Reading(vec![partition(0, 3, 30, Some(7)), partition(2, 0, 9, None)]);
        let alter = json!({"operation": "Alter", "alter": {"offsets": [
            {"partition": {"kafka_topic": "t", "kafka_partition": "0"}, "offset": {"kafka_offset": 5}},
            {"partition": {"kafka_topic": "t", "kafka_partition": 1}, "offset": null},
        ]}});
        let time =
            json!({"operation": "SeekToTime", "seekToTime": {"time": "2026-01-01T00:00:00Z"}});
        let restore = json!({"operation": "Restore", "restoreFrom": {"name": "x"}});
        for (operation, found, after) in [
            (json!({"operation": "List"}), Found::Nothing, &[(0, 10), (1, 20)][..]),
            (alter, Found::Nothing, &[(0, 5)]),
            (json!({"operation": "Reset"}), Found::Nothing, &[]),
            (restore, Found::Kept(rest(&[(1, 21), (5, 1)])), &[(1, 21), (5, 1)]),
            (json!({"operation": "SeekToBeginning"}), reading(), &[(0, 3), (1, 20), (2, 0)]),
            (json!({"operation": "SeekToEnd"}), reading(), &[(0, 30), (1, 20), (2, 9)]),
            (time, reading(), &[(0, 7), (1, 20), (2, 9)]),
        ] {
            let spec = spec(&operation);
            let target = target(&spec, ConnectorKind::Sink, &before, found);
            assert_eq!(target, Ok(positions(after)), "{operation}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_field() {
        let alter =
            json!({"operation": "Alter", "alter": {"offsets": [{"partition": {"file": "a"}}]}});
        let seek = json!({"operation": "SeekToEnd"});
        for (operation, found, told) in [
            (alter, Found::Nothing, "spec.alter.offsets[0]: "),
            (seek, Found::Reading(vec![]), "the sink reads no topic"),
        ] {
            let before = Positions::default();
            let error = target(&spec(&operation), ConnectorKind::Sink, &before, found).unwrap_err();
            assert!(error.message.starts_with(told) && error.reason.needs_a_person(), "{error:?}");
        }
    }

    #[test]
    fn only_what_differs_is_asked_of_the_workers() {
        let before = positions(&[(0, 10), (1, 20)]);
        assert_eq!(change(&before, &before), Change::None);
        assert_eq!(change(&before, &Positions::default()), Change::Reset);
        let Change::Alter(asked) = change(&before, &positions(&[(0, 10), (2, 5)])) else {
            panic!("nothing is altered")
        };
        let asked = asked.offsets.unwrap();
        let offset = |it: &sluice_rest_model::ConnectorOffset| it.offset.is_some();
        assert_eq!(asked.iter().map(offset).collect::<Vec<_>>(), [true, false]);
    }
}
