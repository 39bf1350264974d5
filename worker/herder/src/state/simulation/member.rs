//! A worker's side of its membership: what `sluice_group::Member` does over the network, with the real assignor.

use std::{collections::BTreeMap, time::Duration};

use sluice_engine::TaskId;
use sluice_group::{
    Assignment, Change, Joined, LocalState,
    assign::{
        IncrementalAssignor, MemberState, Members, Plan, Round as Election, Unit, Work, eager,
        lists,
    },
    protocol::{CONFIG_MISMATCH, ConnectProtocol},
};

use super::world::{At, World};
use crate::{
    event::Event,
    store::status::{self, Subject},
};

/// `heartbeat.interval.ms`.
const HEARTBEAT: u64 = 3_000;

/// What the coordinator answers to who has joined.
pub(super) struct Round {
    pub(super) generation: i32,
    pub(super) id: String,
    /// For the leader: all members, and the newest configuration that one of them has read.
    pub(super) decides: Option<(Members, i64)>,
}

/// A worker's membership.
pub(super) struct Member {
    id: String,
    generation: i32,
    last_completed: i32,
    assignor: IncrementalAssignor,
    is_leader: bool,
    calls: u64,
    /// The call that is on its way, and what the worker brings.
    joining: Option<(u64, LocalState)>,
    /// Tells heartbeats of a round from those of another.
    pulse: u64,
}

impl Member {
    pub(super) fn new(max_delay: Duration) -> Self {
        Self {
            id: String::new(),
            generation: -1,
            last_completed: -1,
            assignor: IncrementalAssignor::new(max_delay),
            is_leader: false,
            calls: 0,
            joining: None,
            pulse: 0,
        }
    }
}

/// What a leader sees of a member.
pub(super) fn presented(url: String, local: &LocalState) -> MemberState {
    MemberState::new(url, local.assignment.as_ref())
}

impl World {
    pub(super) fn join(&mut self, at: At, local: LocalState) {
        let Some(worker) = self.alive(at) else { return };
        let member = &mut worker.member;
        member.calls += 1;
        member.pulse += 1;
        let (call, id) = (member.calls, member.id.clone());
        member.joining = Some((call, local.clone()));
        self.travel(at, call, move |world| world.join_arrives(at, call, &id, local));
    }

    /// Something that goes to the coordinator or comes from there; it is lost if the worker cannot be reached.
    fn travel(&mut self, at: At, call: u64, act: impl FnOnce(&mut Self) + 'static) {
        let pause = self.chance.lag(10, 500);
        self.after(pause, move |world| {
            if world.alive(at).is_none() || world.is_cut(at) {
                world.lost(at, call);
            } else {
                act(world);
            }
        });
    }

    /// The round that a call belongs to, if that is still on its way.
    fn pending(&mut self, at: At, call: u64) -> Option<LocalState> {
        let (pending, local) = self.alive(at)?.member.joining.as_ref()?;
        (*pending == call).then(|| local.clone())
    }

    /// A call was lost: it is made again, unless the group has become unknown for too long.
    fn lost(&mut self, at: At, call: u64) {
        let Some(local) = self.pending(at, call) else { return };
        let left = self.workers[at.worker].cut_until.saturating_sub(self.now);
        let gives_up = left > HEARTBEAT && local.assignment.is_some();
        self.after(left.min(HEARTBEAT) + 100, move |world| {
            if world.pending(at, call).is_none() {
            } else if gives_up {
                world.fail(at, Change::CoordinatorLost);
            } else if world.is_cut(at) {
                world.lost(at, call);
            } else {
                world.join(at, local);
            }
        });
    }

    fn fail(&mut self, at: At, change: Change) {
        if let Some(worker) = self.alive(at) {
            worker.member.joining = None;
        }
        self.step(at, Event::JoinFailed);
        self.step(at, Event::Membership(change));
    }

    /// The coordinator does not know this member: what it brought may run elsewhere.
    fn expelled(&mut self, at: At, local: LocalState) {
        if let Some(worker) = self.alive(at) {
            worker.member.id.clear();
            worker.member.generation = -1;
        }
        if local.assignment.is_some() {
            self.fail(at, Change::Fenced);
        } else {
            self.join(at, local);
        }
    }

    /// The coordinator answers a call to join; without a round, it does not know the member.
    pub(super) fn reply_join(&mut self, at: At, call: u64, round: Option<Round>) {
        self.travel(at, call, move |world| {
            world.on(at, move |world| {
                let Some(local) = world.pending(at, call) else { return };
                let Some(round) = round else { return world.expelled(at, local) };
                let (id, generation) = (round.id.clone(), round.generation);
                if let Some(worker) = world.alive(at) {
                    worker.member.id.clone_from(&id);
                    worker.member.generation = generation;
                    worker.member.is_leader = round.decides.is_some();
                }
                let shares = world.decide(at, round);
                world.travel(at, call, move |world| {
                    world.sync_arrives(at, call, (&id, generation), shares);
                });
            });
        });
    }

