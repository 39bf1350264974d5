//! One worker's membership: joins the group, stays in it by heartbeats, says when to join again, leaves.

mod absence;
mod error;
mod heartbeat;
mod lead;
mod round;

use std::{collections::BTreeMap, time::Duration};

use sluice_kafka::{
    membership::{Membership, NO_GENERATION},
    wire::{Client, Node},
};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::{
    assign::{IncrementalAssignor, Unit},
    protocol::{Assignment, ConnectProtocol, PROTOCOL_TYPE},
};
use absence::Absence;
use heartbeat::Heartbeat;
use round::Failure;

pub use error::JoinError;
pub use lead::MemberShare;
pub(crate) use lead::configured_work;

/// Pause before a call to the coordinator is tried again; Java's default of `retry.backoff.ms`.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// A worker's place in a group.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    /// `group.id`.
    pub group_id: String,
    /// Advertised REST address, with a slash at its end.
    pub url: String,
    /// `session.timeout.ms`: without a heartbeat for so long, the group counts the worker as dead.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`: for so long, work goes on without any broker.
    pub heartbeat_interval: Duration,
    /// How often the group is asked whether it changes, if that is more often: it tells only who asks.
    pub ask_interval: Duration,
    /// `rebalance.timeout.ms`: how long the group waits for members to join again.
    pub rebalance_timeout: Duration,
    /// `connect.protocol`.
    pub protocol: ConnectProtocol,
    /// `scheduled.rebalance.max.delay.ms`.
    pub max_delay: Duration,
}

/// What a worker brings to a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalState {
    /// How far it has read the config topic; -1 before it has read anything.
    pub config_offset: i64,
    /// What it runs; none for nothing.
    pub assignment: Option<Assignment>,
}

/// What shall run in the group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configured {
    /// Offset of the configuration that this comes from.
    pub offset: i64,
    /// Connectors with the numbers of their tasks.
    pub connectors: BTreeMap<String, Vec<i32>>,
}

/// What this worker is asked if it becomes the group's leader. Both answers come from memory: the whole group waits.
pub trait Leader {
    /// What shall run, as of `max_offset` (the newest configuration that a member has seen) or later. None if this worker
    /// has not read that far: everybody is told to read the config topic and to join again.
    fn configured(&mut self, max_offset: i64) -> Option<Configured>;

    /// Whether the member at an address has the class of a connector. What is not known counts as yes.
    fn can_run(&self, member_url: &str, connector: &str) -> bool {
        let _ = (member_url, connector);
        true
    }

    /// Whether the member at an address, which has left the group, had stopped this before: then it does not come back
    /// soon, and others get it at once.
    fn had_stopped(&self, member_url: &str, unit: &Unit) -> bool {
        let _ = (member_url, unit);
        false
    }
}

/// A completed round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Generation of the group.
    pub generation: i32,
    /// Member id of the leader.
    pub leader_id: String,
    /// Advertised REST address of the leader.
    pub leader_url: String,
    /// Whether this worker is the leader.
    pub is_leader: bool,
    /// Whether internal requests are signed (version 2).
    pub is_sessioned: bool,
    /// Whether the assignment is an increment to what the worker runs already (versions 1 and 2).
    pub is_cooperative: bool,
    /// Exactly what the leader sent.
    pub assignment: Assignment,
}

/// Something that calls for another round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The group rebalances, or the delay of the last assignment is over. What runs goes on running.
    Rebalance,
    /// No broker has answered for the heartbeat interval, or the coordinator not for a session: stop all work, others may
    /// be given it.
    CoordinatorLost,
    /// The group goes on without this worker: stop all work, others may be given it.
    Fenced,
}

/// One worker in a group. Heartbeats go on in a task that the member owns, also while nobody waits here; they end when
/// the member is dropped.
pub struct Member {
    settings: GroupSettings,
    client: Client,
    /// For JoinGroup and SyncGroup, which block their connection until the whole group is ready.
    rounds: Client,
    seat: Membership,
    /// The last generation in which this worker got an assignment.
    last_completed: i32,
    coordinator: Option<Node>,
    assignor: IncrementalAssignor,
    heartbeat: Option<Heartbeat>,
    rejoin_at: Option<Instant>,
    shares: Vec<MemberShare>,
    /// Where the assignor's time begins.
    epoch: Instant,
}

impl Member {
    /// A worker that has not joined yet. No I/O.
    pub fn new(client: Client, settings: GroupSettings) -> Self {
        let seat = Membership {
            group: settings.group_id.clone(),
            protocol_type: PROTOCOL_TYPE,
            instance: None,
            session_timeout: settings.session_timeout,
            rebalance_timeout: settings.rebalance_timeout,
            id: String::new(),
            generation: NO_GENERATION,
        };
        Self {
            rounds: client.dedicated(),
            client,
            seat,
            last_completed: NO_GENERATION,
            coordinator: None,
            assignor: IncrementalAssignor::new(settings.max_delay),
            heartbeat: None,
            rejoin_at: None,
            shares: Vec::new(),
            epoch: Instant::now(),
            settings,
        }
    }

