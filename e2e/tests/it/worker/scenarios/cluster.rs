//! Three workers of one group, and all that they have ever printed.

use anyhow::{Result, ensure};
use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::wait;

use super::super::pipeline::PATIENCE;

/// How a worker ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// SIGTERM, and nobody waits for what it did.
    Clean,
    /// SIGKILL.
    Unclean,
}

/// Workers of one group.
pub(super) struct Cluster {
    pub(super) workers: Vec<ConnectWorker>,
    /// What workers had printed when they ended.
    printed: String,
}

impl Cluster {
    /// The shortest sessions that the broker allows, many commits.
    pub(super) fn file(bootstrap: &str, group: &str) -> WorkerFile {
        WorkerFile::new(bootstrap, group)
            .with("session.timeout.ms", "6000")
            .with("heartbeat.interval.ms", "1000")
            .with("consumer.session.timeout.ms", "6000")
            .with("consumer.heartbeat.interval.ms", "1000")
            .with("consumer.metadata.max.age.ms", "500")
            .with("offset.flush.interval.ms", "200")
    }

    pub(super) async fn start(file: &WorkerFile) -> Result<Self> {
        let mut workers = Vec::new();
        for _ in 0..3 {
            workers.push(ConnectWorker::sluice(file).await?);
        }
        let cluster = Self { workers, printed: String::new() };
        for worker in &cluster.workers {
            ready(worker).await?;
        }
        Ok(cluster)
    }

    pub(super) async fn create(&self, name: &str, config: &Value) -> Result<()> {
        self.ask(0, "PUT", &format!("/connectors/{name}/config"), Some(config)).await.map(drop)
    }

    /// Asks a worker, again while the group is joined.
    pub(super) async fn ask(
        &self,
        worker: usize,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        wait::until_ok(PATIENCE, &format!("{method} {path}"), async || {
            self.workers[worker].ask(method, path, body).await
        })
        .await
    }

    /// Waits until every worker tells the connector and so many tasks to be in a state.
    pub(super) async fn all_tell(&self, name: &str, tasks: usize, state: &str) -> Result<()> {
        let path = format!("/connectors/{name}/status");
        for worker in &self.workers {
            wait::until_ok(PATIENCE, &format!("{name} to be {state}"), async || {
                let status = worker.ask("GET", &path, None).await?;
                let of_tasks: Vec<&Value> = status["tasks"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| &it["state"])
                    .collect();
                let is_so = status["connector"]["state"] == state
                    && of_tasks.len() == tasks
                    && of_tasks.iter().all(|it| **it == state);
                ensure!(is_so, "{status}");
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Ends a worker and starts it again, under the same address.
    pub(super) async fn bounce(&mut self, worker: usize, end: End) -> Result<()> {
        self.end(worker, end).await?;
        self.workers[worker].start_again().await?;
        ready(&self.workers[worker]).await
    }

    /// Ends all workers at the same time, and starts them again.
    pub(super) async fn restart(&mut self) -> Result<()> {
        self.end_all().await?;
        for worker in &mut self.workers {
            worker.start_again().await?;
        }
        Ok(())
    }

    /// Ends all workers in good order.
    pub(super) async fn end_all(&mut self) -> Result<()> {
        for worker in 0..self.workers.len() {
            self.end(worker, End::Clean).await?;
        }
        Ok(())
    }

    async fn end(&mut self, index: usize, end: End) -> Result<()> {
        let worker = &mut self.workers[index];
        match end {
            End::Clean => {
                let status = worker.terminate().await?;
                ensure!(status.success(), "it ended with {status}: {}", worker.output()?);
            }
            End::Unclean => worker.crash()?,
        }
        // The next start begins the file anew.
        self.printed.push_str(&worker.output()?);
        std::fs::write(worker.log(), "")?;
        Ok(())
    }

    /// All that was printed, that of one process after the other.
    pub(super) fn printed(&self) -> String {
        let mut printed = self.printed.clone();
        for worker in &self.workers {
            printed.push_str(&worker.output().unwrap_or_default());
        }
        printed
    }
}

async fn ready(worker: &ConnectWorker) -> Result<()> {
    wait::until_ok(PATIENCE, "a worker to be ready", async || {
        worker.ask("GET", "/health", None).await.map(drop)
    })
    .await
}
