//! One connector that hangs in one call, from its creation to that of its successor.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::connect::ConnectWorker;
use sluice_kit::wait;

use super::super::pipeline::PATIENCE;
use super::TOPIC;

/// A second for the plugin, and some for the way: nine answers in ten come within.
const SOON: Duration = Duration::from_millis(1500);
/// Every answer comes within, also where the machine pauses: what hangs does so for ever, and Java waits for 90 seconds.
const LATEST: Duration = Duration::from_secs(10);

thread_local! {
    /// How long each answer took to come. A test has a thread of its own.
    static TOOK: RefCell<Vec<Duration>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Source,
    Sink,
}

/// How it hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It waits for what never comes.
    Await,
    /// It keeps its thread.
    Block,
}

/// When the call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the connector is there.
    Validating,
    /// Before it or its task runs.
    Starting,
    /// While it runs.
    Running,
    /// When its offsets change.
    Offsets,
    /// When partitions move.
    Moving,
    /// When it goes.
    Deleting,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) kind: Kind,
    pub(super) call: &'static str,
    pub(super) place: Place,
    pub(super) way: Way,
}

impl Case {
    pub(super) fn name(&self) -> String {
        format!("{:?}-{}-{:?}", self.kind, self.call, self.way)
    }

    fn config(&self, call: &str) -> Value {
        let mut config = json!({
            "connector.class": format!("com.example.Hanging{:?}Connector", self.kind),
            "name": self.name(), "hang.in": call, "hang.how": format!("{:?}", self.way).to_lowercase(),
        });
        if self.kind == Kind::Sink {
            config["topics"] = TOPIC.into();
        }
        config
    }

    pub(super) async fn run(&self, worker: &ConnectWorker) -> Result<()> {
        let path = format!("/connectors/{}", self.name());
        if self.place == Place::Validating {
            return self.is_refused(worker, &path).await;
        }
        self.create(worker).await?;
        match self.place {
            Place::Validating | Place::Starting | Place::Running | Place::Deleting => {}
            Place::Offsets => self.change_offsets(worker, &path).await?,
            Place::Moving => self.share(worker).await?,
        }
        if self.place != Place::Deleting {
            self.hangs(worker).await.context("before it is deleted")?;
            self.may_be_asked(worker, &path).await?;
        }
        let (status, answer) = request(worker, "DELETE", &path, None).await?;
        ensure!(status == 204, "DELETE: {status} {answer}");
        self.hangs(worker).await.context("once it is deleted")?;
        self.is_left_behind(worker).await?;

        // Another of its name is another.
        let config = self.config("nothing");
        let (status, answer) =
            request(worker, "PUT", &format!("{path}/config"), Some(&config)).await?;
        ensure!(status == 201, "PUT: {status} {answer}");
        self.runs(worker, &path).await.context("the successor")
    }

    /// Creates it, and waits until it runs if it is to run first.
    pub(super) async fn create(&self, worker: &ConnectWorker) -> Result<()> {
        let path = format!("/connectors/{}", self.name());
        let config = self.config(self.call);
        let (status, answer) =
            request(worker, "PUT", &format!("{path}/config"), Some(&config)).await?;
        ensure!(status == 201, "PUT: {status} {answer}");
        match self.place {
            Place::Offsets | Place::Moving | Place::Deleting => self.runs(worker, &path).await,
            Place::Validating | Place::Starting | Place::Running => Ok(()),
        }
    }

    pub(super) async fn hangs(&self, worker: &ConnectWorker) -> Result<()> {
        let line = format!("{} hangs in {}\n", self.name(), self.call);
        wait::until(PATIENCE, &line, async || worker.output().is_ok_and(|it| it.contains(&line)))
            .await
    }

    async fn is_refused(&self, worker: &ConnectWorker, path: &str) -> Result<()> {
        let config = self.config(self.call);
        let told = |answer: &Value| {
            let class = config["connector.class"].as_str().unwrap_or_default();
            let doing = format!("validating the configuration with the connector {class}, which");
            let expected = format!("Request timed out. The worker is currently {doing} began at ");
            let message = answer["message"].as_str().unwrap_or_default();
            message.starts_with(&expected)
        };
        let create = json!({"name": self.name(), "config": config});
        for (method, path, body) in [
            ("PUT", &format!("{path}/config"), &config),
            ("POST", &"/connectors".to_owned(), &create),
        ] {
            let (status, answer) = request(worker, method, path, Some(body)).await?;
            ensure!(status == 500 && told(&answer), "{method}: {status} {answer}");
        }
        let (status, answer) = request(worker, "GET", path, None).await?;
        ensure!(status == 404, "{answer}");
        Ok(())
    }

