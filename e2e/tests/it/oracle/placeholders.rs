//! Placeholders in settings: found and filled where `ConfigTransformer` does.

use std::path::Path;

use anyhow::{Result, ensure};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sluice_kit::java;
use sluice_plugin::config::placeholder;

const CASES: usize = 2_000;

/// What placeholders are made of.
const PARTS: &[&str] = &[
    "${",
    "}",
    ":",
    "$",
    "{",
    "p",
    "p:",
    "${p:",
    "${p:a}",
    "${p:/f:b}",
    "${q:c}",
    "no",
    "é",
    "\n",
    " ",
    "x",
    "/",
    "${:d}",
    "\\",
    "${p:no}",
];

/// Texts of what placeholders are made of, in any order.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PARTS), 0..12).prop_map(|it| it.concat())
}

#[tokio::test]
async fn placeholders_are_filled_as_by_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let texts: Vec<String> = (0..CASES)
        .map(|_| text().new_tree(&mut runner).map(|it| it.current()))
        .collect::<Result<_, _>>()
        .map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let questions: Vec<String> =
        texts.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/Placeholders.java");
    let output = java::run_source(&source, &[], questions.join("\n").as_bytes()).await?;
    let answers: Vec<String> =
        String::from_utf8(output)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(answers.len() == texts.len(), "{} answers to {} texts", answers.len(), texts.len());
    for (text, expected) in texts.iter().zip(&answers) {
        let got = placeholder::fill(text, |it| {
            let is_known = matches!(it.provider.as_str(), "p" | "") && !it.key.starts_with("no");
            is_known.then(|| format!("<{}|{}${{p:x}}>", it.path, it.key))
        });
        ensure!(got == *expected, "{text:?}\n  Java:   {expected:?}\n  Sluice: {got:?}");
    }
    Ok(())
}
