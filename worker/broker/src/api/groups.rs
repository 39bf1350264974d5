//! Looking at groups and deleting them.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    GroupId, ListGroupsRequest, ListGroupsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Api, Caller};
use crate::context::{code, wire};
use crate::group::Group;

/// The only type of group here, in Kafka's word.
const CLASSIC: &str = "classic";

impl Api for ListGroupsRequest {
    async fn handle(self, caller: Caller<'_>) -> ListGroupsResponse {
        let allows = |filter: &[StrBytes], value: &str| {
            filter.is_empty() || filter.iter().any(|it| it.eq_ignore_ascii_case(value))
        };
        let mut groups = Vec::new();
        caller.context.groups.for_each(|name, entity| {
            let state = entity.membership.state.name();
            if allows(&self.states_filter, state) && allows(&self.types_filter, CLASSIC) {
                let protocol = entity.membership.protocol_type.clone().unwrap_or_default();
                groups.push(
                    ListedGroup::default()
                        .with_group_id(wire(name).into())
                        .with_protocol_type(wire(protocol))
                        .with_group_state(wire(state))
                        .with_group_type(wire(CLASSIC)),
                );
            }
        });
        ListGroupsResponse::default().with_groups(groups)
    }

    fn refuse(&self, error: ResponseError) -> ListGroupsResponse {
        ListGroupsResponse::default().with_error_code(error.code())
    }
}

impl Api for DescribeGroupsRequest {
    async fn handle(self, caller: Caller<'_>) -> DescribeGroupsResponse {
        let describe = |id: &GroupId| {
            let groups = &caller.context.groups;
            let found = groups.with(id, |entity| described(id, &entity.membership));
            found.unwrap_or_else(|| {
                DescribedGroup::default().with_group_id(id.clone()).with_group_state(wire("Dead"))
            })
        };
        DescribeGroupsResponse::default().with_groups(self.groups.iter().map(describe).collect())
    }

    fn refuse(&self, error: ResponseError) -> DescribeGroupsResponse {
        let refused = |id: &GroupId| {
            DescribedGroup::default().with_group_id(id.clone()).with_error_code(error.code())
        };
        DescribeGroupsResponse::default().with_groups(self.groups.iter().map(refused).collect())
    }
}

fn described(id: &GroupId, group: &Group) -> DescribedGroup {
    let members = group.members.iter().map(|(member_id, member)| {
        DescribedGroupMember::default()
            .with_member_id(wire(member_id))
            .with_client_id(wire(&member.client_id))
            .with_client_host(wire(format!("/{}", member.client_host)))
            .with_member_metadata(group.metadata(member))
            .with_member_assignment(member.assignment.clone())
    });
    DescribedGroup::default()
        .with_group_id(id.clone())
        .with_group_state(wire(group.state.name()))
        .with_protocol_type(wire(group.protocol_type.clone().unwrap_or_default()))
        .with_protocol_data(wire(group.protocol.clone().unwrap_or_default()))
        .with_members(members.collect())
}

impl Api for DeleteGroupsRequest {
    async fn handle(self, caller: Caller<'_>) -> DeleteGroupsResponse {
        let delete = |id: &GroupId| {
            let facts = caller.context.groups.delete(id);
            let outcome = facts.and_then(|facts| caller.context.topics.note(&facts));
            DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(code(outcome))
        };
        DeleteGroupsResponse::default().with_results(self.groups_names.iter().map(delete).collect())
    }

    fn refuse(&self, error: ResponseError) -> DeleteGroupsResponse {
        let refused = |id: &GroupId| {
            DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(error.code())
        };
        DeleteGroupsResponse::default()
            .with_results(self.groups_names.iter().map(refused).collect())
    }
}