    /// The leader's decision: everybody's share.
    fn decide(&mut self, at: At, round: Round) -> BTreeMap<String, Assignment> {
        let (now, protocol) = (Duration::from_millis(self.now), self.group.protocol);
        let url = self.workers[at.worker].url.clone();
        let Some((members, newest)) = round.decides else { return BTreeMap::new() };
        let Some(worker) = self.alive(at) else { return BTreeMap::new() };
        let Some(state) = &worker.state else { return BTreeMap::new() };
        let offset = state.config().offset();
        let mut template = Assignment {
            leader: round.id,
            leader_url: url,
            config_offset: newest.max(offset),
            ..Assignment::default()
        };
        let mut plan = Plan::default();
        if offset < newest {
            template.error = CONFIG_MISMATCH;
        } else {
            let configured = configured(state.config());
            let can_run = |_: &str, _: &str| true;
            plan = if protocol == ConnectProtocol::Eager {
                eager(&configured, &members, &can_run)
            } else {
                let statuses = state.statuses();
                let had_stopped = |url: &str, unit: &Unit| {
                    let subject = match unit.clone() {
                        Unit::Connector(name) => Subject::Connector(name),
                        Unit::Task(connector, task) => Subject::Task(TaskId { connector, task }),
                    };
                    let status = statuses.of(&subject).filter(|it| it.has_ended());
                    status.is_some_and(|it| it.worker_id == status::worker_id(url))
                };
                let election = Election {
                    configured: &configured,
                    members: &members,
                    last_completed: worker.member.last_completed,
                    generation: round.generation,
                    can_run: &can_run,
                    had_stopped: &had_stopped,
                };
                worker.member.assignor.assign(&election, now)
            };
        }
        let share = |id: &String| {
            let share = plan.shares.get(id).cloned().unwrap_or_default();
            let (connectors, tasks) = lists(&share.assigned);
            let (revoked_connectors, revoked_tasks) = lists(&share.revoked);
            let delay = plan.delay;
            let template = template.clone();
            Assignment { connectors, tasks, revoked_connectors, revoked_tasks, delay, ..template }
        };
        members.keys().map(|id| (id.clone(), share(id))).collect()
    }

    /// The coordinator answers a call for a share; an error says whether the member is one still.
    pub(super) fn reply_sync(&mut self, at: At, call: u64, share: Result<Assignment, bool>) {
        self.travel(at, call, move |world| {
            world.on(at, move |world| {
                let Some(local) = world.pending(at, call) else { return };
                match share {
                    Ok(share) => world.joined(at, share),
                    Err(true) => world.join(at, local),
                    Err(false) => world.expelled(at, local),
                }
            });
        });
    }

    fn joined(&mut self, at: At, assignment: Assignment) {
        let protocol = self.group.protocol;
        let Some(worker) = self.alive(at) else { return };
        let member = &mut worker.member;
        member.joining = None;
        member.pulse += 1;
        member.last_completed = member.generation;
        let (pulse, delay) = (member.pulse, assignment.delay.as_millis() as u64);
        let joined = Joined {
            generation: member.generation,
            leader_id: assignment.leader.clone(),
            leader_url: assignment.leader_url.clone(),
            is_leader: member.is_leader,
            is_sessioned: protocol == ConnectProtocol::Sessioned,
            is_cooperative: protocol != ConnectProtocol::Eager,
            assignment,
        };
        self.after(HEARTBEAT, move |world| world.heartbeat(at, pulse, false, None));
        if delay > 0 {
            self.after(delay, move |world| world.changed(at, pulse, Change::Rebalance));
        }
        self.step(at, Event::Joined(joined));
    }

    /// Tells a worker that the group calls, unless a round is on its way already.
    fn changed(&mut self, at: At, pulse: u64, change: Change) {
        self.on(at, move |world| {
            if world.alive(at).is_some_and(|it| it.member.pulse == pulse) {
                world.step(at, Event::Membership(change));
            }
        });
    }

    fn heartbeat(&mut self, at: At, pulse: u64, is_called: bool, lost_since: Option<u64>) {
        self.on(at, move |world| {
            let Some(worker) = world.alive(at).filter(|it| it.member.pulse == pulse) else {
                return;
            };
            let (id, generation) = (worker.member.id.clone(), worker.member.generation);
            let now = world.now;
            if world.is_cut(at) {
                let since = lost_since.unwrap_or(now);
                if now - since >= HEARTBEAT {
                    return world.changed(at, pulse, Change::CoordinatorLost);
                }
                return world.after(500, move |world| {
                    world.heartbeat(at, pulse, is_called, Some(since));
                });
            }
            let Some(calls) = world.beat(&id, generation) else {
                return world.changed(at, pulse, Change::Fenced);
            };
            world.after(HEARTBEAT, move |world| world.heartbeat(at, pulse, calls, None));
            if calls && !is_called {
                world.changed(at, pulse, Change::Rebalance);
            }
        });
    }

    /// The process ends of itself: the group is left at once, if it can be reached.
    /// A worker leaves the group for a while.
    pub(super) fn step_out(&mut self, at: At) {
        let is_cut = self.is_cut(at);
        let Some(worker) = self.alive(at) else { return };
        worker.member.pulse += 1;
        worker.member.generation = -1;
        let id = std::mem::take(&mut worker.member.id);
        let pause = self.chance.lag(10, 500);
        self.after(pause, move |world| {
            if !is_cut {
                world.drop_seat(&id);
            }
            world.step(at, Event::SteppedOut);
        });
    }

    pub(super) fn exit(&mut self, at: At) {
        let is_cut = self.is_cut(at);
        let Some(worker) = self.alive(at) else { return };
        worker.end();
        let id = worker.member.id.clone();
        if !is_cut {
            self.after(5, move |world| world.drop_seat(&id));
        }
    }
}

/// All that shall run, as a leader sees it.
fn configured(config: &crate::store::config::ClusterConfig) -> Work {
    let connectors = config.connectors().map(|it| Unit::Connector(it.to_owned()));
    let tasks = config.all_tasks().into_iter().map(|it| Unit::Task(it.connector, it.task));
    connectors.chain(tasks).collect()
}