    /// Takes part in one round; `leader` is asked only if this worker becomes leader. Goes on through moves of the
    /// coordinator and rounds that others break off; ends with an error that trying again cannot mend, or with
    /// [`JoinError::CoordinatorLost`] if the worker brings work and no broker answers for the heartbeat interval, or none
    /// coordinates the group for the session timeout.
    ///
    /// Under version 0 the caller must have stopped everything before. Dropping the future abandons the round; the
    /// group waits for the next call.
    pub async fn join(
        &mut self,
        local: LocalState,
        leader: &mut (dyn Leader + Send),
    ) -> Result<Joined, JoinError> {
        self.rejoin_at = None;
        let mut absence = None;
        loop {
            let outcome = match self.reachable(&local, &mut absence).await? {
                Ok(coordinator) => self.round(&coordinator, &local, leader).await,
                Err(failure) => Err(failure),
            };
            match outcome {
                Ok(joined) => {
                    tracing::info!(
                        group = self.settings.group_id,
                        generation = joined.generation,
                        leader = joined.leader_url,
                        "joined the group"
                    );
                    return Ok(joined);
                }
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Expelled) if local.assignment.is_some() => {
                    return Err(JoinError::Fenced);
                }
                Err(Failure::Again | Failure::Expelled) => absence = None,
                Err(Failure::Later) => {
                    absence = None;
                    sleep(RETRY_BACKOFF).await;
                }
                Err(Failure::Moved(cause)) => {
                    tracing::debug!(%cause, "the coordinator of the group is unknown");
                    let now = Instant::now();
                    let absence = absence.get_or_insert_with(|| Absence::noticed(now, now));
                    if self.coordinator.take().is_some() {
                        // Nobody else was asked meanwhile.
                        absence.note(now, &Ok(()));
                    }
                    sleep(RETRY_BACKOFF).await;
                }
            }
        }
    }

    /// The coordinator, as far as it can be found; the outer error if the search has taken too long for a worker that
    /// runs something.
    async fn reachable(
        &mut self,
        local: &LocalState,
        absence: &mut Option<Absence>,
    ) -> Result<Result<Node, Failure>, JoinError> {
        if let Some(known) = &self.coordinator {
            return Ok(Ok(known.clone()));
        }
        let search = self.client.coordinator(&self.settings.group_id);
        let found = if local.assignment.is_some() {
            let now = Instant::now();
            let begun = absence.unwrap_or_else(|| Absence::noticed(now, now));
            let GroupSettings { heartbeat_interval, session_timeout, .. } = self.settings;
            let deadline = begun.ends(heartbeat_interval, session_timeout);
            timeout_at(deadline, search).await.map_err(|_| JoinError::CoordinatorLost)?
        } else {
            search.await
        };
        if let Some(absence) = absence {
            absence.note(Instant::now(), &found);
        }
        Ok(match found {
            Ok(node) => {
                self.coordinator = Some(node.clone());
                Ok(node)
            }
            Err(error) => Err(Failure::of(&self.settings.group_id, error)),
        })
    }

    /// Waits for what calls for another round. Each change is told once. Cancel-safe.
    pub async fn changed(&mut self) -> Change {
        let rejoin_at = self.rejoin_at;
        let due = async {
            match rejoin_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let heartbeat = async {
            match &mut self.heartbeat {
                Some(heartbeat) => heartbeat.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            change = heartbeat => change,
            () = due => {
                self.rejoin_at = None;
                Change::Rebalance
            }
        }
    }

    /// Says that the group is likely to call for another round soon: for a few seconds it is asked more often than
    /// `heartbeat.interval.ms` has it, so that work that changes hands is not idle for so long.
    pub fn hurry(&self) {
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.hurry();
        }
    }

    /// Leaves the group, so that it need not wait for the session timeout. Errors are only logged: the group notices
    /// anyway. `reason` appears in the broker's log.
    pub async fn leave(&mut self, reason: &str) {
        self.heartbeat = None;
        self.rejoin_at = None;
        self.shares.clear();
        let is_known = !self.seat.id.is_empty();
        let Some(coordinator) = self.coordinator.clone().filter(|_| is_known) else {
            self.seat.generation = NO_GENERATION;
            return;
        };
        let group = &self.settings.group_id;
        match self.seat.leave(&self.client, &coordinator, reason).await {
            Ok(()) => tracing::info!(group, reason, "left the group"),
            Err(error) => tracing::warn!(group, %error, "left the group in silence"),
        }
    }

    /// The id that the broker gave; empty before the first round.
    pub fn member_id(&self) -> &str {
        &self.seat.id
    }

    /// Who runs what since the last round, if this worker is its leader; empty otherwise.
    pub fn shares(&self) -> &[MemberShare] {
        &self.shares
    }
}

#[cfg(test)]
mod tests;
