//! What really runs: each line that `VerifiableSource` and `VerifiableSink` print tells who printed it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::work::Task;

/// A pause after which a task counts as started anew, shorter than any time-out of the group.
const PAUSE_MS: i64 = 2_000;

/// What a task has said: a number if it is a source's, and when.
#[derive(Debug, Clone, Copy)]
struct Line {
    seqno: Option<i64>,
    time: i64,
}

/// Lines by task and worker.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<Task, BTreeMap<String, Vec<Line>>>);

impl Told {
    /// Adds the lines of a worker's log that tell of a record when it is first seen.
    pub(super) fn read(&mut self, worker: &str, log: &str) {
        for line in log.lines().filter(|it| it.starts_with('{')) {
            // The last line may be half of one.
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if line.get("committed").is_some() || line.get("flushed").is_some() {
                continue;
            }
            let number = |key: &str| line[key].as_i64();
            let sink = number("sinkTask");
            let (Some(name), Some(task), Some(time)) =
                (line["name"].as_str(), sink.or_else(|| number("task")), number("time_ms"))
            else {
                continue;
            };
            let seqno = number("seqno").filter(|_| sink.is_none());
            let of_task = self.0.entry((name.to_owned(), task)).or_default();
            of_task.entry(worker.to_owned()).or_default().push(Line { seqno, time });
        }
    }

    /// Fails until each of these tasks has said so much where it is.
    pub(super) fn has_lines_of(&self, tasks: &BTreeMap<Task, String>, count: usize) -> Result<()> {
        for (task, worker) in tasks {
            let said = self.0.get(task).and_then(|it| it.get(worker)).map_or(0, Vec::len);
            ensure!(said >= count, "{task:?} has {said} lines on {worker}");
        }
        Ok(())
    }

    /// Fails if anybody else has said anything, or a task has counted twice.
    pub(super) fn is_only_of(&self, tasks: &BTreeMap<Task, String>) -> Result<()> {
        for (task, by_worker) in &self.0 {
            let owner = tasks.get(task).with_context(|| format!("{task:?} runs, and must not"))?;
            for (worker, lines) in by_worker {
                ensure!(worker == owner, "{task:?} is on {owner} and runs on {worker}");
                let counted = lines.windows(2).all(|it| {
                    it[0].seqno.zip(it[1].seqno).is_none_or(|(one, next)| next == one + 1)
                });
                ensure!(counted, "{task:?} counts twice on {worker}: {lines:?}");
            }
        }
        Ok(())
    }
}

/// The logs of all workers that there were.
#[derive(Debug, Default)]
pub(super) struct Logs(Told);

impl Logs {
    /// Keeps the log of a worker that has ended.
    pub(super) fn keep(&mut self, worker: &str, log: &str) {
        self.0.read(worker, log);
    }

    /// Fails if a source's task ever ran on two workers at a time, or has left out a number.
    pub(super) fn check(&self) -> Result<()> {
        for (task, by_worker) in &self.0.0 {
            let runs: Vec<_> = by_worker
                .iter()
                .flat_map(|(worker, lines)| runs(lines).into_iter().map(move |run| (worker, run)))
                .collect();
            for (index, (worker, (first, last))) in runs.iter().enumerate() {
                let twice = runs
                    .iter()
                    .take(index)
                    .find(|(other, (begin, end))| other != worker && begin < last && first < end);
                ensure!(
                    twice.is_none(),
                    "{task:?} ran on {worker} from {first} to {last}, and {twice:?}"
                );
            }
            let seen: BTreeSet<i64> =
                by_worker.values().flatten().filter_map(|it| it.seqno).collect();
            if let Some(last) = seen.last() {
                let missing: Vec<i64> = (0..*last).filter(|it| !seen.contains(it)).collect();
                ensure!(missing.is_empty(), "{task:?} never counted {missing:?}");
            }
        }
        Ok(())
    }
}

/// First and last time of each uninterrupted run of a source's task on one worker.
fn runs(lines: &[Line]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    let mut before: Option<(i64, i64)> = None;
    for Line { seqno, time } in lines {
        let Some(seqno) = *seqno else { continue };
        let goes_on = before.is_some_and(|(count, at)| seqno == count + 1 && *time - at < PAUSE_MS);
        match runs.last_mut() {
            Some((_, last)) if goes_on => *last = *time,
            _ => runs.push((*time, *time)),
        }
        before = Some((seqno, *time));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers and times.
    type Lines = &'static [(i64, i64)];

    fn log(lines: &[(i64, i64)]) -> String {
        let line = |(seqno, time)| {
            format!("{{\"name\":\"c\",\"task\":0,\"seqno\":{seqno},\"time_ms\":{time}}}\n")
        };
        lines.iter().copied().map(line).collect()
    }

    #[test]
    fn a_task_that_runs_twice_shows() {
        let cases: [(&str, Lines, Lines, bool); 6] = [
            ("one after the other", &[(0, 10), (1, 20)], &[(2, 30), (3, 40)], true),
            ("again what was not committed", &[(0, 10), (1, 20)], &[(1, 30), (2, 40)], true),
            ("there and back", &[(0, 10), (1, 20), (4, 50), (5, 60)], &[(2, 30), (3, 40)], true),
            ("back to an old number", &[(0, 10), (1, 9_000)], &[(1, 30), (2, 40)], true),
            ("both", &[(0, 10), (1, 20), (2, 30)], &[(0, 25), (1, 35)], false),
            ("a number that is missing", &[(0, 10), (1, 20)], &[(3, 30)], false),
        ];
        for (what, one, other, is_right) in cases {
            let mut logs = Logs::default();
            logs.keep("one", &log(one));
            logs.keep("other", &log(other));
            assert_eq!(logs.check().is_ok(), is_right, "{what}");
        }
    }

    #[test]
    fn a_look_sees_who_else_writes() {
        let owner = |name: &str| BTreeMap::from([(("c".to_owned(), 0), name.to_owned())]);
        let mut told = Told::default();
        told.read("one", &log(&[(4, 10), (5, 20)]));
        assert!(told.is_only_of(&owner("one")).is_ok());
        assert!(told.has_lines_of(&owner("one"), 2).is_ok());
        assert!(told.has_lines_of(&owner("other"), 1).is_err(), "it writes elsewhere");
        assert!(told.is_only_of(&owner("other")).is_err(), "it writes elsewhere");
        assert!(told.is_only_of(&BTreeMap::new()).is_err(), "it is not to write");
        told.read("one", &log(&[(5, 20)]));
        assert!(told.is_only_of(&owner("one")).is_err(), "two write in one process");
    }
}
