//! Behaviours of the state machine, driven event by event through a worker whose surroundings are played by the test.

mod offsets;
mod questions;

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

/// Knows every class as a sink and finds fault with configurations that hold the key `bad`.
struct AnySink;

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
                },
            }],
        })
    }

    fn keys(&self, _: &str, _: Option<&str>) -> Result<Vec<ConfigKeyInfo>, Error> {
        Ok(Vec::new())
    }

    fn kind(&self, _: &str) -> ConnectorKind {
        ConnectorKind::Sink
    }

    fn class(&self, class: &str) -> Option<String> {
        Some(class.to_owned())
    }

    fn version(&self, _: &str) -> Option<String> {
        None
    }
}

mod seen;

/// A worker with a config topic that stores what it writes at once, and a group of which it is told what to hold.
struct Worker {
    state: State,
    offset: i64,
    effects: Vec<Effect>,
    requests: u64,
}

impl Worker {
    fn started() -> Self {
        let settings = Settings {
            worker_id: "me:8083".into(),
            scheme: "http",
            key_ttl: Duration::from_hours(1),
            key_retry: Duration::from_secs(1),
            sync_timeout: Duration::from_secs(3),
            plugin_timeout: Duration::from_secs(1),
            topic_tracking: true,
            topic_tracking_reset: true,
        };
        let state = State::new(settings, Arc::new(AnySink));
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

#[test]
fn a_created_connector_gets_its_tasks_in_two_rounds() {
    let mut worker = Worker::leading();
    let request = Request::Create {
        name: "a".into(),
        config: patch(&[("name", "a"), ("connector.class", "Sink")]),
        initial: None,
    };
    let id = worker.ask(request);
    worker.perform_writes();
    assert!(
        matches!(worker.answer(id), Ok(Answer::Connector(info, true)) if info.tasks.is_empty())
    );
    worker.join(true, &["a"], &[]);
    let attempt = worker.split_attempt();
    worker.step(Event::Split { connector: "a".into(), attempt, result: Ok(vec![sink("a")]) });
    worker.perform_writes();
    worker.join(true, &[], &[("a", 0)]);
    assert_eq!(worker.started_tasks(), [0]);
}

#[test]
fn topics_are_told_once_and_forgotten_with_their_connector() {
    let mut worker = running();
    let written = |worker: &mut Worker| -> Vec<(String, bool)> {
        let topic = |effect| match effect {
            Effect::WriteStatus(key, value) if key.starts_with("status-topic-") => {
                Some((key, value.is_some()))
            }
            _ => None,
        };
        worker.take().into_iter().filter_map(topic).collect()
    };
    let used = || Event::Task(TaskEvent::ActiveTopic(task("a", 0), "t".into()));
    let key = "status-topic-t:connector-a".to_owned();
    worker.step(used());
    worker.step(used());
    assert_eq!(written(&mut worker), [(key.clone(), true)]);
    worker.step(Event::Task(TaskEvent::ActiveTopic(task("b", 0), "t".into())));
    assert_eq!(written(&mut worker), [], "nobody runs it here");
    let id = worker.ask(Request::Topics("a".into()));
    let topics = Answer::Topics("a".into(), vec!["t".into()]);
    assert_eq!(worker.answer(id), Ok(topics));
    worker.ask(Request::ResetTopics("a".into()));
    assert_eq!(written(&mut worker), [(key.clone(), false)]);
    worker.step(used());
    worker.take();
    worker.ask(Request::Delete("a".into()));
    worker.perform_writes();
    assert!(written(&mut worker).contains(&(key, false)));
}

#[test]
fn revoked_tasks_are_stopped_before_the_worker_joins_again() {
    let mut worker = running();
    worker.step(Event::Membership(GroupChange::Rebalance));
    let mut joined = worker.joined(true, &[], &[]);
    joined.assignment.revoked_tasks = vec![("a".into(), 1)];
    worker.take();
    worker.step(Event::Joined(joined));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    assert!(!worker.is_joining());
    worker.finish_stops();
    assert!(worker.is_joining());
    assert!(worker.started_tasks().is_empty(), "task 0 was never touched");
}

#[test]
fn a_lost_membership_stops_everything_before_the_next_round() {
    for change in [GroupChange::CoordinatorLost, GroupChange::Fenced] {
        let mut worker = running();
        worker.step(Event::Membership(change));
        assert_eq!(worker.stopping_tasks().len(), 2);
        assert!(!worker.is_joining());
        worker.finish_stops();
        let joins: Vec<_> =
            worker.take().into_iter().filter(|it| matches!(it, Effect::Join(_))).collect();
        assert!(matches!(&joins[..], [Effect::Join(local)] if local.assignment.is_none()));
    }
}

#[test]
fn under_the_oldest_protocol_everything_stops_before_a_round() {
    let mut worker = Worker::started();
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_cooperative = false;
    worker.take();
    worker.step(Event::Joined(joined));
    worker.store(encode::connector("a", &sink("a"), None));
    worker.store(encode::tasks("a", &[sink("a")]));
    let mut joined = worker.joined(true, &["a"], &[("a", 0)]);
    joined.is_cooperative = false;
    worker.take();
    worker.step(Event::Joined(joined.clone()));
    worker.step(Event::Joined(joined));
    assert_eq!(worker.started_tasks(), [0]);
    worker.take();
    worker.step(Event::Membership(GroupChange::Rebalance));
    assert_eq!(worker.stopping_tasks(), [task("a", 0)]);
    assert!(!worker.is_joining());
    worker.finish_stops();
    assert!(worker.is_joining());
}

#[test]
fn tasks_with_a_new_configuration_are_stopped_and_started_again() {
    let mut worker = running();
    worker.store(encode::tasks("a", &[config(&[("n", "7")])]));
    assert_eq!(worker.stopping_tasks().len(), 2);
    worker.finish_stops();
    assert!(worker.is_joining());
    let mut joined = worker.joined(true, &[], &[]);
    joined.assignment.revoked_tasks = vec![("a".into(), 1)];
    worker.take();
    worker.step(Event::Joined(joined));
    worker.join(true, &[], &[]);
    assert_eq!(worker.started_tasks(), [0]);
}

#[test]
fn an_assignment_on_configuration_not_read_yet_waits_for_it() {
    let mut worker = Worker::started();
    let mut joined = worker.joined(false, &["a"], &[]);
    joined.assignment.config_offset = 1;
    worker.take();
    worker.step(Event::Joined(joined));
    assert!(worker.effects.iter().any(|it| matches!(it, Effect::ReadConfig)));
    assert!(!worker.effects.iter().any(|it| matches!(it, Effect::Split { .. })));
    worker.store(encode::connector("a", &sink("a"), None));
    worker.step(Event::ConfigRead(true));
    // The connector is new to this worker: it asks for another round, and starts what it holds after it.
    worker.join(false, &[], &[]);
    worker.split_attempt();
}

#[test]
fn a_follower_sends_its_task_set_to_the_leader_and_tries_again() {
    let mut worker = Worker::started();
    worker.store(encode::connector("a", &sink("a"), None));
    worker.join(false, &["a"], &[]);
    if worker.is_joining() {
        worker.join(false, &[], &[]);
    }
    let attempt = worker.split_attempt();
    worker.take();
    worker.step(Event::Split { connector: "a".into(), attempt, result: Ok(vec![sink("a")]) });
    assert!(worker.effects.iter().any(
        |it| matches!(it, Effect::SendTasks { leader, .. } if leader == "http://other:8083/")
    ));
    worker.take();
    worker.step(Event::TasksSent { connector: "a".into(), attempt, result: Err("409".into()) });
    let [Effect::After(_, timer)] = &worker.take()[..] else { panic!("it waits and tries again") };
    worker.step(Event::Timer(timer.clone()));
    assert_eq!(worker.split_attempt(), attempt);
}

#[test]
fn stopping_a_connector_takes_its_tasks_away_and_resuming_brings_them_back() {
    let mut worker = running();
    let id = worker.ask(Request::Stop("a".into()));
    worker.perform_writes();
    assert_eq!(worker.answer(id), Ok(Answer::Done));
    worker.finish_stops();
    let mut joined = worker.joined(true, &[], &[]);
    joined.assignment.revoked_tasks = vec![("a".into(), 0), ("a".into(), 1)];
    worker.take();
    worker.step(Event::Joined(joined));
    worker.join(true, &[], &[]);
    let subject = crate::store::status::Subject::Connector("a".into());
    assert_eq!(worker.state_of(&subject), Some(RunState::Stopped));
    worker.take();

    worker.ask(Request::SetTarget("a".into(), TargetState::Started));
    worker.perform_writes();
    worker.split_attempt();
}

#[test]
fn pausing_touches_neither_connector_nor_tasks() {
    let mut worker = running();
    worker.ask(Request::SetTarget("a".into(), TargetState::Paused));
    worker.perform_writes();
    assert!(
        worker
            .effects
            .iter()
            .any(|it| matches!(it, Effect::SetTarget(name, EngineTarget::Paused) if name == "a"))
    );
    assert!(worker.stopping_tasks().is_empty() && !worker.is_joining());
}

#[test]
fn a_restarted_task_is_stopped_and_started_on_the_spot() {
    let mut worker = running();
    let id = worker.ask(Request::RestartTask(task("a", 1)));
    assert_eq!(worker.answer(id), Ok(Answer::Done));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    worker.finish_stops();
    assert_eq!(worker.started_tasks(), [1]);
    assert!(!worker.is_joining());
}

#[test]
fn a_restart_record_restarts_only_what_it_selects() {
    let mut worker = running();
    worker.step(Event::Task(TaskEvent::Failed(task("a", 1), "trace".into())));
    let request = RestartRequest { connector: "a".into(), include_tasks: true, only_failed: true };
    let id = worker.ask(Request::Restart(request));
    worker.perform_writes();
    let Ok(Answer::Status(state)) = worker.answer(id) else { panic!("it tells the state") };
    assert_eq!(
        state.tasks.iter().map(|it| it.state).collect::<Vec<_>>(),
        [RunState::Running, RunState::Restarting]
    );
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
}

#[test]
fn a_split_that_may_succeed_later_is_tried_again_and_another_fails_the_connector() {
    for (is_retriable, failed) in [(true, false), (false, true)] {
        let mut worker = Worker::leading();
        worker.store(encode::connector("a", &sink("a"), None));
        worker.join(true, &["a"], &[]);
        let attempt = worker.split_attempt();
        worker.take();
        let error = SplitError { is_retriable, trace: "trace".into() };
        let result = Err(error.clone());
        worker.step(Event::Split { connector: "a".into(), attempt, result });
        let subject = crate::store::status::Subject::Connector("a".into());
        assert_eq!(worker.state_of(&subject) == Some(RunState::Failed), failed);
        assert_eq!(worker.effects.iter().any(|it| matches!(it, Effect::After(..))), is_retriable);

        // What watches over the work of a connector has no other choices.
        let mut worker = running();
        worker.step(Event::Watched { connector: "a".into(), attempt: 1, result: Err(error) });
        assert_eq!(worker.state_of(&subject) == Some(RunState::Failed), failed);
        assert_eq!(worker.effects.iter().any(|it| matches!(it, Effect::After(..))), is_retriable);
    }
}

#[test]
fn requests_are_refused_with_javas_words() {
    let create = |name: &str, key: &str| Request::Create {
        name: name.into(),
        config: patch(&[("name", name), ("connector.class", "Sink"), (key, "1")]),
        initial: None,
    };
    let cases: [(Request, &str); 8] = [
        (create("a", "x"), "Connector a already exists"),
        (create("b", "bad"), "contains the following 1 error(s):\nbad is bad\nYou can also find"),
        (Request::Connector("b".into()), "Connector b not found"),
        (Request::Delete("b".into()), "Connector b not found"),
        (Request::Status("b".into()), "No status found for connector b"),
        (Request::SetTarget("b".into(), TargetState::Paused), "Unknown connector b"),
        (Request::RestartConnector("b".into()), "Unknown connector: b"),
        (Request::RestartTask(task("a", 9)), "Unknown task: a-9"),
    ];
    for (request, expected) in cases {
        let mut worker = running();
        let asked = format!("{request:?}");
        let id = worker.ask(request);
        let error = worker.answer(id).expect_err(&asked).to_string();
        assert!(error.contains(expected), "{asked}: {error}");
    }
}

#[test]
fn a_follower_names_the_leader_for_what_only_that_can_do() {
    let mut worker = Worker::started();
    worker.join(false, &[], &[]);
    let id = worker.ask(Request::Delete("a".into()));
    assert_eq!(worker.answer(id), Err(Error::Elsewhere(Some("http://other:8083/".into()))));
}

#[test]
fn the_leader_of_a_sessioned_group_makes_a_key_once() {
    let mut worker = Worker::started();
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_sessioned = true;
    worker.take();
    worker.step(Event::Joined(joined));
    let keys = |worker: &Worker| {
        worker.effects.iter().filter(|it| matches!(it, Effect::NewSessionKey(_))).count()
    };
    assert_eq!(keys(&worker), 1);
    worker.step(Event::Membership(GroupChange::Rebalance));
    let mut joined = worker.joined(true, &[], &[]);
    joined.is_sessioned = true;
    worker.step(Event::Joined(joined));
    assert_eq!(keys(&worker), 1);
}

#[test]
fn the_end_stops_every_task_before_the_group_is_left() {
    let mut worker = running();
    worker.step(Event::Stop);
    assert_eq!(worker.stopping_tasks().len(), 2);
    assert!(!worker.effects.iter().any(|it| matches!(it, Effect::Leave | Effect::Exit)));
    worker.finish_stops();
    let ends: Vec<_> =
        worker.take().into_iter().filter(|it| matches!(it, Effect::Leave | Effect::Exit)).collect();
    assert!(matches!(ends[..], [Effect::Leave, Effect::Exit]));
}

#[test]
fn tasks_whose_values_have_changed_start_again_and_no_others() {
    let mut worker = running();
    worker.step(Event::ValuesChanged(vec![task("a", 1), task("gone", 0)]));
    assert_eq!(worker.stopping_tasks(), [task("a", 1)]);
    worker.finish_stops();
    assert_eq!(worker.started_tasks().last(), Some(&1));
}

#[test]
fn a_connector_whose_value_expires_is_asked_again_once() {
    let mut worker = running();
    let asked =
        |worker: &Worker| worker.effects.iter().any(|it| matches!(it, Effect::Split { .. }));
    let reload = |attempt| Event::Timer(Timer::Reload("a".into(), attempt));
    let first = 1;
    worker.step(reload(first + 1));
    assert!(!asked(&worker));
    worker.step(reload(first));
    assert_eq!(worker.split_attempt(), first + 1);
    worker.take();
    worker.step(reload(first));
    assert!(!asked(&worker));
}
