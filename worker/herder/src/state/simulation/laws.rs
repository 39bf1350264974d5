//! What must hold at every moment, and what once nothing happens any more.

use std::collections::BTreeMap;

use sluice_config::Properties;
use sluice_engine::{TargetState as EngineTarget, TaskId};
use sluice_group::protocol::ConnectProtocol;
use sluice_rest_model::State as RunState;

use super::{
    super::State,
    world::{At, World, Written},
};
use crate::store::config::{ClusterConfig, TargetState};

/// How long it may take until a new session key is written.
const KEY_LAPSE: u64 = 5_000;

impl Written {
    /// The configuration that a connector's record holds.
    fn properties(&self) -> Option<Properties> {
        let value: serde_json::Value = serde_json::from_slice(self.record.value.as_ref()?).ok()?;
        serde_json::from_value(value.get("properties")?.clone()).ok()
    }

    /// The connector whose configuration this is.
    fn connector(&self) -> Option<&str> {
        std::str::from_utf8(&self.record.key).ok()?.strip_prefix("connector-")
    }

    /// The request that has brought a connector its configuration.
    pub(super) fn asked_by(&self) -> Option<u64> {
        self.connector()?;
        self.properties()?.get("request")?.parse().ok()
    }
}

impl World {
    /// A task that starts runs on no other member of the group. Who is no member any more may not know that yet, and may
    /// take as long as its session to find out: nobody else promises more.
    pub(super) fn check_alone(&mut self, at: At, id: &TaskId) {
        for other in self.living() {
            let runs = self.workers[other.worker].tasks.contains_key(id);
            let counts = other == at || (self.group.has(other) && self.group.has(at));
            if runs && counts {
                self.violate(format!(
                    "{}-{} starts on w{} while it runs on w{}",
                    id.connector, id.task, at.worker, other.worker
                ));
            }
        }
    }

    /// No task moves records of which its worker knows that it is paused or stopped.
    pub(super) fn check_targets(&mut self, at: At) {
        let Some(worker) = self.alive(at) else { return };
        let Some(state) = &worker.state else { return };
        let is_wrong = |id: &TaskId, target: EngineTarget| {
            let entry = state.config().connector(&id.connector);
            entry.is_some_and(|it| it.target != TargetState::Started)
                && state.config().task(id).is_some()
                && target == EngineTarget::Running
        };
        let wrong =
            worker.tasks.iter().find(|(id, run)| run.is_wanted() && is_wrong(id, run.target));
        if let Some((id, _)) = wrong {
            let what = format!("{}-{} runs on w{} though paused", id.connector, id.task, at.worker);
            self.violate(what);
        }
    }

    /// The config topic holds nothing that was refused, and one leader never overwrites what it has accepted before.
    pub(super) fn check_log(&mut self) {
        let mut wrong = Vec::new();
        let mut last: BTreeMap<&str, &Written> = BTreeMap::new();
        for written in &self.log {
            let Some(name) = written.connector() else { continue };
            let before = last
                .insert(name, written)
                .filter(|it| it.writer.is_some() && it.writer == written.writer);
            let Some(number) = written.asked_by() else { continue };
            if self.clients.refused.contains(&number) && !self.clients.repeated.contains(&number) {
                wrong.push(format!("request {number} was refused and written"));
            }
            let Some(before) = before else { continue };
            let base = before.properties();
            if self.clients.creations.contains(&number) && base.is_some() {
                wrong.push(format!("request {number} has created {name}, which was there"));
            }
            if self.clients.patches.contains(&number) {
                let mut expected = base.clone().unwrap_or_default();
                expected.insert("request".into(), number.to_string());
                expected.insert(format!("p{number}"), "x".into());
                match base {
                    None => wrong.push(format!("request {number} has brought {name} back")),
                    Some(_) if written.properties() != Some(expected) => {
                        wrong.push(format!("request {number} has undone a change of {name}"));
                    }
                    Some(_) => {}
                }
            }
        }
        for what in wrong {
            self.violate(what);
        }
    }

    /// The configuration that the whole config topic makes.
    pub(super) fn truth(&self) -> ClusterConfig {
        let mut truth = ClusterConfig::default();
        for Written { record, .. } in &self.log {
            truth.apply(record.offset, &record.key, record.value.as_deref());
        }
        truth
    }

    /// What is still missing before everything is at rest and as it should be.
    pub(super) fn unrest(&self) -> Option<String> {
        let truth = self.truth();
        let living = self.living();
        let states: Vec<&State> =
            living.iter().filter_map(|at| self.workers[at.worker].state.as_ref()).collect();
        if let Some(at) = living.iter().find(|at| !self.group.has(**at)) {
            return Some(format!("w{} is no member", at.worker));
        }
        if !self.group.is_stable() || states.iter().any(|it| it.membership().is_rebalancing()) {
            return Some("the group rebalances".into());
        }
        if states.iter().any(|it| !is_same(it.config(), &truth)) {
            return Some("the workers do not agree on the configuration".into());
        }
        if !self.has_valid_key(&truth) {
            return Some("the session key has expired".into());
        }
        self.unplaced(&truth, &states)
            .or_else(|| unbalanced(&states))
            .or_else(|| states.iter().find_map(|state| self.untold(&truth, state)))
    }

