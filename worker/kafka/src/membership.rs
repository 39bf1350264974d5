//! A member's calls to the coordinator of its group, of whatever protocol type: join, synchronise, heartbeat, leave.
//! It keeps the id and the generation that the group gave; when to call what is the caller's to decide.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{
        GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
        SyncGroupRequest, join_group_request::JoinGroupRequestProtocol,
        leave_group_request::MemberIdentity, sync_group_request::SyncGroupRequestAssignment,
    },
    protocol::StrBytes,
};

use crate::wire::{Client, Error, Node};

/// A generation that does not exist.
pub const NO_GENERATION: i32 = -1;

/// The broker answers a JoinGroup at the end of the rebalance timeout at the latest; this much more for the way.
const JOIN_LAPSE: Duration = Duration::from_secs(5);

/// Java's default of `request.timeout.ms` for members of groups. A SyncGroup waits for the leader's.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);

/// Time for the farewell to the group. Without one, the group notices after the session timeout.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// What a member is to its group.
#[derive(Debug, Clone)]
pub struct Membership {
    /// `group.id`.
    pub group: String,
    /// What kind of members the group has.
    pub protocol_type: &'static str,
    /// `group.instance.id`: the group keeps the place of a member that comes back under it within its session.
    pub instance: Option<String>,
    /// `session.timeout.ms`: without a heartbeat for so long, the group counts the member as dead.
    pub session_timeout: Duration,
    /// How long the group waits for members to join again.
    pub rebalance_timeout: Duration,
    /// The id that the broker gave; empty before that.
    pub id: String,
    /// The generation that the member is in.
    pub generation: i32,
}

impl Membership {
    /// Asks to take part in the next generation with these protocols, by their names, the best one first. Waits until all
    /// members have joined, so `client` should have no other use meanwhile. The answer's id and generation are kept.
    ///
    /// A broker hands out an id first and refuses with [`ResponseError::MemberIdRequired`]: to be called again at once.
    pub async fn join(
        &mut self,
        client: &Client,
        coordinator: &Node,
        protocols: Vec<(&'static str, Bytes)>,
        reason: &str,
    ) -> Result<JoinGroupResponse, Error> {
        let offered = protocols.into_iter().map(|(name, metadata)| {
            JoinGroupRequestProtocol::default()
                .with_name(StrBytes::from_static_str(name))
                .with_metadata(metadata)
        });
        let request = JoinGroupRequest::default()
            .with_group_id(self.group_id())
            .with_session_timeout_ms(millis(self.session_timeout))
            .with_rebalance_timeout_ms(millis(self.rebalance_timeout))
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance_id())
            .with_protocol_type(StrBytes::from_static_str(self.protocol_type))
            .with_protocols(offered.collect());
        let reason = (!reason.is_empty()).then(|| text(reason));
        let build = |version| if version < 8 { request } else { request.with_reason(reason) };
        let timeout = (self.rebalance_timeout + JOIN_LAPSE).max(REQUEST_TIMEOUT);
        let answer = client.call_with(coordinator, timeout, i16::MAX, build).await?;
        match Error::check(answer.error_code, None) {
            Ok(()) => {
                self.id = answer.member_id.to_string();
                self.generation = answer.generation_id;
                Ok(answer)
            }
            Err(error) => {
                if error.code() == Some(ResponseError::MemberIdRequired) {
                    self.id = answer.member_id.to_string();
                    self.generation = NO_GENERATION;
                }
                Err(error)
            }
        }
    }

    /// Gives the group what its leader has decided, nothing from others, and waits for the member's own part.
    pub async fn synchronize(
        &self,
        client: &Client,
        coordinator: &Node,
        protocol: &str,
        assignments: Vec<(String, Bytes)>,
    ) -> Result<Bytes, Error> {
        let assignments = assignments.into_iter().map(|(id, bytes)| {
            SyncGroupRequestAssignment::default().with_member_id(text(&id)).with_assignment(bytes)
        });
        let request = SyncGroupRequest::default()
            .with_group_id(self.group_id())
            .with_generation_id(self.generation)
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance_id())
            .with_assignments(assignments.collect());
        let build = |version| match version {
            5.. => request
                .with_protocol_type(Some(StrBytes::from_static_str(self.protocol_type)))
                .with_protocol_name(Some(text(protocol))),
            _ => request,
        };
        let timeout = self.rebalance_timeout.max(REQUEST_TIMEOUT);
        let answer = client.call_with(coordinator, timeout, i16::MAX, build).await?;
        Error::check(answer.error_code, None)?;
        Ok(answer.assignment)
    }

    /// Keeps the session alive.
    pub async fn beat(
        &self,
        client: &Client,
        coordinator: &Node,
        timeout: Duration,
    ) -> Result<(), Error> {
        let request = HeartbeatRequest::default()
            .with_group_id(self.group_id())
            .with_generation_id(self.generation)
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance_id());
        let answer = client.call(coordinator, request, timeout).await?;
        Error::check(answer.error_code, None)
    }

    /// Leaves the group and forgets id and generation. `reason` appears in the broker's log.
    pub async fn leave(
        &mut self,
        client: &Client,
        coordinator: &Node,
        reason: &str,
    ) -> Result<(), Error> {
        let member = self.clone();
        self.id.clear();
        self.generation = NO_GENERATION;
        let build = |version| member.farewell(version, reason);
        let answer = client.call_with(coordinator, LEAVE_TIMEOUT, i16::MAX, build).await?;
        Error::check(answer.error_code, None)
    }

    /// The farewell, as the broker's version has it.
    fn farewell(&self, version: i16, reason: &str) -> LeaveGroupRequest {
        let request = LeaveGroupRequest::default().with_group_id(self.group_id());
        if version < 3 {
            return request.with_member_id(text(&self.id));
        }
        let member = MemberIdentity::default()
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance_id());
        let member = if version < 5 { member } else { member.with_reason(Some(text(reason))) };
        request.with_members(vec![member])
    }

    /// `group.id` as requests have it.
    pub fn group_id(&self) -> GroupId {
        GroupId(text(&self.group))
    }

    /// `group.instance.id` as requests have it.
    pub fn instance_id(&self) -> Option<StrBytes> {
        self.instance.as_deref().map(text)
    }
}

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_farewell_fits_the_broker_s_version() {
        let member = Membership {
            group: "g".to_owned(),
            protocol_type: "consumer",
            instance: None,
            session_timeout: Duration::ZERO,
            rebalance_timeout: Duration::ZERO,
            id: "m".to_owned(),
            generation: 1,
        };
        for (version, listed, has_reason) in [(2, false, false), (3, true, false), (5, true, true)]
        {
            let request = member.farewell(version, "because");
            assert_eq!(request.members.len(), usize::from(listed));
            assert_eq!(request.member_id.is_empty(), listed);
            let told = request.members.first().is_some_and(|it| it.reason.is_some());
            assert_eq!(told, has_reason);
        }
    }
}
