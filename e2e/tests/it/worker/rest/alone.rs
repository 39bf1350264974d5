//! The same scripts, asked of workers on their own. What they have of their own is named here, answer by answer.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use sluice_kit::connect::{ConnectWorker, Launch, WorkerFile};
use sluice_kit::kafka::{KafkaOptions, KafkaServer};
use sluice_kit::{binaries, java};

use super::script::{self, Step};
use super::{Both, SCRIPTS, Side, values, worker_file};

/// What Java must not be asked: from then on it has a failed task that nobody has configured.
const RUINOUS: &[&str] = &[
    "POST /connectors/it/tasks/1/restart",
    "POST /connectors/it/tasks/-1/restart",
    "POST /connectors/it/tasks/7/restart",
    "POST /connectors/task/tasks/7/restart",
    "POST /connectors/none/tasks/0/restart",
];

/// Requests with answers of their own; why is in `docs/differences.md`.
const EXPLAINED: &[&str] = &[
    "connectors: PUT /connectors/none/stop ",
    "connectors: POST /connectors/none/restart ",
    "connectors: POST /connectors/none/restart?includeTasks=false&onlyFailed=false ",
    "restarts: PUT /connectors/own/config ",
    "restarts: POST /connectors/own/restart ",
];

#[tokio::test]
async fn every_answer_of_a_worker_on_its_own_is_that_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    // Sinks of a group have the same consumer groups, and theirs are those of other tests too.
    let kafka = KafkaServer::start(KafkaOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    let jars = java::test_connectors().await?;
    let start = async |launch: Launch, name: &str| {
        let offsets = folder.path().join(format!("{name}.offsets"));
        let file = alone(worker_file(&kafka, name, folder.path()), &offsets);
        let worker = ConnectWorker::start(&file, &launch.alone_with(&[])).await?;
        Side::of(worker.answering().await?).await
    };
    let java = start(Launch::java(java::QUICK).with_jars(&jars), "java").await?;
    let sluice = start(Launch::sluice(&binaries::binary("sluice-worker")?), "sluice").await?;
    let values = values(folder.path())?;
    let mut both = Both { java, sluice, are_alone: true, asked: 0, different: Vec::new() };
    for (name, text) in SCRIPTS {
        for step in script::parse(text, &values).with_context(|| (*name).to_owned())? {
            if is_ruinous(&step) {
                continue;
            }
            let outcome = both.follow(name, step).await;
            outcome
                .with_context(|| format!("{name}; until then:\n{}", both.different.join("\n")))?;
        }
    }
    for explained in EXPLAINED {
        let before = both.different.len();
        both.different.retain(|it| !it.starts_with(explained));
        ensure!(both.different.len() < before, "the answers are equal: {explained}");
    }
    both.verdict()
}

fn is_ruinous(step: &Step) -> bool {
    let Step::Ask(request, _) = step else { return false };
    RUINOUS.contains(&format!("{} {}", request.method, request.path).as_str())
}

fn alone(mut file: WorkerFile, offsets: &Path) -> WorkerFile {
    for key in ["group.id", "config.storage.topic", "offset.storage.topic", "status.storage.topic"]
    {
        file = file.without(key);
    }
    file.with("offset.storage.file.filename", &offsets.display().to_string())
}
