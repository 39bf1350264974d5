//! The REST API, asked of a Java worker and of ours by the same script: statuses, headers that matter, and bodies are the
//! same, and ours are such as `/openapi.json` says.

mod alone;
mod answers;
mod document;
mod guarded;
mod read_only;
mod script;
mod tokens;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, HttpRequest, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;
use sluice_kit::wait;

use super::pipeline::PATIENCE;
use answers::Comparable;
use document::Document;
use script::Step;

const SCRIPTS: &[(&str, &str)] = &[
    ("connectors", include_str!("rest/connectors.txt")),
    ("offsets", include_str!("rest/offsets.txt")),
    ("plugins", include_str!("rest/plugins.txt")),
    ("bodies", include_str!("rest/bodies.txt")),
    ("states", include_str!("rest/states.txt")),
    ("restarts", include_str!("rest/restarts.txt")),
    ("options", include_str!("rest/options.txt")),
    ("loggers", include_str!("rest/loggers.txt")),
    ("clients", include_str!("rest/clients.txt")),
];

/// How long answers may differ while what was asked for before takes effect.
const SETTLING: Duration = Duration::from_secs(10);

#[tokio::test]
async fn every_answer_is_that_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let folder = tempfile::tempdir()?;
    let worker_file = |group: &str| worker_file(kafka, group, folder.path());
    let jars = java::test_connectors().await?;
    let java = Side::of(ConnectWorker::java_with(&worker_file("rest-java"), &jars).await?).await?;
    let sluice = Side::of(ConnectWorker::sluice(&worker_file("rest-sluice")).await?).await?;
    let values = values(folder.path())?;
    let (own, known) = (sluice.version().await?, java.version().await?);
    ensure!(own.starts_with(&format!("{known}-")), "clients take {own} for {known}");
    same_plugins(&java, &sluice).await?;
    let mut both = Both { java, sluice, are_alone: false, asked: 0, different: Vec::new() };
    for (name, text) in SCRIPTS {
        for step in script::parse(text, &values).with_context(|| name.to_owned())? {
            let outcome = both.follow(name, step).await;
            outcome
                .with_context(|| format!("{name}; until then:\n{}", both.different.join("\n")))?;
        }
    }
    ensure!(both.sluice.document.is_some(), "there is no /openapi.json");
    both.verdict()
}

/// Fails if a plugin that both have is of another kind or version.
async fn same_plugins(java: &Side, sluice: &Side) -> Result<()> {
    let (expected, got) = tokio::try_join!(java.plugins(), sluice.plugins())?;
    let classes: Vec<&Value> = got.iter().map(|it| &it["class"]).collect();
    let different =
        expected.iter().filter(|it| classes.contains(&&it["class"]) && !got.contains(it));
    let different: Vec<&Value> = different.collect();
    ensure!(different.is_empty(), "Java's are {different:?}, ours {got:?}");
    Ok(())
}

fn worker_file(kafka: &KafkaServer, group: &str, folder: &Path) -> WorkerFile {
    let provider = "org.apache.kafka.common.config.provider.FileConfigProvider";
    WorkerFile::new(&kafka.bootstrap(), group)
        .with("offset.flush.interval.ms", "200")
        .with("sluice.file.paths", &folder.display().to_string())
        .with("config.providers", "f")
        .with("config.providers.f.class", provider)
}

