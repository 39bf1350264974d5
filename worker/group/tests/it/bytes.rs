//! The bytes of the group protocol against Java's own classes, for written and for generated cases: Java reads what we
//! write, and what Java writes is read and written by us to the byte.

use std::{fmt::Write, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sluice_group::{
    Assignment, ConnectProtocol, TaskId,
    assign::work,
    protocol::{CONFIG_MISMATCH, Metadata},
};
use sluice_kit::{java, require};

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/oracle/GroupProtocol.java");
const GENERATED: usize = 1_000;

#[derive(Debug, Clone)]
enum Case {
    Metadata(Metadata),
    Assignment(Assignment),
}

impl Case {
    fn kind(&self) -> &'static str {
        match self {
            Self::Metadata(_) => "metadata",
            Self::Assignment(_) => "assignment",
        }
    }

    fn encode(&self, protocol: ConnectProtocol) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Metadata(it) => it.encode(protocol)?.to_vec(),
            Self::Assignment(it) => it.encode(protocol)?.to_vec(),
        })
    }

    /// Reads bytes of the same kind.
    fn decode(&self, bytes: &[u8]) -> Result<Self> {
        Ok(match self {
            Self::Metadata(_) => Self::Metadata(Metadata::decode(bytes)?),
            Self::Assignment(_) => Self::Assignment(Assignment::decode(bytes)?),
        })
    }

    fn fields(&self) -> String {
        match self {
            Self::Metadata(it) => {
                let held = it.held.as_ref().map_or_else(|| "none".to_owned(), fields);
                format!("{} {} {held}", it.url, it.config_offset)
            }
            Self::Assignment(it) => fields(it),
        }
    }

    /// The same with its lists in one order: Java writes connectors in the order of its hash set.
    fn sorted(self) -> Self {
        let sort = |mut it: Assignment| {
            it.connectors.sort();
            it.tasks.sort();
            it.revoked_connectors.sort();
            it.revoked_tasks.sort();
            it
        };
        match self {
            Self::Metadata(it) => Self::Metadata(Metadata { held: it.held.map(sort), ..it }),
            Self::Assignment(it) => Self::Assignment(sort(it)),
        }
    }

    /// Whether Java's hash set has no choice of order.
    fn has_one_order(&self) -> bool {
        match self {
            Self::Metadata(it) => it.held.as_ref().is_none_or(|it| it.connectors.len() < 2),
            Self::Assignment(it) => it.connectors.len() < 2,
        }
    }
}

fn fields(it: &Assignment) -> String {
    let names = |tasks: &[TaskId]| {
        let names: Vec<String> =
            tasks.iter().map(|(name, task)| format!("{name}-{task}")).collect();
        names.join(",")
    };
    format!(
        "{} {} {} {} [{}] [{}] [{}] [{}] {}",
        it.error,
        it.leader,
        it.leader_url,
        it.config_offset,
        it.connectors.join(","),
        names(&it.tasks),
        it.revoked_connectors.join(","),
        names(&it.revoked_tasks),
        it.delay.as_millis(),
    )
}

fn assignments() -> impl Strategy<Value = Assignment> {
    let names = || proptest::collection::btree_set("[a-zé☃-]{1,6}", 0..5);
    let tasks = || proptest::collection::btree_set(("[a-zé☃-]{1,6}", 0i32..200), 0..9);
    let part = || (names(), tasks());
    (0i16..2, "[a-z0-9-]{1,20}", "[a-z:/.é]{1,30}", any::<i64>(), part(), part(), 0u64..1_000_000)
        .prop_map(|(error, leader, leader_url, config_offset, assigned, revoked, delay)| {
            Assignment {
                error,
                leader,
                leader_url,
                config_offset,
                connectors: assigned.0.into_iter().collect(),
                tasks: assigned.1.into_iter().collect(),
                revoked_connectors: revoked.0.into_iter().collect(),
                revoked_tasks: revoked.1.into_iter().collect(),
                delay: Duration::from_millis(delay),
            }
        })
}

fn cases() -> Result<Vec<Case>> {
    let refused =
        Assignment { error: CONFIG_MISMATCH, leader: "l".into(), ..Assignment::default() };
    let mut cases = vec![
        Case::Metadata(Metadata { url: "http://w:8083/".into(), config_offset: -1, held: None }),
        Case::Metadata(Metadata {
            url: "http://w:8083/".into(),
            config_offset: i64::MAX,
            held: Some(refused.clone()),
        }),
        Case::Assignment(refused),
    ];
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let metadata = ("[a-z:/.]{1,20}", any::<i64>(), proptest::option::of(assignments()))
        .prop_map(|(url, config_offset, held)| Metadata { url, config_offset, held });
    let either =
        prop_oneof![metadata.prop_map(Case::Metadata), assignments().prop_map(Case::Assignment)];
    for _ in 0..GENERATED {
        let tree = either.new_tree(&mut runner).map_err(|reason| anyhow::anyhow!("{reason}"))?;
        cases.push(tree.current());
    }
    Ok(cases)
}

#[tokio::test]
async fn the_bytes_are_java_s() -> Result<()> {
    require!(java::missing());
    let mut asked = Vec::new();
    let mut input = String::new();
    for case in cases()? {
        for protocol in ConnectProtocol::Sessioned.offered() {
            let bytes = case.encode(*protocol)?;
            writeln!(input, "{} {} {}", case.kind(), protocol.version(), hex(&bytes))?;
            asked.push((case.clone(), *protocol, bytes));
        }
    }
    let output = java::run_source(Path::new(ORACLE), &[], input.as_bytes()).await?;
    let output = String::from_utf8(output)?;
    let answers: Vec<&str> = output.lines().collect();
    assert_eq!(answers.len(), asked.len());
    for ((case, protocol, ours), answer) in asked.into_iter().zip(answers) {
        check(&case, protocol, &ours, answer)
            .with_context(|| format!("{case:?} under {protocol:?}"))?;
    }
    Ok(())
}

fn check(case: &Case, protocol: ConnectProtocol, ours: &[u8], answer: &str) -> Result<()> {
    let (fields, written) = answer.split_once('\t').context("fields and bytes")?;
    let read = case.decode(ours)?;
    ensure!(fields == read.fields(), "Java reads {fields}\nwe read {}", read.fields());
    let theirs = case.decode(&unhex(written)?)?;
    ensure!(hex(&theirs.encode(protocol)?) == written, "we write what Java wrote differently");
    ensure!(hex(ours) == written || !case.has_one_order(), "Java writes {written}");
    let (theirs, read) = (theirs.sorted(), read.sorted());
    ensure!(theirs.fields() == read.fields(), "Java wrote {theirs:?}");
    Ok(())
}

#[test]
fn work_and_lists_are_two_forms_of_one_thing() {
    let (connectors, tasks) = (vec!["b".to_owned(), "a".to_owned()], vec![("a".to_owned(), 1)]);
    let units = work(&connectors, &tasks);
    assert_eq!(sluice_group::assign::lists(&units), (vec!["a".into(), "b".into()], tasks));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}
