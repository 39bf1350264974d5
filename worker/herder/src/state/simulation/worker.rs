//! A simulated worker: a state machine, and its surroundings that do what it says, late and not always well.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use sluice_config::Properties;
use sluice_engine::{TargetState as EngineTarget, TaskEvent, TaskId};

use super::{
    super::{Plugins as _, State, tests::AnySink},
    member::Member,
    world::{At, World},
};
use crate::{
    event::{Effect, Event, Question, SplitError, StoredRecord, Told},
    store::config::{SessionKey, encode},
};

/// A task that runs.
pub(super) struct Run {
    pub(super) config: Properties,
    pub(super) target: EngineTarget,
    is_stopping: bool,
    number: u64,
}

impl Run {
    /// Whether it has not been told to stop.
    pub(super) const fn is_wanted(&self) -> bool {
        !self.is_stopping
    }
}

/// Something that waits for the config topic to be read to an end.
struct Wait {
    number: u64,
    end: usize,
    event: Event,
}

pub(super) struct Worker {
    pub(super) url: String,
    pub(super) life: u32,
    /// None while it is down.
    pub(super) state: Option<State>,
    pub(super) member: Member,
    pub(super) tasks: BTreeMap<TaskId, Run>,
    /// How far it has read the config topic.
    pub(super) position: usize,
    status_position: usize,
    waits: Vec<Wait>,
    /// Records for the status topic.
    unsent: VecDeque<(String, Option<String>)>,
    /// Until when it reads nothing.
    slow_until: u64,
    /// Until when it does nothing.
    pub(super) stalled_until: u64,
    /// Until when nobody can be reached.
    pub(super) cut_until: u64,
    numbers: u64,
}

impl Worker {
    pub(super) fn new(index: usize) -> Self {
        Self {
            url: format!("http://w{index}:8083/"),
            life: 0,
            state: None,
            member: Member::new(Duration::ZERO),
            tasks: BTreeMap::new(),
            position: 0,
            status_position: 0,
            waits: Vec::new(),
            unsent: VecDeque::new(),
            slow_until: 0,
            stalled_until: 0,
            cut_until: 0,
            numbers: 0,
        }
    }

    /// Begins another life.
    pub(super) fn begin(&mut self, state: State, max_delay: Duration) {
        let url = std::mem::take(&mut self.url);
        let (life, numbers) = (self.life + 1, self.numbers);
        *self = Self { url, life, numbers, state: Some(state), ..Self::new(0) };
        self.member = Member::new(max_delay);
    }