/// What scripts name, and the file that they read.
fn values(folder: &Path) -> Result<[(&'static str, String); 4]> {
    let file = folder.join("in.txt");
    std::fs::write(&file, "a line\nanother\n")?;
    Ok([
        ("$FILE", file.display().to_string()),
        ("$VALUES", folder.join("values.properties").display().to_string()),
        ("$SOURCE", "org.apache.kafka.connect.file.FileStreamSourceConnector".to_owned()),
        ("$SINK", "org.apache.kafka.connect.file.FileStreamSinkConnector".to_owned()),
    ])
}

/// The two workers, and what has come of their comparison.
struct Both {
    java: Side,
    sluice: Side,
    /// Whether each is on its own.
    are_alone: bool,
    asked: usize,
    different: Vec<String>,
}

impl Both {
    /// Fails if any answer was not the same.
    fn verdict(self) -> Result<()> {
        let Self { asked, different, .. } = self;
        ensure!(
            different.is_empty(),
            "{} of {asked} answers differ:\n{}",
            different.len(),
            different.join("\n")
        );
        Ok(())
    }

    /// What is compared of the answers to a request: Java's standalone worker knows the tasks of what it has just created.
    fn apart_from_tasks(
        &self,
        request: &HttpRequest,
        expected: Comparable,
        got: Comparable,
    ) -> (Comparable, Comparable) {
        if self.are_alone && ["POST", "PUT"].contains(&request.method.as_str()) {
            return (expected.without_tasks(), got.without_tasks());
        }
        (expected, got)
    }

    /// What is different between the two answers. What can be asked again is, until it is the same: either worker may be
    /// about to read what was written last.
    async fn ask(&self, request: &HttpRequest, reason: Option<&str>) -> Result<Option<String>> {
        let once = async || {
            let ((expected, _), (got, undocumented)) =
                tokio::try_join!(self.java.answer(request), self.sluice.answer(request))?;
            let (expected, got) = self.apart_from_tasks(request, expected, got);
            anyhow::Ok(compare(expected, got, reason).or(undocumented))
        };
        let first = once().await?;
        if first.is_none() || request.method != "GET" {
            return Ok(first);
        }
        let settled = wait::until_ok(SETTLING, "the same answer", async || {
            let different = once().await?;
            ensure!(different.is_none(), "different answers");
            Ok(())
        });
        Ok(if settled.await.is_ok() { None } else { first })
    }

    async fn follow(&mut self, script: &str, step: Step) -> Result<()> {
        let (java, sluice) = (&self.java, &self.sluice);
        match step {
            Step::Ask(request, reason) => {
                self.asked += 1;
                let told = format!("{} {} {}", request.method, request.path, request.body);
                let different = self.ask(&request, reason.as_deref()).await;
                let different = different.with_context(|| told.clone())?;
                self.different.extend(different.map(|it| format!("{script}: {told}\n{it}")));
            }
            Step::Until(connector, state) => {
                tokio::try_join!(java.is_in(&connector, &state), sluice.is_in(&connector, &state))?;
            }
            Step::Level(logger, level) => {
                tokio::try_join!(java.shows(&logger, &level), sluice.shows(&logger, &level))?;
            }
            Step::Write(file, text) => std::fs::write(file, text)?,
            Step::Gone(connector) => {
                tokio::try_join!(java.is_gone(&connector), sluice.is_gone(&connector))?;
            }
        }
        Ok(())
    }
}

/// What is wrong with two answers.
fn compare(expected: Comparable, got: Comparable, reason: Option<&str>) -> Option<String> {
    let told = format!("  Java:   {}\n  Sluice: {}", expected.apart(&got), got.apart(&expected));
    match reason {
        None => (expected != got).then_some(told),
        // An explanation of what is the same explains nothing.
        Some(reason) if expected == got => {
            Some(format!("{told}\n  are equal in spite of: {reason}"))
        }
        Some(_) => (expected.without_message() != got.without_message()).then_some(told),
    }
}

/// One of the two workers.
struct Side {
    worker: ConnectWorker,
    /// What it says of its answers.
    document: Option<Document>,
}

impl Side {
    async fn of(worker: ConnectWorker) -> Result<Self> {
        wait::until_ok(PATIENCE, "a worker to be ready", async || {
            worker.ask("GET", "/health", None).await.map(drop)
        })
        .await?;
        let document = Document::of(&worker, &[]).await?;
        Ok(Self { worker, document })
    }

    async fn version(&self) -> Result<String> {
        let told = self.worker.ask("GET", "/", None).await?;
        told["version"].as_str().map(str::to_owned).context("a version")
    }

    async fn plugins(&self) -> Result<Vec<Value>> {
        let path = "/connector-plugins?connectorsOnly=false";
        let told = self.worker.ask("GET", path, None).await?;
        told.as_array().cloned().context("a list of plugins")
    }

    /// Its answer, and what is wrong with it by its own document.
    async fn answer(&self, request: &HttpRequest) -> Result<(Comparable, Option<String>)> {
        let mut request = request.clone();
        for name in ["Content-Type", "Accept"] {
            if !request.headers.iter().any(|(it, _)| it == name) {
                request.headers.push((name.to_owned(), "application/json".to_owned()));
            }
        }
        request.headers.retain(|(_, value)| !value.is_empty());
        wait::until_ok(PATIENCE, "no rebalance", async || {
            let answer = self.worker.send(&request).await?;
            let comparable = Comparable::of(&self.worker, &answer);
            ensure!(!comparable.is_rebalance(), "{comparable}");
            let documented = self.document.as_ref().map(|it| it.covers(&request, &answer));
            let undocumented = documented.and_then(Result::err);
            Ok((comparable, undocumented.map(|it| format!("  /openapi.json: {it:#}"))))
        })
        .await
        .with_context(|| self.worker.url())
    }

    async fn is_in(&self, connector: &str, state: &str) -> Result<()> {
        let path = format!("/connectors/{connector}/status");
        wait::until_ok(PATIENCE, &format!("{connector} to be {state}"), async || {
            let status = self.worker.ask("GET", &path, None).await?;
            let tasks = status["tasks"].as_array().context("a list of tasks")?;
            let (own, of_tasks) = state.split_once('/').unwrap_or((state, state));
            let needs_tasks = state.contains('/') || own == "RUNNING";
            let settled = (!needs_tasks || !tasks.is_empty())
                && status["connector"]["state"] == own
                && tasks.iter().all(|part| part["state"] == of_tasks);
            ensure!(settled, "{status}");
            Ok(())
        })
        .await
        .with_context(|| self.worker.url())
    }

    async fn shows(&self, logger: &str, level: &str) -> Result<()> {
        let path = format!("/admin/loggers/{logger}");
        wait::until_ok(PATIENCE, &format!("{logger} to be {level}"), async || {
            let told = self.worker.ask("GET", &path, None).await?;
            ensure!(told["level"] == level, "{told}");
            Ok(())
        })
        .await
        .with_context(|| self.worker.url())
    }

    async fn is_gone(&self, connector: &str) -> Result<()> {
        let path = format!("/connectors/{connector}/status");
        wait::until_ok(PATIENCE, &format!("{connector} to be gone"), async || {
            let (status, answer) = self.worker.request("GET", &path, None).await?;
            ensure!(status == 404, "{answer}");
            Ok(())
        })
        .await
    }
}
