//! Asks Java a list of questions at once.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use sluice_kit::java::{self, Runtime};

static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(java::newest);

/// Since this release Java prints the shortest digits of a floating-point number.
const SHORTEST_DIGITS: u32 = 19;

/// Whether the Java at hand prints all floating-point numbers as ours are.
pub(crate) fn prints_shortest_digits() -> bool {
    RUNTIME.as_ref().is_some_and(|it| it.release >= SHORTEST_DIGITS)
}

/// Java's answers, in the order of the questions.
pub(crate) async fn java(questions: &[Json]) -> Result<Vec<Json>> {
    java_with(&java::class_path().await?, questions).await
}

/// The same with other jars on the class path.
pub(crate) async fn java_with(jars: &str, questions: &[Json]) -> Result<Vec<Json>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/Data.java");
    let input: String = questions.iter().map(|it| format!("{it}\n")).collect();
    let runtime = RUNTIME.as_ref().context("there is no Java")?;
    let output = java::run_source_with(runtime, jars, &source, &[], input.as_bytes()).await?;
    let answers: Vec<Json> = output
        .split(|it| *it == b'\n')
        .filter(|it| !it.is_empty())
        .map(|it| serde_json::from_slice(it).context("an answer is no JSON"))
        .collect::<Result<_>>()?;
    ensure!(
        answers.len() == questions.len(),
        "{} answers to {} questions",
        answers.len(),
        questions.len()
    );
    Ok(answers)
}
