//! Behaviours of the state machine, driven event by event through a worker whose surroundings are played by the test.

mod catch_up;
mod fencing;
mod loggers;
mod offsets;
mod questions;
mod reconfigurations;
mod requests;
mod restarts;
mod rounds;
mod seen;
mod statuses;
mod targets;
mod topics;

use std::time::Duration;

use sluice_config::Properties;
use sluice_engine::{TargetState as EngineTarget, TaskEvent, TaskId};
use sluice_group::{Assignment, Change as GroupChange, Joined};
use sluice_rest_model::{
    ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo, ConnectorKind, SettingsPatch,
    State as RunState,
};

use super::*;
use crate::{
    event::{Question, SplitError, Told},
    request::Request,
    store::config::{RestartRequest, TargetState, encode},
};

/// Knows every class but `Missing`, as a sink unless it is `Source`, and finds fault with configurations that hold the key `bad`.
pub(crate) struct AnySink;

impl Plugins for AnySink {
    fn validate(&self, config: &SettingsPatch) -> Result<ConfigInfos, Error> {
        let errors: Vec<String> =
            config.0.contains_key("bad").then(|| "bad is bad".to_owned()).into_iter().collect();
        Ok(ConfigInfos {
            name: "Sink".into(),
            error_count: errors.len(),
            groups: Vec::new(),
            configs: vec![ConfigInfo {
                definition: None,
                value: ConfigValueInfo {
                    name: "bad".into(),
                    value: None,
                    recommended_values: Vec::new(),
                    errors,
                    visible: true,
                    warnings: Vec::new(),
                },
            }],
        })
    }

    fn keys(&self, _: &str, _: Option<&str>) -> Result<Vec<ConfigKeyInfo>, Error> {
        Ok(Vec::new())
    }

    fn kind(&self, class: &str) -> ConnectorKind {
        if class == "Source" { ConnectorKind::Source } else { ConnectorKind::Sink }
    }

    fn class(&self, class: &str) -> Option<String> {
        (class != "Missing").then(|| class.to_owned())
    }

    fn version(&self, _: &str) -> Option<String> {
        None
    }
}

/// A worker with a config topic that stores what it writes at once, and a group of which it is told what to hold.
struct Worker {
    state: State,
    offset: i64,
    effects: Vec<Effect>,
    requests: u64,
}

/// Settings of a worker with this id.
pub(crate) fn settings(worker_id: String) -> Settings {
    Settings {
        worker_id,
        scheme: "http",
        is_alone: false,
        exactly_once: crate::settings::ExactlyOnce::Disabled,
        key_ttl: Duration::from_hours(1),
        key_retry: Duration::from_secs(1),
        sync_timeout: Duration::from_secs(3),
        unsync_backoff: Duration::from_mins(5),
        rebalance_delay: Duration::from_mins(5),
        plugin_timeout: Duration::from_secs(1),
        topic_tracking: true,
        topic_tracking_reset: true,
    }
}

impl Worker {
    fn started() -> Self {
        let state = State::new(settings("me:8083".into()), Arc::new(AnySink));
        let mut worker = Self { state, offset: 0, effects: Vec::new(), requests: 0 };
        worker.step(Event::Started);
        worker
    }

    /// A leader on its own, with nothing to do yet.
    fn leading() -> Self {
        let mut worker = Self::started();
        worker.join(true, &[], &[]);
        worker
    }

    fn step(&mut self, event: Event) {
        self.effects.extend(self.state.step(1_000, event));
    }

    fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn joined(&self, is_leader: bool, connectors: &[&str], tasks: &[(&str, i32)]) -> Joined {
        Joined {
            generation: self.state.membership.generation() + 1,
            leader_id: "leader".into(),
            leader_url: if is_leader { "http://me:8083/" } else { "http://other:8083/" }.into(),
            is_leader,
            is_sessioned: false,
            is_cooperative: true,
            assignment: Assignment {
                config_offset: self.state.config.offset(),
                connectors: connectors.iter().map(|it| (*it).to_owned()).collect(),
                tasks: tasks.iter().map(|(name, task)| ((*name).to_owned(), *task)).collect(),
                ..Assignment::default()
            },
        }
    }

    /// Ends a round of joining with this increment.
    fn join(&mut self, is_leader: bool, connectors: &[&str], tasks: &[(&str, i32)]) {
        assert!(self.is_joining(), "a round of joining is on its way: {:?}", self.effects);
        let joined = self.joined(is_leader, connectors, tasks);
        self.effects.clear();
        self.step(Event::Joined(joined));
    }

