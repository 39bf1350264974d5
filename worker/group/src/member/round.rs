//! One round: JoinGroup, the leader's decision if this worker leads, SyncGroup.

use bytes::Bytes;
use kafka_protocol::{ResponseError, messages::JoinGroupResponse};
use sluice_kafka::{
    membership::NO_GENERATION,
    wire::{self, Node},
};
use tokio::time::Instant;

use super::{JoinError, Joined, Leader, LocalState, Member, heartbeat::Heartbeat, lead::Election};
use crate::protocol::{Assignment, ConnectProtocol, EncodeError, Metadata, PROTOCOL_TYPE};

/// Why a round did not complete, and what to do.
pub(super) enum Failure {
    /// Try again at once.
    Again,
    /// The group has gone on without this worker: what it brought may run elsewhere by now.
    Expelled,
    /// Try again after a pause.
    Later,
    /// Look for the coordinator and try again after a pause.
    Moved(wire::Error),
    /// Give up.
    Fatal(JoinError),
}

impl Failure {
    /// What an error means for which the member's own state does not change.
    pub(super) fn of(group: &str, error: wire::Error) -> Self {
        use ResponseError as Code;
        match error.code() {
            None if error.is_retriable() => Self::Moved(error),
            None => Self::Fatal(error.into()),
            Some(Code::NotCoordinator | Code::CoordinatorNotAvailable) => Self::Moved(error),
            Some(Code::RebalanceInProgress) => Self::Again,
            Some(code) if code.is_retriable() => Self::Later,
            Some(code) => Self::Fatal(JoinError::refused(group, code)),
        }
    }
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self::Fatal(error.into())
    }
}

impl Member {
    /// Joins and synchronises once.
    pub(super) async fn round(
        &mut self,
        coordinator: &Node,
        local: &LocalState,
        leader: &mut (dyn Leader + Send),
    ) -> Result<Joined, Failure> {
        let answer = self.join_group(coordinator, local).await?;
        // The old generation's heartbeats would only be refused from here on.
        self.heartbeat = None;
        self.shares.clear();
        let protocol = self.agreed(&answer)?;
        let is_leader = answer.leader == answer.member_id;
        let assignments = if is_leader { self.decide(protocol, &answer, leader)? } else { vec![] };
        let bytes = self.sync_group(coordinator, protocol, assignments).await?;
        let assignment =
            Assignment::decode(&bytes).map_err(|error| Failure::Fatal(error.into()))?;
        self.last_completed = self.seat.generation;
        self.rejoin_at = (!assignment.delay.is_zero()).then(|| Instant::now() + assignment.delay);
        self.heartbeat = Some(Heartbeat::start(
            &self.client,
            &self.settings,
            coordinator.clone(),
            self.seat.clone(),
        ));
        Ok(Joined {
            generation: self.seat.generation,
            leader_id: answer.leader.to_string(),
            leader_url: assignment.leader_url.clone(),
            is_leader,
            is_sessioned: protocol == ConnectProtocol::Sessioned,
            is_cooperative: protocol != ConnectProtocol::Eager,
            assignment,
        })
    }

    async fn join_group(
        &mut self,
        coordinator: &Node,
        local: &LocalState,
    ) -> Result<JoinGroupResponse, Failure> {
        let metadata = Metadata {
            url: self.settings.url.clone(),
            config_offset: local.config_offset,
            held: local.assignment.clone(),
        };
        let mut protocols = Vec::new();
        for protocol in self.settings.protocol.offered() {
            protocols.push((protocol.name(), metadata.encode(*protocol)?));
        }
        let joined = self.seat.join(&self.rounds, coordinator, protocols, "").await;
        joined.map_err(|error| self.rejected(error))
    }

    /// The protocol that the members have in common.
    fn agreed(&self, answer: &JoinGroupResponse) -> Result<ConnectProtocol, Failure> {
        let is_ours = answer.protocol_type.as_deref().is_none_or(|it| it == PROTOCOL_TYPE);
        let name = answer.protocol_name.as_deref().filter(|_| is_ours);
        name.and_then(ConnectProtocol::from_name).ok_or_else(|| {
            let group = self.settings.group_id.clone();
            Failure::Fatal(JoinError::InconsistentProtocol { group })
        })
    }

    fn decide(
        &mut self,
        protocol: ConnectProtocol,
        answer: &JoinGroupResponse,
        leader: &mut (dyn Leader + Send),
    ) -> Result<Vec<(String, Bytes)>, Failure> {
        let members = answer.members.iter();
        let election = Election {
            protocol,
            leader_id: &self.seat.id,
            leader_url: &self.settings.url,
            last_completed: self.last_completed,
            generation: self.seat.generation,
            members: members.map(|it| (it.member_id.to_string(), it.metadata.clone())).collect(),
        };
        let decision = election.decide(&mut self.assignor, leader, self.epoch.elapsed())?;
        self.shares = decision.shares;
        Ok(decision.assignments)
    }

    async fn sync_group(
        &mut self,
        coordinator: &Node,
        protocol: ConnectProtocol,
        assignments: Vec<(String, Bytes)>,
    ) -> Result<Bytes, Failure> {
        let synchronized =
            self.seat.synchronize(&self.rounds, coordinator, protocol.name(), assignments).await;
        synchronized.map_err(|error| self.rejected(error))
    }

    /// What an error of the group means. Some void this worker's generation or its id.
    fn rejected(&mut self, error: wire::Error) -> Failure {
        use ResponseError as Code;
        match error.code() {
            Some(Code::MemberIdRequired | Code::IllegalGeneration) => {}
            Some(Code::UnknownMemberId) => {
                self.seat.id.clear();
                self.seat.generation = NO_GENERATION;
                return Failure::Expelled;
            }
            _ => return Failure::of(&self.settings.group_id, error),
        }
        self.seat.generation = NO_GENERATION;
        Failure::Again
    }
}
