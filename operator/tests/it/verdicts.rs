//! What GitOps tools make of each state of our resources: kstatus itself, and our health scripts in Argo CD's engine.

use std::fs;

use anyhow::Result;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use sluice_crds::condition;
use sluice_kit::kubernetes::{Question, missing_for_control_plane, verdicts};
use sluice_kit::require;
use sluice_operator::conditions::{Fact, merge, with_progress};
use sluice_operator::reason::Reason;

use crate::bed::root;

const KINDS: [&str; 3] = ["KafkaConnect", "KafkaConnector", "KafkaConnectorOffsets"];

/// A resource of generation 2 in one state, and what the tools have to say about it.
struct State {
    about: String,
    object: Value,
    /// Of kstatus.
    kstatus: &'static str,
    /// Of Argo CD.
    health: &'static str,
}

fn state(about: &str, object: Value, kstatus: &'static str, health: &'static str) -> State {
    State { about: format!("{}, {about}", object["kind"]), object, kstatus, health }
}

fn object(kind: &str, spec: &Value, status: &Value) -> Value {
    json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "it", "namespace": "default", "generation": 2},
        "spec": spec,
        "status": status,
    })
}

/// The status that the operator writes when it judges so.
fn status(ready: Fact, others: Vec<Fact>) -> Result<Value> {
    let conditions = merge(&[], with_progress(ready, others), Some(2), Timestamp::UNIX_EPOCH);
    Ok(json!({"observedGeneration": 2, "conditions": serde_json::to_value(conditions)?}))
}

fn ready(reason: Reason) -> Fact {
    Fact::yes(condition::READY, reason, format!("it is {reason}"))
}

fn not_ready(reason: Reason) -> Fact {
    Fact::no(condition::READY, reason, format!("it is {reason}"))
}

fn states() -> Result<Vec<State>> {
    let mut states = Vec::new();
    for kind in KINDS {
        let plain = |status: &Value| object(kind, &json!({}), status);
        let fresh = json!({"observedGeneration": -1});
        states.push(state("just created", plain(&fresh), "InProgress", "Progressing"));
        let mut old = status(ready(Reason::Running), vec![])?;
        old["observedGeneration"] = json!(1);
        states.push(state("changed since", plain(&old), "InProgress", "Progressing"));
        for reason in Reason::ALL {
            let (kstatus, health) = if reason.needs_a_person() {
                ("Failed", "Degraded")
            } else {
                ("InProgress", "Progressing")
            };
            let about = format!("not ready for {reason}");
            states.push(state(&about, plain(&status(not_ready(reason), vec![])?), kstatus, health));
        }
        // Whatever else is not so.
        let further = Fact::no(condition::TASKS_RUNNING, Reason::Paused, "");
        let well = status(ready(Reason::Running), vec![further])?;
        states.push(state("ready", plain(&well), "Current", "Healthy"));
    }
    for (wanted, reason) in [("paused", Reason::Paused), ("stopped", Reason::Stopped)] {
        let connector =
            |status: &Value| object("KafkaConnector", &json!({"state": wanted}), status);
        let there = connector(&status(ready(reason), vec![])?);
        states.push(state(&format!("{wanted} as asked"), there, "Current", "Suspended"));
        let under_way = connector(&status(not_ready(Reason::Starting), vec![])?);
        states.push(state(&format!("to be {wanted}"), under_way, "InProgress", "Progressing"));
    }
    let idle = object(
        "KafkaConnect",
        &json!({"replicas": 0}),
        &status(ready(Reason::AllWorkersReady), vec![])?,
    );
    states.push(state("scaled to zero", idle, "Current", "Suspended"));
    Ok(states)
}

#[tokio::test]
async fn gitops_tools_read_each_state_as_it_is_meant() -> Result<()> {
    require!(missing_for_control_plane());
    let states = states()?;
    let script = |kind: &str| {
        fs::read_to_string(root().join(format!("deploy/argocd/health/{kind}/health.lua")))
    };
    let mut questions = Vec::new();
    for state in &states {
        let health = script(state.object["kind"].as_str().unwrap_or_default())?;
        questions.push(Question { object: state.object.clone(), health });
    }
    let answers = verdicts(&questions).await?;
    let mut wrong = Vec::new();
    for (state, answer) in states.iter().zip(&answers) {
        let got = (answer.kstatus.status.as_str(), answer.health.status.as_str());
        if got != (state.kstatus, state.health) {
            let expected = (state.kstatus, state.health);
            wrong.push(format!("{}: {got:?} instead of {expected:?}", state.about));
        }
        // The operator's own words reach whoever looks at either tool.
        let said = state.object["status"]["conditions"][0]["message"].as_str().unwrap_or_default();
        let is_heard = match answer.health.status.as_str() {
            "Degraded" => answer.kstatus.message == said && answer.health.message == said,
            "Healthy" | "Suspended" => answer.health.message == said,
            _ => !answer.health.message.is_empty(),
        };
        if !is_heard {
            wrong.push(format!("{}: {answer:?} does not say {said:?}", state.about));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(answers.len(), states.len());
    Ok(())
}

#[tokio::test]
async fn a_resource_that_goes_is_on_its_way_whatever_it_was() -> Result<()> {
    require!(missing_for_control_plane());
    let mut questions = Vec::new();
    for kind in KINDS {
        let mut object = object(kind, &json!({}), &status(ready(Reason::Running), vec![])?);
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        questions.push(Question { object, health: String::new() });
    }
    for answer in verdicts(&questions).await? {
        assert_eq!(answer.kstatus.status, "Terminating");
    }
    Ok(())
}