    /// Ends this life: nothing of it runs on.
    pub(super) fn end(&mut self) {
        self.state = None;
        self.tasks.clear();
        self.waits.clear();
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

impl World {
    /// Reads what is new in the internal topics.
    pub(super) fn read(&mut self, at: At) {
        let (now, is_slow) = (self.now, !self.is_calm && self.chance.percent(3));
        let pause = self.chance.between(100, 4_000);
        let Some(worker) = self.alive(at) else { return };
        if is_slow {
            worker.slow_until = now + pause;
        }
        let until = worker.slow_until.max(worker.stalled_until).max(worker.cut_until);
        if until > now {
            return self.after(until - now, move |world| world.read(at));
        }
        let (from, status_from) = (worker.position, worker.status_position);
        let records: Vec<StoredRecord> =
            self.log[from..].iter().map(|it| it.record.clone()).collect();
        let statuses = self.statuses[status_from..].to_vec();
        let (end, status_end) = (self.log.len(), self.statuses.len());
        if let Some(worker) = self.alive(at) {
            (worker.position, worker.status_position) = (end, status_end);
        }
        if !records.is_empty() {
            self.step(at, Event::ConfigRecords(records));
        }
        if !statuses.is_empty() {
            self.step(at, Event::StatusRecords(statuses));
        }
        let Some(worker) = self.alive(at) else { return };
        let (due, rest): (Vec<Wait>, Vec<Wait>) =
            std::mem::take(&mut worker.waits).into_iter().partition(|it| it.end <= end);
        worker.waits = rest;
        for wait in due {
            let pause = self.chance.between(0, 5);
            self.after(pause, move |world| world.step(at, wait.event));
        }
    }

    /// Hands out an event once the config topic is read to its end, or another one if that takes too long.
    fn read_to_end(&mut self, at: At, limit: u64, event: Event, late: Event) {
        let end = self.log.len();
        let Some(worker) = self.alive(at) else { return };
        let number = worker.number();
        worker.waits.push(Wait { number, end, event });
        let pause = self.chance.between(1, 20);
        self.after(pause, move |world| world.read(at));
        self.after(limit, move |world| {
            let Some(worker) = world.alive(at) else { return };
            let before = worker.waits.len();
            worker.waits.retain(|it| it.number != number);
            if worker.waits.len() < before {
                world.step(at, late);
            }
        });
    }

    /// Does what a state machine says.
    pub(super) fn perform(&mut self, at: At, effect: Effect) {
        if self.trace.is_some() {
            let line = format!("w{} > {effect:?}", at.worker);
            self.tell(|| line);
        }
        match effect {
            Effect::Join(local) => self.join(at, local),
            Effect::StepOut => self.step_out(at),
            Effect::ReadConfig => {
                self.read_to_end(at, 3_000, Event::ConfigRead(true), Event::ConfigRead(false));
            }
            Effect::Refresh(id) => {
                let (read, late) = (Event::Refreshed(id, true), Event::Refreshed(id, false));
                self.read_to_end(at, 3_000, read, late);
            }
            Effect::StartTask { id, task, target, .. } => self.start_task(at, id, task, target),
            Effect::StopTasks(ids) => self.stop_tasks(at, ids),
            Effect::SetTarget(connector, target) => self.set_target(at, &connector, target),
            Effect::Split { connector, config, attempt } => {
                self.split(at, connector, config, attempt);
            }
            Effect::Watch { connector, attempt, .. } => self.watch(at, connector, attempt),
            Effect::Ask(id, Question::Validate(config)) => {
                let told = AnySink.validate(&config).map(Told::Infos);
                let pause = self.chance.lag(50, 2_000);
                self.after(pause, move |world| world.step(at, Event::Told(id, told)));
            }
            Effect::WriteConfig(id, records) => self.write(at, id, records),
            Effect::NewSessionKey(id) => {
                let key = self.chance.between(0, 255) as u8;
                let key = SessionKey {
                    key: vec![key],
                    algorithm: "HmacSHA256".into(),
                    created: self.now as i64,
                };
                self.write(at, id, vec![encode::session_key(&key)]);
            }
            Effect::WriteStatus(key, value) => self.write_status(at, key, value),
            Effect::SendTasks { leader, connector, attempt, configs, key } => {
                self.send_tasks(at, &leader, (connector, attempt), &configs, key.as_ref());
            }
            Effect::Reply(id, answer) => self.answered(id, answer),
            Effect::After(pause, timer) => {
                let pause = pause.as_millis() as u64;
                self.after(pause, move |world| world.step(at, Event::Timer(timer)));
            }
            Effect::Exit => self.exit(at),
            // What is left behind does not show in who runs what.
            Effect::Leave
            | Effect::Hurry
            | Effect::Stage(..)
            | Effect::SetLogger(_)
            | Effect::ForgetTopics(_)
            | Effect::ClaimWrites
            | Effect::Fence { .. }
            | Effect::SendFence { .. }
            | Effect::Ask(..)
            | Effect::Offsets { .. } => {}
        }
    }

    fn start_task(&mut self, at: At, id: TaskId, config: Properties, target: EngineTarget) {
        self.check_alone(at, &id);
        let Some(worker) = self.alive(at) else { return };
        let number = worker.number();
        worker.tasks.insert(id.clone(), Run { config, target, is_stopping: false, number });
        self.tell_target(at, id, number);
    }

    /// A task reports what it does now.
    fn tell_target(&mut self, at: At, id: TaskId, number: u64) {
        let pause = self.chance.lag(50, 1_000);
        self.after(pause, move |world| {
            let run = world.alive(at).and_then(|it| it.tasks.get(&id));
            let Some(run) = run.filter(|it| it.number == number && !it.is_stopping) else { return };
            let event = match run.target {
                EngineTarget::Running => TaskEvent::Running(id),
                EngineTarget::Paused => TaskEvent::Paused(id),
                EngineTarget::Stopped => return,
            };
            world.step(at, Event::Task(event));
        });
    }

    fn stop_tasks(&mut self, at: At, ids: Vec<TaskId>) {
        let Some(worker) = self.alive(at) else { return };
        for id in &ids {
            if let Some(run) = worker.tasks.get_mut(id) {
                run.is_stopping = true;
            }
        }
        let pause = self.chance.lag(200, 5_000);
        self.after(pause, move |world| {
            world.on(at, move |world| {
                let Some(worker) = world.alive(at) else { return };
                worker.tasks.retain(|id, _| !ids.contains(id));
                world.step(at, Event::TasksStopped(ids));
            });
        });
    }

    fn set_target(&mut self, at: At, connector: &str, target: EngineTarget) {
        let Some(worker) = self.alive(at) else { return };
        let mut told = Vec::new();
        for (id, run) in &mut worker.tasks {
            if id.connector == connector && !run.is_stopping {
                run.target = target;
                told.push((id.clone(), run.number));
            }
        }
        for (id, number) in told {
            self.tell_target(at, id, number);
        }
    }

    /// The task set that a connector asks for at this moment.
    pub(super) fn task_set(&self, connector: &str, config: &Properties) -> Vec<Properties> {
        let count = config.get("tasks").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
        let splits = self.splits.get(connector).copied().unwrap_or(0);
        let made_from = config.get("request").cloned().unwrap_or_default();
        let task = |number: usize| {
            let pairs = [
                ("request", made_from.clone()),
                ("number", number.to_string()),
                ("split", splits.to_string()),
            ];
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
        };
        (0..count).map(task).collect()
    }

    fn split(&mut self, at: At, connector: String, config: Properties, attempt: u64) {
        let pause = self.chance.lag(100, 8_000);
        let is_refused = !self.is_calm && self.chance.percent(5);
        self.after(pause, move |world| {
            let result = if is_refused {
                Err(SplitError { is_retriable: true, trace: "not now".into() })
            } else {
                Ok(world.task_set(&connector, &config))
            };
            world.step(at, Event::Split { connector, attempt, result });
        });
    }

    /// Now and then a connector finds that its work has changed.
    fn watch(&mut self, at: At, connector: String, attempt: u64) {
        if self.is_calm || !self.chance.percent(25) {
            return;
        }
        let pause = self.chance.between(1, 20_000);
        self.after(pause, move |world| {
            world.on(at, move |world| {
                let is_current = |it: &mut Worker| {
                    it.state.as_ref().is_some_and(|state| state.runs(&connector, attempt))
                };
                // What a worker finds that has lost the connector unknowingly, the one finds too that has it.
                let is_owner = world.group.has(at) && world.alive(at).is_some_and(is_current);
                if is_owner && !world.is_calm {
                    *world.splits.entry(connector.clone()).or_default() += 1;
                    world.step(at, Event::Watched { connector, attempt, result: Ok(()) });
                }
            });
        });
    }

    fn write(&mut self, at: At, id: u64, records: Vec<(String, Option<String>)>) {
        let pause = self.chance.lag(20, 2_000);
        // What a worker has handed to its producer may be written after its end.
        let survives = self.chance.percent(50);
        let is_unanswered = !self.is_calm && self.chance.percent(3);
        let begun = self.now;
        self.after(pause, move |world| {
            world.write_now(at, (id, begun), records, (survives, is_unanswered));
        });
    }

    fn write_now(
        &mut self,
        at: At,
        (id, begun): (u64, u64),
        records: Vec<(String, Option<String>)>,
        (survives, is_unanswered): (bool, bool),
    ) {
        let late = |text: &str| Event::Written(id, Err(text.to_owned()));
        if self.alive(at).is_none() {
            if survives {
                self.append(None, records);
            }
        } else if self.is_cut(at) {
            if self.now >= begun + 30_000 {
                return self.step(at, late("no answer in time"));
            }
            self.after(500, move |world| {
                world.write_now(at, (id, begun), records, (survives, is_unanswered));
            });
        } else {
            // A worker that does not know that it has written cannot know what it undoes.
            self.append((!is_unanswered).then_some(at), records);
            if is_unanswered {
                return self.step(at, late("the answer is lost"));
            }
            let late = late("not read back in time");
            self.read_to_end(at, 300_000, Event::Written(id, Ok(())), late);
        }
    }

    /// Statuses are written in their order, as soon as the topic can be reached.
    fn write_status(&mut self, at: At, key: String, value: Option<String>) {
        let Some(worker) = self.alive(at) else { return };
        worker.unsent.push_back((key, value));
        self.after(5, move |world| world.send_statuses(at));
    }

    fn send_statuses(&mut self, at: At) {
        let is_cut = self.is_cut(at);
        let Some(worker) = self.alive(at).filter(|it| !it.unsent.is_empty()) else { return };
        if is_cut {
            return self.after(500, move |world| world.send_statuses(at));
        }
        for (key, value) in std::mem::take(&mut worker.unsent) {
            self.append_status(key, value);
        }
    }
}
