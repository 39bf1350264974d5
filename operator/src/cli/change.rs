//! `sluice restart`, `pause`, `resume` and `stop`: changes to a connector, asked of its resource. The operator does them.

use std::process::ExitCode;

use clap::Args;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use sluice_crds::KafkaConnector;

use super::access::{self, Access, Session, refused};
use crate::connector::requests::{RESTART, RESTART_TASK};

/// Who changed a field, as the resource's managedFields tell it.
pub(super) const MANAGER: &str = "sluice-cli";

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kubernetes.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The system takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Whose state shall change.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The KafkaConnector; several may be named.
    #[arg(required = true, value_name = "CONNECTOR")]
    names: Vec<String>,
    #[command(flatten)]
    access: Access,
    /// Have the API server check the change, and do not make it.
    #[arg(long)]
    dry_run: bool,
}

/// Restart a connector, its tasks, or what of them has failed.
///
/// Sets an annotation that the operator removes once it has restarted. Without options the connector instance alone is
/// restarted.
///
/// Examples:
///   sluice restart orders --include-tasks --only-failed
///   sluice restart orders --task 2
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Restart {
    #[command(flatten)]
    target: Target,
    /// Restart the tasks too.
    #[arg(long, conflicts_with = "task")]
    include_tasks: bool,
    /// Restart only what has failed.
    #[arg(long, conflicts_with = "task")]
    only_failed: bool,
    /// Restart this task alone.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32))]
    task: Option<u32>,
}

/// Pause a connector: it keeps its tasks and moves nothing.
///
/// Sets spec.state. A tool that keeps resources as they are in Git sets it back, unless it is changed there too.
///
/// Examples:
///   sluice pause orders payments
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Pause {
    #[command(flatten)]
    target: Target,
}

/// Let a paused or stopped connector run again.
///
/// Sets spec.state. A tool that keeps resources as they are in Git sets it back, unless it is changed there too.
///
/// Examples:
///   sluice resume orders
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Resume {
    #[command(flatten)]
    target: Target,
}

/// Stop a connector: it has no tasks, and its offsets can be changed.
///
/// Sets spec.state. A tool that keeps resources as they are in Git sets it back, unless it is changed there too.
///
/// Examples:
///   sluice stop orders
///   sluice stop orders --dry-run
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Stop {
    #[command(flatten)]
    target: Target,
}

/// Asks for a restart.
pub(super) async fn restart(arguments: Restart) -> Result<ExitCode, Error> {
    let patch = if let Some(task) = arguments.task {
        annotation(RESTART_TASK, &task.to_string())
    } else {
        annotation(RESTART, restart_words(arguments.include_tasks, arguments.only_failed))
    };
    apply(&arguments.target, &patch).await
}

/// Asks for `paused`.
pub(super) async fn pause(arguments: Pause) -> Result<ExitCode, Error> {
    apply(&arguments.target, &state("paused")).await
}

/// Asks for `running`.
pub(super) async fn resume(arguments: Resume) -> Result<ExitCode, Error> {
    apply(&arguments.target, &state("running")).await
}

/// Asks for `stopped`.
pub(super) async fn stop(arguments: Stop) -> Result<ExitCode, Error> {
    apply(&arguments.target, &state("stopped")).await
}

/// The annotation's value, in Strimzi's words.
const fn restart_words(include_tasks: bool, only_failed: bool) -> &'static str {
    match (include_tasks, only_failed) {
        (false, false) => "true",
        (true, false) => "includeTasks",
        (false, true) => "onlyFailed",
        (true, true) => "includeTasks,onlyFailed",
    }
}

/// A patch that sets an annotation.
pub(super) fn annotation(key: &str, value: &str) -> Value {
    json!({"metadata": {"annotations": {key: value}}})
}

fn state(state: &str) -> Value {
    json!({"spec": {"state": state}})
}

async fn apply(target: &Target, patch: &Value) -> Result<ExitCode, Error> {
    let session = target.access.connect().await?;
    for name in &target.names {
        session.get::<KafkaConnector>(name).await?;
    }
    for name in &target.names {
        send(&session, name, patch, target.dry_run).await?;
        let done = if target.dry_run { "would be patched" } else { "patched" };
        super::print(&format!("kafkaconnector/{name} {done}: {patch}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Patches a connector, or has the API server check that.
pub(super) async fn send(
    session: &Session,
    name: &str,
    patch: &Value,
    dry_run: bool,
) -> Result<(), access::Error> {
    let parameters =
        PatchParams { dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let sent = session.api::<KafkaConnector>().patch(name, &parameters, &Patch::Merge(patch)).await;
    sent.map(drop).map_err(|error| refused(&format!("patch KafkaConnector {name}"), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_asked_for_in_strimzi_s_words() {
        for (include_tasks, only_failed, expected) in [
            (false, false, "true"),
            (true, false, "includeTasks"),
            (false, true, "onlyFailed"),
            (true, true, "includeTasks,onlyFailed"),
        ] {
            assert_eq!(restart_words(include_tasks, only_failed), expected);
        }
        assert_eq!(
            annotation(RESTART, "true").to_string(),
            r#"{"metadata":{"annotations":{"sluice.dev/restart":"true"}}}"#
        );
    }
}