    fn is_joining(&self) -> bool {
        self.effects.iter().any(|it| matches!(it, Effect::Join(_)))
    }

    /// Puts records into the config topic and reads them back.
    fn store(&mut self, records: Vec<(String, Option<String>)>) {
        let mut stored = Vec::new();
        for (key, value) in records {
            stored.push(StoredRecord {
                offset: self.offset,
                key: key.into_bytes(),
                value: value.map(String::into_bytes),
            });
            self.offset += 1;
        }
        self.step(Event::ConfigRecords(stored));
    }

    /// Performs the writes that the worker has asked for.
    fn perform_writes(&mut self) {
        let effects = self.take();
        let mut written = Vec::new();
        for effect in effects {
            match effect {
                Effect::WriteConfig(id, records) => written.push((id, records)),
                other => self.effects.push(other),
            }
        }
        for (id, records) in written {
            self.store(records);
            self.step(Event::Written(id, Ok(())));
        }
    }

    fn ask(&mut self, request: Request) -> RequestId {
        self.requests += 1;
        self.step(Event::Request(self.requests, request));
        self.answer_plugins();
        self.requests
    }

    /// Has plugins answer what they are asked.
    fn answer_plugins(&mut self) {
        for effect in self.take() {
            match effect {
                Effect::Ask(id, Question::Validate(config)) => {
                    self.step(Event::Told(id, AnySink.validate(&config).map(Told::Infos)));
                }
                other => self.effects.push(other),
            }
        }
    }

    fn answer(&mut self, id: RequestId) -> Result<Answer, Error> {
        let place =
            self.effects.iter().position(|it| matches!(it, Effect::Reply(to, _) if *to == id));
        match self.effects.remove(place.expect("the request is answered")) {
            Effect::Reply(_, answer) => answer,
            _ => unreachable!("the place was found by its kind"),
        }
    }

    fn started_tasks(&self) -> Vec<i32> {
        let started = |effect: &Effect| match effect {
            Effect::StartTask { id, .. } => Some(id.task),
            _ => None,
        };
        self.effects.iter().filter_map(started).collect()
    }

    fn stopping_tasks(&self) -> Vec<TaskId> {
        let stopping = |effect: &Effect| match effect {
            Effect::StopTasks(ids) => ids.clone(),
            _ => Vec::new(),
        };
        self.effects.iter().flat_map(stopping).collect()
    }

    fn finish_stops(&mut self) {
        let ids = self.stopping_tasks();
        self.effects.retain(|it| !matches!(it, Effect::StopTasks(_)));
        self.step(Event::TasksStopped(ids));
    }

    fn split_attempt(&self) -> u64 {
        let attempt = |effect: &Effect| match effect {
            Effect::Split { attempt, .. } => Some(*attempt),
            _ => None,
        };
        self.effects.iter().rev().find_map(attempt).expect("the connector is asked for its tasks")
    }

    fn state_of(&self, subject: &crate::store::status::Subject) -> Option<RunState> {
        self.state.statuses.of(subject).map(|it| it.state)
    }
}

fn config(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn patch(pairs: &[(&str, &str)]) -> SettingsPatch {
    SettingsPatch(
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect(),
    )
}

fn sink(name: &str) -> Properties {
    config(&[("name", name), ("connector.class", "Sink")])
}

fn task(connector: &str, task: i32) -> TaskId {
    TaskId { connector: connector.to_owned(), task }
}

/// A leader that runs connector `a` with two tasks.
fn running() -> Worker {
    let mut worker = Worker::leading();
    worker.store(encode::connector("a", &sink("a"), None));
    worker.join(true, &["a"], &[]);
    let attempt = worker.split_attempt();
    let configs = vec![config(&[("n", "0")]), config(&[("n", "1")])];
    worker.step(Event::Split { connector: "a".into(), attempt, result: Ok(configs) });
    worker.perform_writes();
    worker.join(true, &[], &[("a", 0), ("a", 1)]);
    assert_eq!(worker.started_tasks(), [0, 1]);
    worker.step(Event::Task(TaskEvent::Running(task("a", 0))));
    worker.step(Event::Task(TaskEvent::Running(task("a", 1))));
    worker.take();
    worker
}
