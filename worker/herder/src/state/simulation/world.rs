//! The simulated cluster: time, the internal topics, the workers, and what is on its way between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    super::{
        State,
        tests::{AnySink, settings},
    },
    chance::Chance,
    clients::Clients,
    group::Group,
    worker::Worker,
};
use crate::{
    event::{Event, StoredRecord},
    settings::Settings,
};

/// More than any seed needs.
const MOST_ACTS: u64 = 50_000;

/// What happens later.
pub(super) type Act = Box<dyn FnOnce(&mut World)>;

/// One life of one worker: what was meant for an earlier life does not reach a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) worker: usize,
    pub(super) life: u32,
}

/// A record of the config topic, and who knows to have written it.
pub(super) struct Written {
    pub(super) record: StoredRecord,
    pub(super) writer: Option<At>,
}

pub(super) struct World {
    pub(super) now: u64,
    next: u64,
    queue: BTreeMap<(u64, u64), Act>,
    acts: u64,
    pub(super) chance: Chance,
    pub(super) workers: Vec<Worker>,
    pub(super) group: Group,
    pub(super) clients: Clients,
    pub(super) log: Vec<Written>,
    pub(super) statuses: Vec<StoredRecord>,
    /// How often each connector has found that its work is to be split anew.
    pub(super) splits: BTreeMap<String, u64>,
    /// Whether workers that start find a config topic that was compacted.
    pub(super) is_compacted: bool,
    /// `scheduled.rebalance.max.delay.ms`.
    pub(super) max_delay: Duration,
    /// `inter.worker.key.ttl.ms`.
    pub(super) key_ttl: Duration,
    /// Nothing goes wrong any more.
    pub(super) is_calm: bool,
    pub(super) violations: Vec<String>,
    pub(super) trace: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(seed: u64, traced: bool) -> Self {
        let mut chance = Chance::new(seed);
        let max_delay = [0, 0, 1_000, 10_000, 60_000][chance.below(5)];
        let group = Group::new(&mut chance);
        let count = chance.between(1, 4) as usize;
        let mut world = Self {
            now: 0,
            next: 0,
            queue: BTreeMap::new(),
            acts: 0,
            workers: (0..count).map(Worker::new).collect(),
            group,
            clients: Clients::default(),
            log: Vec::new(),
            statuses: Vec::new(),
            splits: BTreeMap::new(),
            is_compacted: chance.percent(30),
            max_delay: Duration::from_millis(max_delay),
            key_ttl: Duration::from_secs(if chance.percent(25) { 20 } else { 3_600 }),
            is_calm: false,
            violations: Vec::new(),
            trace: traced.then(Vec::new),
            chance,
        };
        world.watch_sessions();
        for worker in 0..count {
            world.start(worker);
        }
        world
    }

