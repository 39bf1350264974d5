//! The leader's part of a round, pure: from the members' metadata to the bytes that each of them gets.

use std::time::Duration;

use bytes::Bytes;

use super::{Configured, Leader};
use crate::{
    assign::{
        IncrementalAssignor, MemberState, Members, Plan, Round, Share, Unit, Work, eager, lists,
    },
    protocol::{Assignment, CONFIG_MISMATCH, ConnectProtocol, EncodeError, Metadata},
};

/// One member of the group and what it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberShare {
    /// Member id.
    pub id: String,
    /// Advertised REST address.
    pub url: String,
    /// What it runs once it has done what the round asks of it.
    pub work: Work,
}

/// A round as the leader sees it.
pub(super) struct Election<'a> {
    pub(super) protocol: ConnectProtocol,
    pub(super) leader_id: &'a str,
    pub(super) leader_url: &'a str,
    pub(super) last_completed: i32,
    pub(super) generation: i32,
    /// Member ids with their metadata.
    pub(super) members: Vec<(String, Bytes)>,
}

/// What the leader decided.
pub(super) struct Decision {
    pub(super) assignments: Vec<(String, Bytes)>,
    pub(super) shares: Vec<MemberShare>,
}

impl Election<'_> {
    /// Decides the round. `now` is the assignor's time.
    pub(super) fn decide(
        &self,
        assignor: &mut IncrementalAssignor,
        leader: &mut (dyn Leader + Send),
        now: Duration,
    ) -> Result<Decision, EncodeError> {
        let (members, max_offset) = self.read();
        let mut template = Assignment {
            leader: self.leader_id.to_owned(),
            leader_url: self.leader_url.to_owned(),
            config_offset: max_offset,
            ..Assignment::default()
        };
        let plan = if let Some(configured) = leader.configured(max_offset) {
            template.config_offset = configured.offset.max(max_offset);
            self.plan(assignor, &configured, &members, leader, now)
        } else {
            tracing::info!(max_offset, "a member has seen configuration that this leader has not");
            template.error = CONFIG_MISMATCH;
            Plan::default()
        };
        self.hand_out(&template, &plan, &members)
    }

    /// The members whose metadata can be read, and the newest configuration that one of them has seen. A member that
    /// cannot be understood must not stop the whole group: it gets nothing.
    fn read(&self) -> (Members, i64) {
        let mut members = Members::new();
        let mut max_offset = -1;
        for (id, metadata) in &self.members {
            match Metadata::decode(metadata) {
                Ok(metadata) => {
                    max_offset = max_offset.max(metadata.config_offset);
                    let state = MemberState::new(metadata.url, metadata.held.as_ref());
                    members.insert(id.clone(), state);
                }
                Err(error) => {
                    tracing::warn!(member = id, %error, "a member's metadata cannot be read");
                }
            }
        }
        (members, max_offset)
    }

    fn plan(
        &self,
        assignor: &mut IncrementalAssignor,
        configured: &Configured,
        members: &Members,
        leader: &(dyn Leader + Send),
        now: Duration,
    ) -> Plan {
        let configured = configured_work(configured);
        let can_run = |url: &str, connector: &str| leader.can_run(url, connector);
        if self.protocol == ConnectProtocol::Eager {
            return eager(&configured, members, &can_run);
        }
        let round = Round {
            configured: &configured,
            members,
            last_completed: self.last_completed,
            generation: self.generation,
            can_run: &can_run,
            had_stopped: &|url, unit| leader.had_stopped(url, unit),
        };
        assignor.assign(&round, now)
    }

    fn hand_out(
        &self,
        template: &Assignment,
        plan: &Plan,
        members: &Members,
    ) -> Result<Decision, EncodeError> {
        let nothing = Share::default();
        let mut decision = Decision { assignments: Vec::new(), shares: Vec::new() };
        for (id, _) in &self.members {
            let share = plan.shares.get(id).unwrap_or(&nothing);
            let (connectors, tasks) = lists(&share.assigned);
            let (revoked_connectors, revoked_tasks) = lists(&share.revoked);
            let assignment = Assignment {
                connectors,
                tasks,
                revoked_connectors,
                revoked_tasks,
                delay: plan.delay,
                ..template.clone()
            };
            decision.assignments.push((id.clone(), assignment.encode(self.protocol)?));
            if let Some(member) = members.get(id) {
                let (id, url) = (id.clone(), member.url.clone());
                decision.shares.push(MemberShare { id, url, work: share.total.clone() });
            }
        }
        Ok(decision)
    }
}

/// All that is configured, as what can be handed out.
pub(crate) fn configured_work(configured: &Configured) -> Work {
    let mut units = Work::new();
    for (connector, tasks) in &configured.connectors {
        units.insert(Unit::Connector(connector.clone()));
        units.extend(tasks.iter().map(|task| Unit::Task(connector.clone(), *task)));
    }
    units
}
