//! Draws cases, asks Java and us, and tells where the answers differ.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use anyhow::{Result, ensure};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::Value as Json;

use super::{ask, notation};

pub(crate) fn number(variable: &str, otherwise: usize) -> usize {
    env::var(variable).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

/// How many cases so many per cent of those of a test are.
pub(crate) fn share(percent: usize) -> usize {
    (number("SLUICE_ORACLE_CASES", 6_000) * percent).div_ceil(100)
}

/// So many values; the same ones for the same seed.
pub(crate) fn draw<T>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("SLUICE_ORACLE_SEED", 1).to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), random);
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        drawn.push(tree.current());
    }
    drawn
}

/// A question with our answer, and what we would answer with a seeded fault: one that shows in some of the cases.
pub(crate) struct Asked {
    pub(crate) question: Json,
    pub(crate) answer: Json,
    pub(crate) faulty: Json,
}

/// Asks Java the questions; returns those to which our answer differs, and tells how many there were of `name`. Fails
/// if the seeded fault shows in none: the oracle would see nothing.
pub(crate) async fn differences(name: &str, cases: Vec<Asked>) -> Result<Vec<String>> {
    let questions: Vec<Json> = cases.iter().map(|it| it.question.clone()).collect();
    let answers = ask::java(&questions).await?;
    differences_to(name, cases, answers, comparable)
}

/// The same where Java has answered already; `comparable` leaves of an answer what has to be equal.
pub(crate) fn differences_to(
    name: &str,
    cases: Vec<Asked>,
    answers: Vec<Json>,
    comparable: impl Fn(Json) -> Json,
) -> Result<Vec<String>> {
    let (mut found, mut faults, count) = (Vec::new(), 0, cases.len());
    for (case, java) in cases.into_iter().zip(answers) {
        let (java, ours) = (comparable(java), comparable(case.answer));
        faults += usize::from(java != comparable(case.faulty));
        if java != ours {
            let (java, ours) = (notation::readable(&java), notation::readable(&ours));
            let (question, bytes) = (&case.question, notation::readable(&case.question));
            found.push(format!("{question}\n  {bytes}\n  java {java}\n  ours {ours}"));
        }
    }
    tell(&format!("{name}: {} of {count} differ; a seeded fault shows in {faults}", found.len()))?;
    ensure!(faults > found.len(), "a seeded fault in {name} went unnoticed");
    Ok(found)
}

/// Prints a line, and adds it to the file that `$SLUICE_ORACLE_COUNTS` names: a run shows how many cases there were.
#[allow(clippy::print_stdout, reason = "it is what the run is for")]
pub(crate) fn tell(line: &str) -> Result<()> {
    println!("{line}");
    if let Some(file) = env::var_os("SLUICE_ORACLE_COUNTS") {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        file.write_all(format!("{line}\n").as_bytes())?;
    }
    Ok(())
}

/// Fails if there are differences, and shows some.
pub(crate) fn refuse(found: &[String]) -> Result<()> {
    ensure!(
        found.is_empty(),
        "{} differences:\n{}",
        found.len(),
        found[..found.len().min(20)].join("\n")
    );
    Ok(())
}

/// Maps in one order. What the JDK itself says about exceptions of its own changes with its releases.
pub(crate) fn comparable(answer: Json) -> Json {
    let mut answer = notation::sorted(answer);
    if answer["class"].as_str().is_some_and(|it| it.starts_with("java.lang.")) {
        answer["message"] = Json::Null;
    }
    answer
}
