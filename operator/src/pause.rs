//! Resources that the operator leaves alone: the annotation `sluice.dev/pause-reconciliation`.

use k8s_openapi::jiff::Timestamp;
use kube::core::object::HasStatus;
use kube::{Resource, ResourceExt};
use sluice_crds::condition;

use crate::conditions::{self, Fact};
use crate::reason::Reason;
use crate::report::Conditions;

/// While it is `true`, the resource is not looked at. Its deletion is.
pub const ANNOTATION: &str = "sluice.dev/pause-reconciliation";

/// Whether the resource shall be left alone.
pub fn is_paused(object: &impl Resource) -> bool {
    let asked = object.annotations().get(ANNOTATION).is_some_and(|value| value == "true");
    asked && object.meta().deletion_timestamp.is_none()
}

/// The status of a resource that is left alone: what it was, and that it is. The generation that the rest speaks of stays.
pub fn status<K>(object: &K, now: Timestamp) -> K::Status
where
    K: Resource + HasStatus,
    K::Status: Conditions + Clone + Default,
{
    let mut status = object.status().cloned().unwrap_or_default();
    let message = format!("remove the annotation {ANNOTATION} to have the operator act again");
    let paused =
        Fact::yes(condition::RECONCILIATION_PAUSED, Reason::ReconciliationPaused, &message);
    let previous = status.conditions().to_vec();
    let mut facts = vec![paused];
    if conditions::find(&previous, condition::READY).is_none() {
        facts.push(Fact::no(condition::READY, Reason::ReconciliationPaused, &message));
    }
    let stated = conditions::merge(&previous, facts, object.meta().generation, now);
    let conditions = status.conditions_mut();
    conditions.retain(|it| stated.iter().all(|stated| stated.type_ != it.type_));
    conditions.extend(stated);
    status
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sluice_crds::KafkaConnector;

    use super::*;

    fn connector(annotations: &Value, status: &Value) -> KafkaConnector {
        serde_json::from_value(json!({
            "apiVersion": "sluice.dev/v1alpha1",
            "kind": "KafkaConnector",
            "metadata": {"name": "a", "generation": 3, "annotations": annotations},
            "spec": {"class": "X"},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn only_true_pauses_and_a_deletion_goes_on() {
        for (value, paused) in [("true", true), ("", false), ("false", false), ("yes", false)] {
            let mut connector = connector(&json!({ANNOTATION: value}), &json!({}));
            assert_eq!(is_paused(&connector), paused, "{value:?}");
            connector.metadata.deletion_timestamp =
                Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::now()));
            assert!(!is_paused(&connector));
        }
    }

    #[test]
    fn the_status_stays_and_says_that_nobody_looks() {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Running", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 2});
        let told = json!({"observedGeneration": 2, "conditions": [ready]});
        let words = |status: &Value| -> (Option<i64>, Vec<String>) {
            let paused = super::status(&connector(&json!({}), status), Timestamp::now());
            let word = |it: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
                format!("{}={} {}", it.type_, it.status, it.reason)
            };
            (paused.observed_generation, paused.conditions.iter().map(word).collect())
        };
        let paused = "ReconciliationPaused=True ReconciliationPaused".to_owned();
        assert_eq!(words(&told), (Some(2), vec!["Ready=True Running".to_owned(), paused.clone()]));
        let fresh = "Ready=False ReconciliationPaused".to_owned();
        assert_eq!(words(&json!({"observedGeneration": -1})), (Some(-1), vec![paused, fresh]));
    }
}