    async fn change_offsets(&self, worker: &ConnectWorker, path: &str) -> Result<()> {
        let (status, answer) = request(worker, "PUT", &format!("{path}/stop"), None).await?;
        ensure!(status == 204, "stop: {status} {answer}");
        let offset = match self.kind {
            Kind::Source => json!({"partition": {"all": 0}, "offset": {"at": 1}}),
            Kind::Sink => json!({
                "partition": {"kafka_topic": TOPIC, "kafka_partition": 0},
                "offset": {"kafka_offset": 1},
            }),
        };
        let (path, body) = (format!("{path}/offsets"), json!({"offsets": [offset]}));
        let expected = format!(
            "Request timed out. The worker is currently asking connector {} to look at its new offsets, which began at ",
            self.name()
        );
        // Refused until its tasks have stopped.
        wait::until_ok(PATIENCE, "the change to be told to hang", async || {
            let (status, answer) = request(worker, "PATCH", &path, Some(&body)).await?;
            let message = answer["message"].as_str().unwrap_or_default();
            ensure!(status == 500 && message.starts_with(&expected), "{status} {answer}");
            Ok(())
        })
        .await
    }

    /// Another sink takes a part of its partitions.
    async fn share(&self, worker: &ConnectWorker) -> Result<()> {
        let rival = json!({
            "connector.class": "NullSink", "topics": TOPIC,
            "consumer.override.group.id": format!("connect-{}", self.name()),
        });
        let path = format!("/connectors/{}-rival/config", self.name());
        let (status, answer) = request(worker, "PUT", &path, Some(&rival)).await?;
        ensure!(status == 201, "PUT: {status} {answer}");
        Ok(())
    }

    /// While it hangs, clients may do what they like.
    async fn may_be_asked(&self, worker: &ConnectWorker, path: &str) -> Result<()> {
        if self.call == "split" {
            self.shows(worker, path).await.context("while it says no tasks")?;
        }
        for (method, more, expected) in [
            ("GET", "", &[200][..]),
            ("GET", "/config", &[200]),
            ("GET", "/tasks", &[200]),
            ("GET", "/status", &[200]),
            ("PUT", "/pause", &[202]),
            ("PUT", "/resume", &[202]),
            ("GET", "/offsets", &[200]),
        ] {
            let (status, answer) = request(worker, method, &format!("{path}{more}"), None).await?;
            ensure!(expected.contains(&status), "{method} {more}: {status} {answer}");
        }
        if self.call == "split" {
            self.does_not_restart(worker, path).await?;
            return self.shows(worker, path).await.context("after its restart");
        }
        Ok(())
    }

    /// It runs as in Java, without tasks, and says why there are none.
    async fn shows(&self, worker: &ConnectWorker, path: &str) -> Result<()> {
        wait::until_ok(PATIENCE, "it to run without tasks", async || {
            let status = worker.ask("GET", &format!("{path}/status"), None).await?;
            let connector = &status["connector"];
            let why = connector["trace"].as_str().unwrap_or_default();
            let is_told = connector["state"] == "RUNNING" && why.contains("has not answered yet");
            ensure!(is_told && status["tasks"] == json!([]), "{status}");
            Ok(())
        })
        .await
    }

    /// As in `testBlockInConnectorStart`; it hangs again.
    async fn does_not_restart(&self, worker: &ConnectWorker, path: &str) -> Result<()> {
        let (status, answer) = request(worker, "POST", &format!("{path}/restart"), None).await?;
        let expected =
            "Request timed out. The worker is currently starting the connector, which began at ";
        let message = answer["message"].as_str().unwrap_or_default();
        ensure!(status == 500 && message.starts_with(expected), "{status} {answer}");
        Ok(())
    }

    /// What keeps the thread of a task shows in the metrics.
    async fn is_left_behind(&self, worker: &ConnectWorker) -> Result<()> {
        let calls = ["open", "poll", "commit", "assigned", "put", "flush", "revoked", "close"];
        if self.way == Way::Await || !calls.contains(&self.call) {
            return Ok(());
        }
        let name = self.name();
        let line = format!("sluice_engine_tasks_left_behind{{connector=\"{name}\",task=\"0\"}}");
        wait::until(PATIENCE, &line, async || {
            worker.metrics().await.is_ok_and(|it| it.contains(&line))
        })
        .await
    }

    async fn runs(&self, worker: &ConnectWorker, path: &str) -> Result<()> {
        wait::until_ok(PATIENCE, "it to run", async || {
            let status = worker.ask("GET", &format!("{path}/status"), None).await?;
            let parts = [&status["connector"], &status["tasks"][0]];
            ensure!(parts.iter().all(|it| it["state"] == "RUNNING"), "{status}");
            Ok(())
        })
        .await
    }
}

/// Sends a request, which is answered soon; again while the group is joined.
pub(super) async fn request(
    worker: &ConnectWorker,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value)> {
    let mut answered = (0, Value::Null);
    wait::until_ok(PATIENCE, "no rebalance", async || {
        let asked = Instant::now();
        answered = worker.request(method, path, body).await?;
        let took = asked.elapsed();
        ensure!(answered.0 != 409, "{answered:?}");
        TOOK.with_borrow_mut(|it| it.push(took));
        if took > LATEST {
            answered = (0, format!("{took:?} for {answered:?}").into());
        }
        Ok(())
    })
    .await?;
    Ok(answered)
}

/// Checks how long the answers to this test's requests took.
pub(super) fn answers_came_soon() -> Result<()> {
    let mut took = TOOK.take();
    took.sort();
    let ninth = took.get(took.len() * 9 / 10).context("no answers")?;
    eprintln!("nine of ten among {} answers within {ninth:?}", took.len());
    ensure!(*ninth <= SOON, "{took:?}");
    Ok(())
}
