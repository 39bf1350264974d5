//! What only a worker in a group checks (`DistributedHerder`): exactly-once delivery, and consumer groups of the same name.

use sluice_config::{Nullable, Report};

/// Refuses a source that has to deliver exactly once, or that has to say what a transaction holds: this worker has no
/// transactions for sources.
pub(super) fn check_source(report: &mut Report) {
    let is = |report: &Report, key: &str, expected: &str| {
        report.value(key).is_some_and(|it| {
            it.errors.is_empty()
                && it.value.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(expected))
        })
    };
    if is(report, "exactly.once.support", "required") {
        report.error(
            "exactly.once.support",
            "This worker does not have exactly-once source support enabled.",
        );
    }
    if is(report, "transaction.boundary", "connector") {
        report.error(
            "transaction.boundary",
            "The connector does not support connector-defined transaction boundaries with the given configuration. \
             Please reconfigure it to use a different transaction boundary definition.",
        );
    }
}

/// Refuses a sink whose consumers would be in the group of the workers.
pub(super) fn check_group(settings: &Nullable, workers: &str, report: &mut Report) {
    const GROUP: &str = "consumer.override.group.id";
    if let Some(group) = settings.get(GROUP) {
        let value = report.entry(GROUP, group.as_deref());
        if group.as_deref() == Some(workers) {
            value.errors.push(format!(
                "Consumer group {workers} conflicts with Connect worker group {workers}"
            ));
        }
        return;
    }
    let name = report.value("name").and_then(|it| it.value.clone());
    if let Some(name) = name.filter(|it| format!("connect-{it}") == workers) {
        report.error(
            "name",
            format!(
                "Consumer group for sink connector named {name} conflicts with Connect worker group {workers}"
            ),
        );
    }
}
