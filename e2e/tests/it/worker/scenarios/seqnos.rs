//! What `Verifiable*` print of each record, and whether that adds up: the checker of `connect_distributed_test`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// What a line tells of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// A source has made it.
    Sent,
    /// Its position is committed.
    Committed,
    /// A sink has it.
    Received,
    /// Its offset is about to be committed.
    Flushed,
}

/// A line.
#[derive(Debug)]
struct Told {
    name: String,
    fate: Fate,
    /// The task of the source.
    task: i64,
    seqno: i64,
    millis: i64,
}

impl Told {
    fn parse(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let is = |key: &str| line[key] == true;
        let is_of_sink = !line["sinkTask"].is_null();
        let fate = if is_of_sink && is("flushed") {
            Fate::Flushed
        } else if is_of_sink {
            Fate::Received
        } else if is("committed") {
            Fate::Committed
        } else {
            Fate::Sent
        };
        Some(Self {
            name: line["name"].as_str()?.to_owned(),
            fate,
            task: line["task"].as_i64()?,
            seqno: line["seqno"].as_i64()?,
            millis: line["time_ms"].as_i64()?,
        })
    }
}

/// A source of so many tasks, each of which counts at this pace.
pub(super) fn source(topic: &str, tasks: usize) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.tools.VerifiableSourceConnector",
        "topic": topic, "tasks.max": tasks.to_string(), "throughput": "100",
        "topic.creation.default.partitions": "3", "topic.creation.default.replication.factor": "1",
    })
}

/// The sink of its topic.
pub(super) fn sink(topic: &str, tasks: usize) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.tools.VerifiableSinkConnector",
        "topics": topic, "tasks.max": tasks.to_string(),
    })
}

/// How many lines there are of a connector's records.
pub(super) fn count(printed: &str, name: &str, fate: Fate) -> usize {
    per_task(printed, name, fate).values().sum()
}

/// The same for each task of the source.
pub(super) fn per_task(printed: &str, name: &str, fate: Fate) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for told in all(printed).filter(|it| it.name == name && it.fate == fate) {
        *counts.entry(told.task).or_default() += 1;
    }
    counts
}

/// The numbers of each task of the source, each with how often it was told.
pub(super) fn numbers(
    printed: &str,
    name: &str,
    fate: Fate,
) -> BTreeMap<i64, BTreeMap<i64, usize>> {
    let mut numbers: BTreeMap<i64, BTreeMap<i64, usize>> = BTreeMap::new();
    for told in all(printed).filter(|it| it.name == name && it.fate == fate) {
        *numbers.entry(told.task).or_default().entry(told.seqno).or_default() += 1;
    }
    numbers
}

/// Fails if a number below the highest of its task is missing, or was told twice where each may come only once.
pub(super) fn add_up(numbers: &BTreeMap<i64, BTreeMap<i64, usize>>, once: bool) -> Result<()> {
    for (task, numbers) in numbers {
        let (highest, _) = numbers.last_key_value().context("a number")?;
        let missing: Vec<i64> = (0..*highest).filter(|it| !numbers.contains_key(it)).collect();
        ensure!(missing.is_empty(), "task {task}: {missing:?} are missing below {highest}");
        let twice: Vec<_> = numbers.iter().filter(|(_, count)| once && **count > 1).collect();
        ensure!(twice.is_empty(), "task {task}: {twice:?} came more than once");
    }
    Ok(())
}

/// Fails if a source has made a record again after it had told that this one was committed.
pub(super) fn committed_are_not_sent_again(printed: &str, name: &str) -> Result<()> {
    let mut committed: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for told in all(printed).filter(|it| it.name == name && it.fate == Fate::Committed) {
        let first = committed.entry((told.task, told.seqno)).or_insert(told.millis);
        *first = told.millis.min(*first);
    }
    for told in all(printed).filter(|it| it.name == name && it.fate == Fate::Sent) {
        let safe = committed.get(&(told.task, told.seqno));
        ensure!(safe.is_none_or(|it| *it >= told.millis), "committed at {safe:?}: {told:?}");
    }
    Ok(())
}

/// The longest time that each task of the source has printed nothing in, between its first line and its last.
pub(super) fn longest_rests(printed: &str, name: &str, fate: Fate) -> BTreeMap<i64, Duration> {
    let mut times: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for told in all(printed).filter(|it| it.name == name && it.fate == fate) {
        times.entry(told.task).or_default().push(told.millis);
    }
    let longest = |mut times: Vec<i64>| {
        times.sort_unstable();
        let rests = times.windows(2).map(|it| it[1].abs_diff(it[0]));
        Duration::from_millis(rests.max().unwrap_or_default())
    };
    times.into_iter().map(|(task, times)| (task, longest(times))).collect()
}

fn all(printed: &str) -> impl Iterator<Item = Told> {
    printed.lines().filter(|it| it.contains("\"seqno\":")).filter_map(Told::parse)
}

#[test]
fn lines_add_up_or_not() {
    let line = |seqno: i64, millis: i64, more: &str| {
        format!("{{\"task\":0,\"seqno\":{seqno},\"name\":\"s\",\"time_ms\":{millis}{more}}}\n")
    };
    let committed = ",\"committed\":true";
    let good: String = [line(0, 1, ""), line(1, 2, ""), line(0, 3, committed)].concat();
    assert_eq!(count(&good, "s", Fate::Sent), 2);
    assert_eq!(count(&good, "s", Fate::Committed), 1);
    assert_eq!(count(&good, "other", Fate::Sent), 0);
    assert!(add_up(&numbers(&good, "s", Fate::Sent), true).is_ok());
    assert!(committed_are_not_sent_again(&good, "s").is_ok());
    let late = good.clone() + &line(2, 9, "");
    let rests = longest_rests(&late, "s", Fate::Sent);
    assert_eq!(rests, BTreeMap::from([(0, Duration::from_millis(7))]));
    let again = good.clone() + &line(0, 4, "");
    assert!(committed_are_not_sent_again(&again, "s").is_err());
    assert!(add_up(&numbers(&again, "s", Fate::Sent), false).is_ok());
    assert!(add_up(&numbers(&again, "s", Fate::Sent), true).is_err());
    assert!(add_up(&numbers(&line(2, 5, ""), "s", Fate::Sent), false).is_err());
}