    /// Writes a line of the trace, if there is one.
    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now:>7} {}", line()));
        }
    }

    pub(super) fn violate(&mut self, what: String) {
        self.tell(|| format!("VIOLATION: {what}"));
        self.violations.push(what);
    }

    pub(super) fn after(&mut self, millis: u64, act: impl FnOnce(&mut Self) + 'static) {
        self.next += 1;
        self.queue.insert((self.now + millis, self.next), Box::new(act));
    }

    /// Lets everything happen that is due before `until`, unless something is wrong.
    pub(super) fn run(&mut self, until: u64) {
        while self.violations.is_empty()
            && let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= until
        {
            let ((now, _), act) = entry.remove_entry();
            self.now = now;
            act(self);
            self.acts += 1;
            if self.acts == MOST_ACTS {
                self.violate("the workers find no rest: they answer each other without end".into());
            }
        }
        self.now = until;
    }

    /// This life of the worker, if it has not ended.
    pub(super) fn alive(&mut self, at: At) -> Option<&mut Worker> {
        let worker = &mut self.workers[at.worker];
        (worker.life == at.life && worker.state.is_some()).then_some(worker)
    }

    /// Until when a worker does nothing at all, as in a long pause of its machine.
    fn stalled(&mut self, at: At) -> Option<u64> {
        let now = self.now;
        self.alive(at).map(|it| it.stalled_until).filter(|it| *it > now)
    }

    /// Does something on a worker, later if that stands still; never if its life is over.
    pub(super) fn on(&mut self, at: At, act: impl FnOnce(&mut Self) + 'static) {
        if let Some(until) = self.stalled(at) {
            self.after(until - self.now + 1, move |world| world.on(at, act));
        } else if self.alive(at).is_some() {
            act(self);
        }
    }

    /// Hands an event to a worker's state machine and does what that says.
    pub(super) fn step(&mut self, at: At, event: Event) {
        self.on(at, move |world| {
            let now = world.now as i64;
            if world.trace.is_some() {
                let line = format!("w{} < {event:?}", at.worker);
                world.tell(|| line);
            }
            let Some(state) = world.alive(at).and_then(|it| it.state.as_mut()) else { return };
            let effects = state.step(now, event);
            for effect in effects {
                world.perform(at, effect);
            }
            world.check_targets(at);
        });
    }

    /// Whether a worker can reach Kafka and the other workers.
    pub(super) fn is_cut(&self, at: At) -> bool {
        self.workers[at.worker].cut_until > self.now
    }

    pub(super) fn living(&self) -> Vec<At> {
        let at = |(worker, it): (usize, &Worker)| At { worker, life: it.life };
        let living = self.workers.iter().enumerate().filter(|(_, it)| it.state.is_some());
        living.map(at).collect()
    }

    /// Starts a worker that is down: it reads the internal topics and joins.
    pub(super) fn start(&mut self, worker: usize) {
        let max_delay = self.max_delay;
        let key_ttl = self.key_ttl;
        let known = settings(format!("w{worker}:8083"));
        let settings = Settings { rebalance_delay: max_delay, key_ttl, ..known };
        let it = &mut self.workers[worker];
        it.begin(State::new(settings, Arc::new(AnySink)), max_delay);
        let at = At { worker, life: it.life };
        self.tell(|| format!("w{worker} starts"));
        let records = self.readable();
        self.workers[worker].position = self.log.len();
        self.step(at, Event::ConfigRecords(records));
        self.read(at);
        let pause = self.chance.lag(300, 5_000);
        self.after(pause, move |world| world.step(at, Event::Started));
    }

    /// The config topic as a worker finds it that starts now.
    fn readable(&mut self) -> Vec<StoredRecord> {
        // The newest record is in a segment that is still written to, which brokers leave alone.
        let kept = if self.is_compacted { self.chance.below(self.log.len().max(1)) } else { 0 };
        let mut seen = BTreeSet::new();
        let mut records: Vec<StoredRecord> = Vec::new();
        for (place, written) in self.log.iter().enumerate().rev() {
            let is_newest = seen.insert(&written.record.key);
            let is_kept = place >= kept || (is_newest && written.record.value.is_some());
            if is_kept {
                records.push(written.record.clone());
            }
        }
        records.reverse();
        records
    }

    /// Puts records into the config topic, in one batch.
    pub(super) fn append(&mut self, writer: Option<At>, records: Vec<(String, Option<String>)>) {
        for (key, value) in records {
            self.tell(|| format!("config {key} = {value:?}"));
            let record = StoredRecord {
                offset: self.log.len() as i64,
                key: key.into_bytes(),
                value: value.map(String::into_bytes),
            };
            self.log.push(Written { record, writer });
        }
        for at in self.living() {
            let pause = self.chance.between(1, 30);
            self.after(pause, move |world| world.read(at));
        }
    }

    /// Puts a record into the status topic.
    pub(super) fn append_status(&mut self, key: String, value: Option<String>) {
        let record = StoredRecord {
            offset: self.statuses.len() as i64,
            key: key.into_bytes(),
            value: value.map(String::into_bytes),
        };
        self.statuses.push(record);
        for at in self.living() {
            let pause = self.chance.between(1, 30);
            self.after(pause, move |world| world.read(at));
        }
    }
}
