//! Whether an operation may begin, from the resources alone. Pure.

use sluice_crds::{KafkaConnector, KafkaConnectorOffsetsSpec, TargetState};
use sluice_rest_model::{ConnectorStateInfo, State};

use super::plan::{is_change, is_seek};
use super::status::Verdict;
use crate::connector::place::{self, Place};
use crate::reason::Reason;

/// Where the connector is, or why the operation has to wait or ends.
pub fn place(
    spec: &KafkaConnectorOffsetsSpec,
    connector: Option<&KafkaConnector>,
) -> Result<Place, Verdict> {
    let name = &spec.connector;
    let going = |it: &&KafkaConnector| it.metadata.deletion_timestamp.is_none();
    let Some(connector) = connector.filter(going) else {
        let message =
            format!("no KafkaConnector {name} in this namespace; create it, or delete this");
        return Err(Verdict::Waits(Reason::ConnectorNotFound, message));
    };
    let known = place::known(connector);
    let Some(place) = place::asked(connector).filter(|it| known.as_ref() == Some(it)) else {
        let message =
            format!("KafkaConnector {name} is not where it shall be yet; look at its status");
        return Err(Verdict::Waits(Reason::Starting, message));
    };
    if is_seek(spec.operation) && place.is_external() {
        return Err(Verdict::Failed(Reason::NotSupported, not_supported()));
    }
    if is_change(spec) && connector.spec.state != Some(TargetState::Stopped) {
        let message = format!(
            "positions can only be changed of a stopped connector: set spec.state of KafkaConnector {name} to stopped"
        );
        return Err(Verdict::Waits(Reason::WaitingForStopped, message));
    }
    Ok(place)
}

/// Whether the workers have to stop the connector first.
pub fn is_held_up(spec: &KafkaConnectorOffsetsSpec, status: &ConnectorStateInfo) -> bool {
    is_change(spec) && (status.connector.state != State::Stopped || !status.tasks.is_empty())
}

/// What is told where topics cannot be looked at.
pub fn not_supported() -> String {
    "only Sluice's own workers tell where topics begin, end, and were at a time; use Alter here"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(operation: &str, dry_run: bool) -> KafkaConnectorOffsetsSpec {
        let spec = json!({"connector": "orders", "operation": operation, "dryRun": dry_run});
        serde_json::from_value(spec).unwrap()
    }

    fn connector(spec: &Value, cluster: &str) -> KafkaConnector {
        let mut spec = spec.clone();
        spec["class"] = json!("X");
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnector",
            "metadata": {"name": "orders"},
            "spec": spec,
            "status": {"cluster": cluster, "name": "orders"},
        }))
        .unwrap()
    }

    #[test]
    fn it_waits_for_what_may_come_and_ends_at_what_never_does() {
        let running = connector(&json!({"cluster": "a"}), "a");
        let stopped = connector(&json!({"cluster": "a", "state": "stopped"}), "a");
        let moving = connector(&json!({"cluster": "b", "state": "stopped"}), "a");
        let rest = json!({"endpoint": "http://c:1"});
        let external = connector(&json!({"connectRest": rest, "state": "stopped"}), "http://c:1");
        let mut going = stopped.clone();
        going.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
                k8s_openapi::jiff::Timestamp::UNIX_EPOCH,
            ));
        for (operation, dry_run, connector, expected) in [
            ("Reset", false, None, Some(Reason::ConnectorNotFound)),
            ("Reset", false, Some(&going), Some(Reason::ConnectorNotFound)),
            ("Reset", false, Some(&running), Some(Reason::WaitingForStopped)),
            ("Reset", true, Some(&running), None),
            ("List", false, Some(&running), None),
            ("Reset", false, Some(&stopped), None),
            ("Reset", false, Some(&moving), Some(Reason::Starting)),
            ("Reset", false, Some(&external), None),
            ("SeekToEnd", true, Some(&external), Some(Reason::NotSupported)),
        ] {
            let found = place(&spec(operation, dry_run), connector);
            let reason = match &found {
                Ok(_) => None,
                Err(Verdict::Waits(reason, _)) => Some(*reason).filter(|it| !it.needs_a_person()),
                Err(Verdict::Failed(reason, _)) => Some(*reason).filter(|it| it.needs_a_person()),
                Err(Verdict::Done(_)) => panic!("nothing is done"),
            };
            assert_eq!(reason, expected, "{operation} {found:?}");
            assert_eq!(found.is_ok(), expected.is_none());
        }
    }
}
