//! What annotations ask to be done once. Pure.

use std::collections::BTreeMap;

use crate::connect_api::RestartScope;
use crate::reason::Reason;

/// Restarts the connector: `true`, or `includeTasks`, `onlyFailed` or both with a comma.
pub const RESTART: &str = "sluice.dev/restart";
/// Restarts the task of this number.
pub const RESTART_TASK: &str = "sluice.dev/restart-task";
/// Works on positions: `list`, `alter` or `reset`.
pub const OFFSETS: &str = "sluice.dev/connector-offsets";

/// Something that was asked for and not done. It keeps nothing else from being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The condition reason.
    pub reason: Reason,
    /// What is wrong and what to do.
    pub message: String,
}

/// Work on positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetsWork {
    /// Write them into a ConfigMap.
    List,
    /// Set them to those of a ConfigMap.
    Alter,
    /// Forget them.
    Reset,
}

/// One thing to do once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Work on positions.
    Offsets(OffsetsWork),
    /// Restart the connector.
    Restart(RestartScope),
    /// Restart a task.
    RestartTask(i32),
}

/// Something to do once, and the annotation that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What.
    pub work: Work,
    /// Key of the annotation.
    pub annotation: &'static str,
    /// Its value.
    pub value: String,
}

/// What annotations ask for, in the order in which it is done, and which of them say nothing that is known.
pub fn of(annotations: &BTreeMap<String, String>) -> (Vec<Request>, Vec<Warning>) {
    let (mut requests, mut warnings) = (Vec::new(), Vec::new());
    let parsers: [(&'static str, Parser); 3] =
        [(OFFSETS, offsets), (RESTART, restart), (RESTART_TASK, task)];
    for (annotation, parse) in parsers {
        let Some(value) = annotations.get(annotation) else { continue };
        match parse(value.trim()) {
            Ok(Some(work)) => requests.push(Request { work, annotation, value: value.clone() }),
            Ok(None) => {}
            Err(expected) => warnings.push(Warning {
                reason: Reason::UnknownAnnotationValue,
                message: format!("the annotation {annotation} must be {expected}; nothing is done"),
            }),
        }
    }
    (requests, warnings)
}

/// What to do, if anything; else what was expected.
type Parsed = Result<Option<Work>, &'static str>;

type Parser = fn(&str) -> Parsed;

fn offsets(value: &str) -> Parsed {
    match value {
        "list" => Ok(Some(Work::Offsets(OffsetsWork::List))),
        "alter" => Ok(Some(Work::Offsets(OffsetsWork::Alter))),
        "reset" => Ok(Some(Work::Offsets(OffsetsWork::Reset))),
        _ => Err("list, alter or reset"),
    }
}

fn restart(value: &str) -> Parsed {
    let mut scope = RestartScope::default();
    match value {
        "true" => return Ok(Some(Work::Restart(scope))),
        "false" => return Ok(None),
        _ => {}
    }
    for word in value.split(',') {
        match word.trim() {
            "includeTasks" => scope.include_tasks = true,
            "onlyFailed" => scope.only_failed = true,
            _ => return Err("true, includeTasks, onlyFailed, or both of these with a comma"),
        }
    }
    Ok(Some(Work::Restart(scope)))
}

fn task(value: &str) -> Parsed {
    match value.parse() {
        Ok(task) if task >= 0 => Ok(Some(Work::RestartTask(task))),
        _ => Err("the number of a task"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(annotation: &str, value: &str) -> Result<Vec<Work>, String> {
        let (requests, warnings) = of(&[(annotation.to_owned(), value.to_owned())].into());
        match warnings.first() {
            Some(warning) => {
                assert!(requests.is_empty());
                Err(warning.message.clone())
            }
            None => Ok(requests.into_iter().map(|it| it.work).collect()),
        }
    }

    #[test]
    fn annotations_are_read_as_in_strimzi_and_nothing_else_is_guessed() {
        let restart = |include_tasks, only_failed| {
            Some(vec![Work::Restart(RestartScope { include_tasks, only_failed })])
        };
        let offsets = |work| Some(vec![Work::Offsets(work)]);
        for (annotation, value, expected) in [
            (RESTART, "true", restart(false, false)),
            (RESTART, "includeTasks", restart(true, false)),
            (RESTART, "onlyFailed", restart(false, true)),
            (RESTART, "onlyFailed, includeTasks", restart(true, true)),
            (RESTART, "false", Some(vec![])),
            (RESTART, "", None),
            (RESTART, "yes", None),
            (RESTART, "true,onlyFailed", None),
            (RESTART_TASK, "2", Some(vec![Work::RestartTask(2)])),
            (RESTART_TASK, "-1", None),
            (RESTART_TASK, "", None),
            (OFFSETS, "list", offsets(OffsetsWork::List)),
            (OFFSETS, "alter", offsets(OffsetsWork::Alter)),
            (OFFSETS, "reset", offsets(OffsetsWork::Reset)),
            (OFFSETS, "", None),
            (OFFSETS, "LIST", None),
            ("sluice.dev/other", "x", Some(vec![])),
        ] {
            let asked = asked(annotation, value);
            assert_eq!(asked.clone().ok(), expected, "{annotation}={value}");
            assert!(asked.err().is_none_or(|it| it.contains(annotation)), "{annotation}={value}");
        }
    }

    #[test]
    fn positions_come_before_restarts_and_one_bad_word_stops_no_other() {
        let annotations = [(RESTART_TASK, "0"), (OFFSETS, "reset"), (RESTART, "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let (requests, warnings) = of(&annotations);
        let works: Vec<Work> = requests.iter().map(|it| it.work).collect();
        assert_eq!(works, [Work::Offsets(OffsetsWork::Reset), Work::RestartTask(0)]);
        assert_eq!(warnings.len(), 1);
    }
}