    /// In a group that signs its requests, a new key takes the place of one that has come of age, but for the time that
    /// this takes.
    fn has_valid_key(&self, truth: &ClusterConfig) -> bool {
        let oldest = self.now.saturating_sub(self.key_ttl.as_millis() as u64 + KEY_LAPSE);
        self.group.protocol != ConnectProtocol::Sessioned
            || truth.session_key().is_some_and(|it| it.created >= oldest as i64)
    }

    /// Work that does not run where and as it should.
    fn unplaced(&self, truth: &ClusterConfig, states: &[&State]) -> Option<String> {
        for name in truth.connectors() {
            let holders = states.iter().filter(|it| it.membership.holds_connector(name)).count();
            if holders != 1 {
                return Some(format!("{holders} workers have connector {name}"));
            }
            let entry = truth.connector(name)?;
            let tasks: Vec<Properties> =
                entry.tasks().into_iter().map(|(_, it)| it.clone()).collect();
            let wanted = self.task_set(name, truth.config(name)?);
            match entry.target {
                TargetState::Started if tasks != wanted => {
                    return Some(format!("the tasks of {name} are not those that it asks for"));
                }
                TargetState::Stopped if !tasks.is_empty() => {
                    return Some(format!("{name} is stopped and has tasks"));
                }
                _ => {}
            }
        }
        let runs = || self.workers.iter().flat_map(|it| &it.tasks);
        let tasks = truth.all_tasks();
        if let Some((id, _)) = runs().find(|(id, _)| !tasks.contains(id)) {
            return Some(format!("{}-{} runs and is not configured", id.connector, id.task));
        }
        tasks.iter().find_map(|id| {
            let target = match truth.connector(&id.connector)?.target {
                TargetState::Started => EngineTarget::Running,
                TargetState::Paused => EngineTarget::Paused,
                TargetState::Stopped => EngineTarget::Stopped,
            };
            let is_right = runs().filter(|(it, run)| {
                it == &id
                    && run.is_wanted()
                    && run.target == target
                    && truth.task(id) == Some(&run.config)
            });
            let (right, all) = (is_right.count(), runs().filter(|(it, _)| it == &id).count());
            (right != 1 || all != 1).then(|| {
                format!("{}-{} runs {all} times, {right} as it should", id.connector, id.task)
            })
        })
    }

    /// What one worker tells that is not so.
    fn untold(&self, truth: &ClusterConfig, state: &State) -> Option<String> {
        let mut subjects = state.statuses.subjects();
        if let Some(gone) = subjects.find(|it| truth.connector(it.connector()).is_none()) {
            return Some(format!("{} is still there", gone.key()));
        }
        truth.connectors().find_map(|name| {
            let target = truth.connector(name)?.target;
            let expected = match target {
                TargetState::Started => RunState::Running,
                TargetState::Paused => RunState::Paused,
                TargetState::Stopped => RunState::Stopped,
            };
            let Some(told) = state.connector_state(name) else {
                return Some(format!("nothing is told of {name}"));
            };
            if told.connector.state != expected {
                return Some(format!("{name} is told to be {}", told.connector.state));
            }
            let ids = truth.task_ids(name);
            if told.tasks.len() != ids.len() {
                return Some(format!("{} tasks of {name} are told of", told.tasks.len()));
            }
            told.tasks.iter().zip(&ids).find_map(|(task, id)| {
                let runs_there = self.workers.iter().enumerate().any(|(index, it)| {
                    it.tasks.contains_key(id) && task.worker_id == format!("w{index}:8083")
                });
                (task.id != id.task || task.state != expected || !runs_there).then(|| {
                    format!("{name}-{} is told to be {} on {}", task.id, task.state, task.worker_id)
                })
            })
        })
    }
}

/// Members whose shares of connectors or of tasks differ by more than one.
fn unbalanced(states: &[&State]) -> Option<String> {
    let connectors: Vec<usize> = states.iter().map(|it| it.membership.connectors().len()).collect();
    let tasks: Vec<usize> = states.iter().map(|it| it.membership.tasks().len()).collect();
    let is_even = |counts: &[usize]| {
        counts.iter().max().zip(counts.iter().min()).is_none_or(|(max, min)| max - min <= 1)
    };
    (!is_even(&connectors) || !is_even(&tasks))
        .then(|| format!("shares are uneven: connectors {connectors:?}, tasks {tasks:?}"))
}

/// Whether two mean the same; how they came to it may differ where one has read a compacted topic.
fn is_same(one: &ClusterConfig, other: &ClusterConfig) -> bool {
    let names = |it: &ClusterConfig| it.connectors().map(str::to_owned).collect::<Vec<_>>();
    names(one) == names(other)
        && one.session_key() == other.session_key()
        && names(one).iter().all(|name| {
            let (Some(one), Some(other)) = (one.connector(name), other.connector(name)) else {
                return false;
            };
            one.config == other.config && one.target == other.target && one.tasks() == other.tasks()
        })
}
