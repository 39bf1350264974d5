//! What became of an operation: from a verdict to its status. Pure.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use sluice_crds::{
    ConnectorVersion, KafkaConnectorOffsets, KafkaConnectorOffsetsStatus, OffsetsPhase, condition,
};

use super::Error;
use super::positions::Positions;
use crate::conditions::{self, Fact, with_progress};
use crate::reason::Reason;

/// Most positions that a status shows.
const MOST: usize = 100;

/// What a look at an operation led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing can be done yet; it is looked at again.
    Waits(Reason, String),
    /// It ended without success.
    Failed(Reason, String),
    /// It ended with success.
    Done(Done),
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// For people.
    pub message: String,
    /// Whether positions were changed.
    pub has_changed: bool,
    /// The ConfigMap with the positions before, if one was written.
    pub backup: Option<String>,
    /// The positions before and after; none if the status has them already.
    pub positions: Option<(Positions, Positions)>,
}

/// Whether nothing happens to it any more.
pub fn is_over(operation: &KafkaConnectorOffsets) -> bool {
    phase(operation).is_some_and(OffsetsPhase::is_over)
}

/// How far it has come.
pub fn phase(operation: &KafkaConnectorOffsets) -> Option<OffsetsPhase> {
    operation.status.as_ref().and_then(|status| status.phase)
}

/// Whether the status says already what a look has led to.
pub fn says(operation: &KafkaConnectorOffsets, verdict: &Verdict) -> bool {
    let Some(status) = &operation.status else { return false };
    let Verdict::Waits(reason, message) = verdict else { return false };
    let ready = conditions::find(&status.conditions, condition::READY);
    status.observed_generation == operation.metadata.generation
        && ready.is_some_and(|it| it.reason == reason.as_str() && it.message == *message)
}

/// How long an operation that ended is kept still; none for ever.
pub fn time_left(operation: &KafkaConnectorOffsets, now: Timestamp) -> Option<Duration> {
    let seconds = operation.spec.ttl_seconds_after_finished?;
    let ended = operation.status.as_ref()?.completion_time.as_ref()?.0;
    let kept = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let passed = Duration::try_from(now.duration_since(ended)).unwrap_or_default();
    Some(kept.saturating_sub(passed))
}

/// The status of an operation that begins: what is needed to go on, should the operator end meanwhile.
pub fn begun(
    operation: &KafkaConnectorOffsets,
    connector: ConnectorVersion,
    backup: &str,
    (before, after): (&Positions, &Positions),
    now: Timestamp,
) -> KafkaConnectorOffsetsStatus {
    let message = "the positions before are kept; the workers are asked to change them";
    let ready = Fact::no(condition::READY, Reason::Starting, message);
    let mut status = with_facts(operation, ready, now);
    status.phase = Some(OffsetsPhase::Running);
    status.start_time = Some(seconds(now));
    status.began_with = Some(connector);
    status.backup = Some(backup.to_owned());
    show(&mut status, before, after);
    status
}

/// The status after a look.
pub fn after(
    operation: &KafkaConnectorOffsets,
    outcome: Result<&Verdict, &Error>,
    now: Timestamp,
) -> KafkaConnectorOffsetsStatus {
    let ready = match outcome {
        Ok(Verdict::Done(done)) => Fact::yes(condition::READY, Reason::Completed, &done.message),
        Ok(Verdict::Waits(reason, message) | Verdict::Failed(reason, message)) => {
            Fact::no(condition::READY, *reason, message)
        }
        Err(error) => Fact::no(condition::READY, error.reason(), error.to_string()),
    };
    let mut status = with_facts(operation, ready, now);
    let ended = match outcome {
        Ok(Verdict::Done(done)) => {
            status.backup = done.backup.clone().or(status.backup);
            if let Some((before, after)) = &done.positions {
                show(&mut status, before, after);
            }
            OffsetsPhase::Succeeded
        }
        Ok(Verdict::Failed(..)) => OffsetsPhase::Failed,
        Ok(Verdict::Waits(..)) | Err(_) => {
            status.phase = status.phase.or(Some(OffsetsPhase::Pending));
            return status;
        }
    };
    status.phase = Some(ended);
    status.completion_time = Some(seconds(now));
    status
}

fn with_facts(
    operation: &KafkaConnectorOffsets,
    ready: Fact,
    now: Timestamp,
) -> KafkaConnectorOffsetsStatus {
    let mut status = operation.status.clone().unwrap_or_default();
    let generation = operation.metadata.generation;
    let facts = with_progress(ready, vec![]);
    status.conditions = conditions::merge(&status.conditions, facts, generation, now);
    status.observed_generation = generation;
    status
}

fn show(status: &mut KafkaConnectorOffsetsStatus, before: &Positions, after: &Positions) {
    status.before = before.shown(MOST);
    status.before_total = Some(before.len() as i32);
    status.after = after.shown(MOST);
    status.after_total = Some(after.len() as i32);
}

/// The API server keeps whole seconds.
fn seconds(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn operation(status: &Value) -> KafkaConnectorOffsets {
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnectorOffsets",
            "metadata": {"name": "a", "generation": 2},
            "spec": {"connector": "c", "operation": "Reset", "ttlSecondsAfterFinished": 60},
            "status": status,
        }))
        .unwrap()
    }

    fn words(status: &KafkaConnectorOffsetsStatus) -> Vec<String> {
        let word = |it: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
            format!("{}={} {}", it.type_, it.status, it.reason)
        };
        status.conditions.iter().map(word).collect()
    }

    #[test]
    fn phases_and_conditions_say_the_same() {
        let now = Timestamp::from_second(100).unwrap();
        let waits = Verdict::Waits(Reason::WaitingForStopped, "stop it".into());
        let failed = Verdict::Failed(Reason::OperationFailed, "no".into());
        let done = Verdict::Done(Done {
            message: "done".into(),
            has_changed: true,
            backup: None,
            positions: None,
        });
        let begun = json!({"phase": "Running", "backup": "b", "startTime": "1970-01-01T00:00:10Z"});
        for (before, verdict, phase, expected) in [
            (json!({}), &waits, OffsetsPhase::Pending, "Reconciling=True WaitingForStopped"),
            (begun.clone(), &waits, OffsetsPhase::Running, "Reconciling=True WaitingForStopped"),
            (begun.clone(), &failed, OffsetsPhase::Failed, "Stalled=True OperationFailed"),
            (begun, &done, OffsetsPhase::Succeeded, "Ready=True Completed"),
        ] {
            let status = after(&operation(&before), Ok(verdict), now);
            assert_eq!(status.phase, Some(phase));
            assert!(words(&status).iter().any(|it| it == expected), "{:?}", words(&status));
            assert_eq!(status.completion_time.is_some(), phase.is_over());
            assert_eq!(status.backup.as_deref(), before["backup"].as_str());
            assert_eq!(status.observed_generation, Some(2));
        }
    }

    #[test]
    fn what_ended_is_kept_as_long_as_it_was_asked_for() {
        let ended = operation(&json!({"completionTime": "1970-01-01T00:01:00Z"}));
        let at = |second| time_left(&ended, Timestamp::from_second(second).unwrap());
        let left = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!([at(60), at(100), at(120), at(500)], [left(60), left(20), left(0), left(0)]);
        assert_eq!(time_left(&operation(&json!({})), Timestamp::UNIX_EPOCH), None);
    }
}
