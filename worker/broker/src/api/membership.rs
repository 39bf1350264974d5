//! Being a member of a group: join, sync, heartbeat, leave.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Api, Caller};
use crate::context::{code, wire};
use crate::group::{Join, Joined, Synced, Timeouts};

/// As Kafka's `group.max.session.timeout.ms`; there is no lower bound, so that tests may be quick.
const LONGEST_SESSION_MS: i32 = 1_800_000;

impl Api for JoinGroupRequest {
    async fn handle(self, caller: Caller<'_>) -> JoinGroupResponse {
        if self.group_id.is_empty() {
            return self.refuse(ResponseError::InvalidGroupId);
        }
        if !(1..=LONGEST_SESSION_MS).contains(&self.session_timeout_ms) {
            return self.refuse(ResponseError::InvalidSessionTimeout);
        }
        let session = Duration::from_millis(self.session_timeout_ms as u64);
        let rebalance = match u64::try_from(self.rebalance_timeout_ms) {
            Ok(millis) if caller.version >= 1 => Duration::from_millis(millis),
            _ => session,
        };
        let join = Join {
            member_id: self.member_id.to_string(),
            client_id: caller.client_id.to_owned(),
            client_host: caller.host.to_owned(),
            protocol_type: self.protocol_type.to_string(),
            protocols: self
                .protocols
                .iter()
                .map(|protocol| (protocol.name.to_string(), protocol.metadata.clone()))
                .collect(),
            timeouts: Timeouts { session, rebalance },
            id_required: caller.version >= 4,
        };
        joined(caller.context.groups.join(&self.group_id, join).await)
    }

    fn refuse(&self, error: ResponseError) -> JoinGroupResponse {
        joined(Joined::refused(error, self.member_id.to_string()))
    }
}

fn joined(joined: Joined) -> JoinGroupResponse {
    let member = |(id, metadata): (String, Bytes)| {
        JoinGroupResponseMember::default().with_member_id(wire(id)).with_metadata(metadata)
    };
    // A missing name is empty: null is none of the wire's before version 7.
    let protocol = joined.protocol.unwrap_or_default();
    JoinGroupResponse::default()
        .with_error_code(joined.error.map_or(0, |error| error.code()))
        .with_generation_id(joined.generation)
        .with_protocol_type(joined.protocol_type.map(wire))
        .with_protocol_name(Some(wire(protocol)))
        .with_leader(wire(joined.leader))
        .with_member_id(wire(joined.member_id))
        .with_members(joined.members.into_iter().map(member).collect())
}

impl Api for SyncGroupRequest {
    async fn handle(self, caller: Caller<'_>) -> SyncGroupResponse {
        let agreed = caller.context.groups.with(&self.group_id, |entity| {
            let group = &entity.membership;
            let same = |mine: &Option<StrBytes>, theirs: &Option<String>| {
                mine.as_ref().is_none_or(|mine| Some(mine.as_str()) == theirs.as_deref())
            };
            same(&self.protocol_type, &group.protocol_type)
                && same(&self.protocol_name, &group.protocol)
        });
        if agreed == Some(false) {
            return self.refuse(ResponseError::InconsistentGroupProtocol);
        }
        let assignments = self
            .assignments
            .iter()
            .map(|it| (it.member_id.to_string(), it.assignment.clone()))
            .collect();
        let groups = &caller.context.groups;
        synced(groups.sync(&self.group_id, &self.member_id, self.generation_id, assignments).await)
    }

    fn refuse(&self, error: ResponseError) -> SyncGroupResponse {
        synced(Synced::refused(error))
    }
}

fn synced(synced: Synced) -> SyncGroupResponse {
    SyncGroupResponse::default()
        .with_error_code(synced.error.map_or(0, |error| error.code()))
        .with_protocol_type(synced.protocol_type.map(wire))
        .with_protocol_name(synced.protocol.map(wire))
        .with_assignment(synced.assignment)
}

impl Api for HeartbeatRequest {
    async fn handle(self, caller: Caller<'_>) -> HeartbeatResponse {
        let groups = &caller.context.groups;
        let outcome = groups.heartbeat(&self.group_id, &self.member_id, self.generation_id);
        HeartbeatResponse::default().with_error_code(code(outcome))
    }

    fn refuse(&self, error: ResponseError) -> HeartbeatResponse {
        HeartbeatResponse::default().with_error_code(error.code())
    }
}

impl Api for LeaveGroupRequest {
    async fn handle(self, caller: Caller<'_>) -> LeaveGroupResponse {
        let leave = |member: &str| caller.context.groups.leave(&self.group_id, member);
        if caller.version < 3 {
            return LeaveGroupResponse::default().with_error_code(code(leave(&self.member_id)));
        }
        let members = self.members.iter().map(|it| answer(it, leave(&it.member_id))).collect();
        LeaveGroupResponse::default().with_members(members)
    }

    fn refuse(&self, error: ResponseError) -> LeaveGroupResponse {
        LeaveGroupResponse::default().with_error_code(error.code())
    }
}

fn answer(member: &MemberIdentity, outcome: Result<(), ResponseError>) -> MemberResponse {
    MemberResponse::default()
        .with_member_id(member.member_id.clone())
        .with_group_instance_id(member.group_instance_id.clone())
        .with_error_code(code(outcome))
}
