//! `KafkaConnectorOffsets`: one look at, or one change of, the positions of a connector.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connector::operations::ConfigMapName;

pub mod position;
pub mod status;

use position::Position;
use status::KafkaConnectorOffsetsStatus;

/// Work on the positions of one connector, done once. It stays as a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "sluice.dev",
    version = "v1alpha1",
    kind = "KafkaConnectorOffsets",
    plural = "kafkaconnectoroffsets",
    shortname = "slco",
    category = "sluice",
    namespaced,
    cel,
    derive = "PartialEq",
    status = "KafkaConnectorOffsetsStatus",
    doc = "Work on the positions of one connector, done once. It stays as a record.",
    printcolumn(name = "Connector", type_ = "string", json_path = ".spec.connector"),
    printcolumn(name = "Operation", type_ = "string", json_path = ".spec.operation"),
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "Pending, Running, Succeeded or Failed"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "Whether it was done"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "Why it was or was not"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Backup",
        type_ = "string",
        json_path = ".status.backup",
        description = "The ConfigMap with the positions before",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "(self.operation == 'Alter') == has(self.alter)",
        "operation Alter needs alter, and no other may have it"
    ),
    validation = (
        "(self.operation == 'SeekToTime') == has(self.seekToTime)",
        "operation SeekToTime needs seekToTime, and no other may have it"
    ),
    validation = (
        "(self.operation == 'Restore') == has(self.restoreFrom)",
        "operation Restore needs restoreFrom, and no other may have it"
    ),
    validation = (
        "self.connector == oldSelf.connector && self.operation == oldSelf.operation && (has(self.dryRun) && self.dryRun) == (has(oldSelf.dryRun) && oldSelf.dryRun)",
        "what is done once cannot be changed; make another KafkaConnectorOffsets"
    )
)]
pub struct KafkaConnectorOffsetsSpec {
    /// The KafkaConnector whose positions are meant, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub connector: String,
    /// What is done. List: write them into a ConfigMap. Alter: set those of alter, keep the others. Reset: forget all.
    /// Restore: make them those of restoreFrom, no more and no less. SeekToTime, SeekToEnd, SeekToBeginning: of a sink,
    /// set each partition to the first record of a time, behind its last record, to its first record. All but List need
    /// a stopped connector, unless dryRun is true.
    pub operation: OffsetsOperation,
    /// Positions for Alter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alter: Option<NewPositions>,
    /// The time for SeekToTime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seek_to_time: Option<SeekToTime>,
    /// The ConfigMap for Restore, with positions under the key offsets.json: status.backup of another operation, or one
    /// that listing has written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_from: Option<ConfigMapName>,
    /// Whether to change nothing, and only to tell in the status what the positions are and what they would be. Default:
    /// false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Seconds after which the operation is deleted once it has ended, and its ConfigMap with it. Default: it stays.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<i32>,
}

/// What is done with positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OffsetsOperation {
    /// Write them into a ConfigMap.
    List,
    /// Set some of them.
    Alter,
    /// Forget all.
    Reset,
    /// Make them what they were.
    Restore,
    /// To the first record of a time.
    SeekToTime,
    /// Behind the last record.
    SeekToEnd,
    /// To the first record.
    SeekToBeginning,
}

/// Positions that a connector shall have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct NewPositions {
    /// In the form of Kafka Connect's REST API: each partition with its offset; one without offset is forgotten.
    #[schemars(length(min = 1, max = 1000))]
    pub offsets: Vec<Position>,
}

/// A time that every partition is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct SeekToTime {
    /// The time of the first record to read, in RFC 3339, such as 2026-01-31T08:00:00Z. A partition without a record of
    /// that time or later is set behind its last one.
    pub time: Time,
}

#[cfg(test)]
mod tests {
    use kube::core::cel::{validate_cel, validate_cel_update};
    use serde_json::{Value, json};

    use super::KafkaConnectorOffsets;

    fn operation(spec: &Value) -> KafkaConnectorOffsets {
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnectorOffsets",
            "metadata": {"name": "a"},
            "spec": spec,
        }))
        .unwrap()
    }

    #[test]
    fn each_operation_has_what_it_needs_and_nothing_else() {
        let alter = json!({"offsets": [{"partition": {"file": "a"}, "offset": {"position": 1}}]});
        let parts = [
            ("alter", "Alter", alter),
            ("seekToTime", "SeekToTime", json!({"time": "2026-01-31T08:00:00Z"})),
            ("restoreFrom", "Restore", json!({"name": "x"})),
        ];
        let operations =
            ["List", "Alter", "Reset", "Restore", "SeekToTime", "SeekToEnd", "SeekToBeginning"];
        for name in operations {
            let plain = json!({"connector": "c", "operation": name});
            let needs = parts.iter().any(|(_, of, _)| *of == name);
            assert_eq!(validate_cel(&operation(&plain)).is_err(), needs, "{name} alone");
            for (field, of, part) in &parts {
                let mut spec = plain.clone();
                spec[field] = part.clone();
                let fits = validate_cel(&operation(&spec)).is_ok();
                assert_eq!(fits, *of == name, "{name} with {field}");
            }
        }
    }

    #[test]
    fn what_is_done_once_stays_as_it_was_asked_for() {
        let before = operation(&json!({"connector": "c", "operation": "Reset"}));
        for (spec, fits) in [
            (json!({"connector": "c", "operation": "Reset", "ttlSecondsAfterFinished": 5}), true),
            (json!({"connector": "c", "operation": "Reset", "dryRun": false}), true),
            (json!({"connector": "c", "operation": "Reset", "dryRun": true}), false),
            (json!({"connector": "d", "operation": "Reset"}), false),
            (json!({"connector": "c", "operation": "List"}), false),
        ] {
            let changed = validate_cel_update(&operation(&spec), &before).is_ok();
            assert_eq!(changed, fits, "{spec}");
        }
    }
}
