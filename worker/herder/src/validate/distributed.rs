//! What only a worker in a group checks (`DistributedHerder`): exactly-once delivery, and consumer groups of the same name.

use std::fmt::Display;

use sluice_config::{Nullable, Properties, Report};
use sluice_plugin::{AnySourceConnector, ExactlyOnceSupport};

const SUPPORT: &str = "exactly.once.support";
const BOUNDARY: &str = "transaction.boundary";

/// Asks a source whether it delivers exactly once, and whether it says where transactions end, if the user wants that.
/// `is_enabled`: the worker has transactions for sources.
pub(super) fn check_source(
    settings: &Nullable,
    connector: &dyn AnySourceConnector,
    is_enabled: bool,
    report: &mut Report,
) {
    let wants = |report: &Report, key: &str, expected: &str| {
        report.value(key).is_some_and(|it| {
            it.errors.is_empty()
                && it.value.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(expected))
        })
    };
    let settings: Properties =
        settings.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    if wants(report, SUPPORT, "required") {
        if !is_enabled {
            report.error(SUPPORT, "This worker does not have exactly-once source support enabled.");
        }
        let refusal = match connector.exactly_once_support(&settings) {
            Ok(Some(ExactlyOnceSupport::Supported)) => None,
            Ok(Some(ExactlyOnceSupport::Unsupported)) => Some(
                "The connector does not support exactly-once semantics with the provided configuration."
                    .to_owned(),
            ),
            Ok(None) => Some(
                "The connector does not implement the API required for preflight validation of exactly-once source \
                 support. Please consult the documentation for the connector to determine whether it supports \
                 exactly-once semantics, and then consider reconfiguring the connector to use the value \"requested\" \
                 for this property (which will disable this preflight check and allow the connector to be created)."
                    .to_owned(),
            ),
            Err(error) => Some(unexpected(&error)),
        };
        if let Some(refusal) = refusal {
            report.error(SUPPORT, refusal);
        }
    }
    if wants(report, BOUNDARY, "connector") {
        let refusal = match connector.defines_transactions(&settings) {
            Ok(true) => return,
            Ok(false) => "The connector does not support connector-defined transaction boundaries with the given \
                          configuration. Please reconfigure it to use a different transaction boundary definition."
                .to_owned(),
            Err(error) => unexpected(&error),
        };
        report.error(BOUNDARY, refusal);
    }
}

/// What a user is told of a connector that cannot answer.
fn unexpected(error: &dyn Display) -> String {
    let text = error.to_string();
    match text.trim() {
        "" => "An unexpected error occurred during validation; please see the worker logs for more details."
            .to_owned(),
        text => format!("An unexpected error occurred during validation: {text}"),
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

#[cfg(test)]
mod tests;
