//! One round: JoinGroup, the leader's decision if this worker leads, SyncGroup.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{
        GroupId, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest,
        join_group_request::JoinGroupRequestProtocol, leave_group_request::MemberIdentity,
        sync_group_request::SyncGroupRequestAssignment,
    },
};
use sluice_kafka::wire::{self, Node};
use tokio::time::Instant;

use super::{
    JoinError, Joined, Leader, LocalState, Member, NO_GENERATION, heartbeat::Heartbeat,
    lead::Election, text,
};
use crate::protocol::{Assignment, ConnectProtocol, EncodeError, Metadata, PROTOCOL_TYPE};

/// The broker answers a JoinGroup at the end of the rebalance timeout at the latest; this much more for the way.
const JOIN_LAPSE: Duration = Duration::from_secs(5);

/// Java's default of `request.timeout.ms` for workers. A SyncGroup waits for the leader's.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);

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
        self.generation = answer.generation_id;
        self.id = answer.member_id.to_string();
        let protocol = self.agreed(&answer)?;
        let is_leader = answer.leader == answer.member_id;
        let assignments = if is_leader { self.decide(protocol, &answer, leader)? } else { vec![] };
        let bytes = self.sync_group(coordinator, protocol, assignments).await?;
        let assignment =
            Assignment::decode(&bytes).map_err(|error| Failure::Fatal(error.into()))?;
        self.last_completed = self.generation;
        self.rejoin_at = (!assignment.delay.is_zero()).then(|| Instant::now() + assignment.delay);
        self.heartbeat = Some(Heartbeat::start(
            &self.client,
            &self.settings,
            coordinator.clone(),
            &self.id,
            self.generation,
        ));
        Ok(Joined {
            generation: self.generation,
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
            let offer = JoinGroupRequestProtocol::default()
                .with_name(text(protocol.name()))
                .with_metadata(metadata.encode(*protocol)?);
            protocols.push(offer);
        }
        let millis = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        let request = JoinGroupRequest::default()
            .with_group_id(GroupId(text(&self.settings.group_id)))
            .with_session_timeout_ms(millis(self.settings.session_timeout))
            .with_rebalance_timeout_ms(millis(self.settings.rebalance_timeout))
            .with_member_id(text(&self.id))
            .with_protocol_type(text(PROTOCOL_TYPE))
            .with_protocols(protocols);
        let timeout = (self.settings.rebalance_timeout + JOIN_LAPSE).max(REQUEST_TIMEOUT);
        let outcome = self.rounds.call(coordinator, request, timeout).await;
        let answer = outcome.map_err(|error| Failure::of(&self.settings.group_id, error))?;
        match wire::Error::check(answer.error_code, None) {
            Ok(()) => Ok(answer),
            Err(error) => {
                // The broker hands out an id first and wants to be asked again with it.
                if error.code() == Some(ResponseError::MemberIdRequired) {
                    self.id = answer.member_id.to_string();
                }
                Err(self.rejected(error))
            }
        }
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
            leader_id: &self.id,
            leader_url: &self.settings.url,
            last_completed: self.last_completed,
            generation: self.generation,
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
        let assignments = assignments
            .into_iter()
            .map(|(id, bytes)| {
                SyncGroupRequestAssignment::default()
                    .with_member_id(text(&id))
                    .with_assignment(bytes)
            })
            .collect();
        let request = SyncGroupRequest::default()
            .with_group_id(GroupId(text(&self.settings.group_id)))
            .with_generation_id(self.generation)
            .with_member_id(text(&self.id))
            .with_assignments(assignments);
        let build = |version| match version {
            5.. => request
                .with_protocol_type(Some(text(PROTOCOL_TYPE)))
                .with_protocol_name(Some(text(protocol.name()))),
            _ => request,
        };
        let timeout = self.settings.rebalance_timeout.max(REQUEST_TIMEOUT);
        let outcome = self.rounds.call_with(coordinator, timeout, i16::MAX, build).await;
        let answer = outcome.map_err(|error| Failure::of(&self.settings.group_id, error))?;
        match wire::Error::check(answer.error_code, None) {
            Ok(()) => Ok(answer.assignment),
            Err(error) => Err(self.rejected(error)),
        }
    }

    /// What an error of the group means. Some void this worker's generation or its id.
    fn rejected(&mut self, error: wire::Error) -> Failure {
        use ResponseError as Code;
        match error.code() {
            Some(Code::MemberIdRequired | Code::IllegalGeneration) => {}
            Some(Code::UnknownMemberId) => {
                self.id.clear();
                self.generation = NO_GENERATION;
                return Failure::Expelled;
            }
            _ => return Failure::of(&self.settings.group_id, error),
        }
        self.generation = NO_GENERATION;
        Failure::Again
    }
}

/// The farewell of one member, as the broker's version has it.
pub(super) fn leave_request(
    version: i16,
    group: &str,
    member_id: &str,
    reason: &str,
) -> LeaveGroupRequest {
    let request = LeaveGroupRequest::default().with_group_id(GroupId(text(group)));
    if version < 3 {
        return request.with_member_id(text(member_id));
    }
    let member = MemberIdentity::default().with_member_id(text(member_id));
    let member = if version < 5 { member } else { member.with_reason(Some(text(reason))) };
    request.with_members(vec![member])
}
