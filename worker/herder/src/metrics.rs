//! Metrics of the control path, under the names that Kafka Connect's dashboards use.

mod groups;
#[cfg(test)]
mod reference;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use prometheus::{
    Gauge, Opts, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use sluice_engine::{SampleWindow, Startups, Window};

use crate::state::{SeenConnector, State};
use groups::{CONNECTOR, REBALANCE, Rebalance, WORKER, Worker};

/// What the control path tells of itself.
pub(crate) struct Metrics {
    shared: Arc<Shared>,
    /// How many rounds of joining have been seen.
    rounds: u64,
    /// When the assignment came that is not in force yet.
    assigned_at: Option<Instant>,
}

/// What a scrape sees.
#[derive(Debug)]
struct Shared {
    now: Mutex<Now>,
    startups: Startups,
    rebalance_time: Window,
    is_leader: Gauge,
}

/// The latest state.
#[derive(Debug, Clone, Default)]
struct Now {
    connectors: BTreeMap<String, SeenConnector>,
    connector_count: usize,
    protocol: String,
    leader: String,
    epoch: i32,
    completed: u64,
    is_rebalancing: bool,
    completed_at: Option<Instant>,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry, samples: SampleWindow) -> Self {
        let leader = Opts::new("sluice_worker_leader", "Whether this worker leads the group.");
        let shared = Arc::new(Shared {
            now: Mutex::default(),
            startups: Startups::new(samples),
            rebalance_time: Window::new(samples),
            is_leader: Gauge::with_opts(leader).expect("the name is a metric's name"),
        });
        // A second worker in the same process shares the registry in tests: the first one's metrics stay.
        let _ = registry.register(Box::new(HerderCollector(Arc::clone(&shared))));
        Self { shared, rounds: 0, assigned_at: None }
    }

    /// Takes over what an event has changed, whose effects are under way; `begun` is when it came.
    pub(crate) fn update(&mut self, state: &mut State, begun: Instant) {
        let news = state.take_news();
        for (count, succeeded) in [(news.started, true), (news.failed, false)] {
            (0..count).for_each(|_| self.shared.startups.ended(succeeded));
        }
        let membership = state.membership();
        if membership.rebalances() != self.rounds {
            self.rounds = membership.rebalances();
            self.assigned_at = Some(begun);
        }
        let mut now = lock(&self.shared.now);
        for name in news.changed {
            match state.connector_here(&name) {
                Some(seen) => now.connectors.insert(name, seen),
                None => now.connectors.remove(&name),
            };
        }
        now.connector_count = state.connectors_here();
        now.epoch = membership.generation();
        now.is_rebalancing = membership.is_rebalancing();
        if now.leader != membership.leader_url() {
            membership.leader_url().clone_into(&mut now.leader);
        }
        now.protocol = format!("{:?}", membership.protocol()).to_uppercase();
        if !now.is_rebalancing
            && let Some(assigned_at) = self.assigned_at.take()
        {
            now.completed += 1;
            now.completed_at = Some(Instant::now());
            self.shared.rebalance_time.add_time(assigned_at.elapsed());
        }
        self.shared.is_leader.set(f64::from(u8::from(membership.is_leader())));
    }
}

struct HerderCollector(Arc<Shared>);

impl Collector for HerderCollector {
    fn desc(&self) -> Vec<&Desc> {
        // Families come and go with the connectors; one that is always the same stands for them all.
        self.0.is_leader.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let at = Instant::now();
        let now = lock(&self.0.now).clone();
        let connectors: Vec<(Vec<&str>, SeenConnector)> =
            now.connectors.iter().map(|(name, seen)| (vec![&**name], seen.clone())).collect();
        let mut families = self.0.is_leader.collect();
        families.extend(CONNECTOR.families(&connectors));
        let (now, shared) = (now.clone(), Arc::clone(&self.0));
        let worker = Worker { connectors: now.connector_count, shared: Arc::clone(&shared), at };
        families.extend(WORKER.families(&[(Vec::new(), worker)]));
        families.extend(REBALANCE.families(&[(Vec::new(), Rebalance { now, shared, at })]));
        families
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
