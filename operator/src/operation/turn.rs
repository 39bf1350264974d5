//! Which of several changes of one connector comes first. Pure.

use kube::ResourceExt;
use sluice_crds::{KafkaConnectorOffsets, OffsetsPhase};

use super::{plan, status};

/// Whether `other` has to end before `operation` begins: a change of the same connector that is under way, or is older.
pub fn comes_before(other: &KafkaConnectorOffsets, operation: &KafkaConnectorOffsets) -> bool {
    let rank = |it: &KafkaConnectorOffsets| {
        let phase = it.status.as_ref().and_then(|status| status.phase);
        let since = it.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (phase != Some(OffsetsPhase::Running), since, it.name_any())
    };
    other.namespace() == operation.namespace()
        && other.spec.connector == operation.spec.connector
        && other.name_any() != operation.name_any()
        && other.metadata.deletion_timestamp.is_none()
        && plan::is_change(&other.spec)
        && !status::is_over(other)
        && rank(other) < rank(operation)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn operation(name: &str, second: i64, spec: &Value, phase: &Value) -> KafkaConnectorOffsets {
        let mut spec = spec.clone();
        spec["operation"] = json!("Reset");
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnectorOffsets",
            "metadata": {"name": name, "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z")},
            "spec": spec,
            "status": {"phase": phase},
        }))
        .unwrap()
    }

    #[test]
    fn changes_of_one_connector_take_turns() {
        let (of, none) = (json!({"connector": "c"}), Value::Null);
        let dry = json!({"connector": "c", "dryRun": true});
        let it = operation("m", 2, &of, &none);
        for (other, first) in [
            (operation("z", 1, &of, &none), true),
            (operation("a", 2, &of, &none), true),
            (operation("z", 2, &of, &none), false),
            (operation("z", 3, &of, &json!("Running")), true),
            (operation("a", 1, &of, &json!("Succeeded")), false),
            (operation("a", 1, &of, &json!("Failed")), false),
            (operation("a", 1, &dry, &none), false),
            (operation("a", 1, &json!({"connector": "d"}), &none), false),
            (operation("m", 1, &of, &none), false),
        ] {
            assert_eq!(comes_before(&other, &it), first, "{other:?}");
        }
        let running = operation("m", 2, &of, &json!("Running"));
        assert!(!comes_before(&operation("a", 1, &of, &none), &running));
    }
}
