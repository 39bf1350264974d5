//! A worker that shares nothing with others: a group of one, without a broker.

use std::time::Duration;

use crate::{
    assign::{IncrementalAssignor, MemberState, Members, Round, lists, work},
    member::{Joined, Leader, LocalState, MemberShare, configured_work},
    protocol::{Assignment, CONFIG_MISMATCH},
};

/// The only member of a group that is nowhere else. It leads, and is given all that is configured.
#[derive(Debug)]
pub struct Alone {
    url: String,
    generation: i32,
    shares: Vec<MemberShare>,
}

impl Alone {
    /// The worker with this REST address.
    pub const fn new(url: String) -> Self {
        Self { url, generation: -1, shares: Vec::new() }
    }

    /// One round: what is configured and not held is assigned, what is held and not configured is revoked.
    pub fn join(&mut self, local: &LocalState, leader: &mut (dyn Leader + Send)) -> Joined {
        self.generation += 1;
        let held = local.assignment.as_ref();
        let held = held.map(|it| work(&it.connectors, &it.tasks)).unwrap_or_default();
        let mut assignment = Assignment {
            leader: self.url.clone(),
            leader_url: self.url.clone(),
            config_offset: local.config_offset,
            ..Assignment::default()
        };
        if let Some(configured) = leader.configured(local.config_offset) {
            assignment.config_offset = configured.offset;
            let members =
                Members::from([(self.url.clone(), MemberState { url: self.url.clone(), held })]);
            let round = Round {
                configured: &configured_work(&configured),
                members: &members,
                last_completed: self.generation - 1,
                generation: self.generation,
                can_run: &|_, _| true,
                had_stopped: &|_, _| false,
            };
            // Without memory: there is nobody to wait for.
            let plan = IncrementalAssignor::new(Duration::ZERO).assign(&round, Duration::ZERO);
            for (id, share) in plan.shares {
                (assignment.connectors, assignment.tasks) = lists(&share.assigned);
                (assignment.revoked_connectors, assignment.revoked_tasks) = lists(&share.revoked);
                self.shares = vec![MemberShare { url: id.clone(), id, work: share.total }];
            }
        } else {
            assignment.error = CONFIG_MISMATCH;
        }
        Joined {
            generation: self.generation,
            leader_id: self.url.clone(),
            leader_url: self.url.clone(),
            is_leader: true,
            is_sessioned: false,
            is_cooperative: true,
            assignment,
        }
    }

    /// Who runs what: this worker, all.
    pub fn shares(&self) -> &[MemberShare] {
        &self.shares
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::member::Configured;

    struct Plan(&'static [(&'static str, i32)]);

    impl Leader for Plan {
        fn configured(&mut self, max_offset: i64) -> Option<Configured> {
            let connector = |(name, tasks): &(&str, i32)| ((*name).into(), (0..*tasks).collect());
            let connectors: BTreeMap<_, _> = self.0.iter().map(connector).collect();
            Some(Configured { offset: max_offset, connectors })
        }
    }

    #[test]
    fn everything_is_its_own() {
        let mut alone = Alone::new("http://a/".into());
        let mut local = LocalState { config_offset: 3, assignment: None };
        let joined = alone.join(&local, &mut Plan(&[("a", 1), ("b", 0)]));
        assert!(joined.is_leader && joined.assignment.config_offset == 3);
        assert_eq!(joined.assignment.connectors, ["a", "b"]);
        assert_eq!(joined.assignment.tasks, [("a".to_owned(), 0)]);
        local.assignment = Some(joined.assignment);
        let joined = alone.join(&local, &mut Plan(&[("b", 2)]));
        assert_eq!(joined.assignment.revoked_connectors, ["a"]);
        assert_eq!(joined.assignment.revoked_tasks, [("a".to_owned(), 0)]);
        assert_eq!(joined.assignment.tasks, [("b".to_owned(), 0), ("b".to_owned(), 1)]);
        assert_eq!((joined.generation, alone.shares()[0].work.len()), (1, 3));
    }
}
