//! What GitOps tools make of an object: kstatus itself, which decides for Flux and for Helm's `--wait`, and health
//! scripts as Argo CD runs them. Both are Go libraries; the program around them is built like the others.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::programs;

/// What to judge.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The object, as the API server has it.
    pub object: Value,
    /// A health script of Argo CD, or empty.
    pub health: String,
}

/// A word and its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Such as `Current` of kstatus, or `Healthy` of a script.
    pub status: String,
    /// Why.
    pub message: String,
}

/// The answers to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Of kstatus.
    pub kstatus: Verdict,
    /// Of the health script; empty without one.
    pub health: Verdict,
}

/// Asks all questions at once. Builds the program if the cache has none.
pub async fn verdicts(questions: &[Question]) -> Result<Vec<Verdicts>> {
    let list = questions.iter().map(|it| json!({"object": it.object, "health": it.health}));
    let questions = Value::Array(list.collect()).to_string();
    let output = spawn_blocking(move || {
        let program = programs::verdicts()?;
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("the program has no standard input")?;
        stdin.write_all(questions.as_bytes())?;
        drop(stdin);
        anyhow::Ok(child.wait_with_output()?)
    })
    .await??;
    ensure!(output.status.success(), "verdicts: {}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    Ok(answers.iter().map(of).collect())
}

fn of(answer: &Value) -> Verdicts {
    let verdict = |by: &str| {
        let text = |key: &str| answer[by][key].as_str().unwrap_or_default().to_owned();
        Verdict { status: text("status"), message: text("message") }
    };
    Verdicts { kstatus: verdict("kstatus"), health: verdict("health") }
}
