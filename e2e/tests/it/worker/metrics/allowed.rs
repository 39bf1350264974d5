//! What of the metrics is compared, and what may differ between a Java worker and Sluice, with the reasons.

use super::told::{All, Key, Told};

/// The groups that Sluice has: all of `ConnectMetricsRegistry`.
pub(super) const GROUPS: &[&str] = &[
    "connector-metrics",
    "connector-task-metrics",
    "connector-transform-metrics",
    "connector-predicate-metrics",
    "source-task-metrics",
    "sink-task-metrics",
    "task-error-metrics",
    "connect-worker-metrics",
    "connect-worker-rebalance-metrics",
];

/// Groups of a Java worker that Sluice does not have.
const MISSING: &[(&str, &str)] = &[
    ("app-info", "version and start of a Java library"),
    ("kafka-metrics-count", "counts the objects of the library of metrics"),
    ("connect-metrics", "network of the Java client that is the member of the group"),
    ("connect-node-metrics", "likewise"),
    ("connect-coordinator-metrics", "likewise"),
];

/// Attributes whose values no two runs share: what is compared is that both have them.
const MEASURED: &[&str] = &[
    // Times, and what depends on how records fall into batches, rounds and commits.
    "_ms",
    "_rate",
    "_ratio",
    "_avg",
    "_max",
    "offset_commit_seq_no",
    "offset_commit_completion_total",
    "last_error_timestamp",
    "epoch",
    "completed_rebalances_total",
    // Shares of the starts of the last minute, which is over sooner for one of the workers.
    "startup_success_percentage",
    "startup_failure_percentage",
    // The leader is the worker itself.
    "leader_name",
];

/// Values that differ on purpose: attribute, of which connector if not of all, and why.
const DIFFERENT: &[(&str, Option<&str>, &str)] = &[
    ("_version", None, "plugins are Sluice's own, with versions of their own"),
    (
        "task_startup_attempts_total",
        None,
        "Java counts no start of a task that succeeds (`Worker.startTask`)",
    ),
    ("task_startup_success_total", None, "likewise"),
    (
        "offset_commit_success_percentage",
        Some("fails"),
        "a sink that has failed commits nothing more",
    ),
];

/// Everything that differs and may not.
pub(super) fn differences(java: &All, sluice: &All) -> Vec<String> {
    let mut different = Vec::new();
    for (key, expected) in java.iter().filter(|(key, _)| !is_missing(key)) {
        match sluice.get(key) {
            None => different.push(format!("{key}: Java has {expected:?}, Sluice nothing")),
            Some(got) if !may_stand_for(key, expected, got) => {
                different.push(format!("{key}: Java has {expected:?}, Sluice {got:?}"));
            }
            Some(_) => {}
        }
    }
    let more = sluice.iter().filter(|(key, _)| !java.contains_key(key));
    different.extend(more.map(|(key, got)| format!("{key}: Sluice alone has {got:?}")));
    different
}

fn is_missing(key: &Key) -> bool {
    MISSING.iter().any(|(group, _)| key.group == group.replace('-', "_"))
}

fn may_stand_for(key: &Key, expected: &Told, got: &Told) -> bool {
    let ends = |it: &str| key.attribute.ends_with(it);
    let connector = key.tags.get("connector").map(String::as_str);
    let is_of = |name: Option<&str>| name.is_none() || name == connector;
    let differs = DIFFERENT.iter().any(|(it, name, _)| ends(it) && is_of(*name));
    let is_free = differs || MEASURED.iter().any(|it| ends(it));
    match (expected, got) {
        // Never is never, though.
        (Told::Number(expected), Told::Number(got)) if key.attribute == "last_error_timestamp" => {
            (*expected == 0.0) == (*got == 0.0)
        }
        (Told::Number(_), Told::Number(_)) => is_free || expected == got,
        (Told::Text(_), Told::Text(text)) => expected == got || is_free && !text.is_empty(),
        _ => false,
    }
}
