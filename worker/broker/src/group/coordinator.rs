//! All groups with their committed offsets, and the one task that lets their timers act.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::member::{Join, Joined, Synced};
use super::membership::Group;
use crate::journal::{Committed, Entry, Facts};
use crate::random;

/// What a group committed, by topic and partition.
pub(crate) type Offsets = BTreeMap<(String, i32), Committed>;

#[derive(Debug)]
pub(crate) struct Coordinator {
    groups: Mutex<BTreeMap<String, Entity>>,
    initial_delay: Duration,
    /// Rings when a timer may have become due earlier.
    changed: Notify,
}

/// A group as clients see it. It exists while it has members or offsets.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) membership: Group,
    pub(crate) offsets: Offsets,
}

impl Coordinator {
    pub(crate) fn new(initial_delay: Duration, facts: &Facts) -> Arc<Self> {
        let mut groups: BTreeMap<String, Entity> = BTreeMap::new();
        for ((group, topic, partition), committed) in &facts.committed {
            let entity = groups.entry(group.clone()).or_insert_with(Entity::new);
            entity.offsets.insert((topic.clone(), *partition), committed.clone());
        }
        Arc::new(Self { groups: Mutex::new(groups), initial_delay, changed: Notify::new() })
    }

    /// Lets timers act until `stop`.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let changed = self.changed.notified();
            let next = self.tick(Instant::now());
            let due = async {
                match next {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = changed => {}
                () = due => {}
            }
        }
    }

    /// Waits until the round that the member joined is complete.
    pub(crate) async fn join(&self, group: &str, join: Join) -> Joined {
        let member_id = join.member_id.clone();
        let fresh_id = format!("{}-{}", join.client_id, random::uuid());
        let (reply, answer) = oneshot::channel();
        {
            let mut groups = self.lock();
            let entity = groups.entry(group.to_owned()).or_insert_with(Entity::new);
            let now = Instant::now();
            entity.membership.join(join, || fresh_id, self.initial_delay, reply, now);
        }
        self.changed.notify_one();
        let gone = |_| Joined::refused(ResponseError::CoordinatorNotAvailable, member_id);
        answer.await.unwrap_or_else(gone)
    }

    /// Waits until the leader has said who gets what.
    pub(crate) async fn sync(
        &self,
        group: &str,
        member_id: &str,
        generation: i32,
        assignments: Vec<(String, Bytes)>,
    ) -> Synced {
        let (reply, answer) = oneshot::channel();
        let known = self.with(group, |entity| {
            let now = Instant::now();
            entity.membership.sync(member_id, generation, assignments, reply, now);
        });
        if known.is_none() {
            return Synced::refused(ResponseError::UnknownMemberId);
        }
        answer.await.unwrap_or_else(|_| Synced::refused(ResponseError::CoordinatorNotAvailable))
    }

    pub(crate) fn heartbeat(
        &self,
        group: &str,
        member_id: &str,
        generation: i32,
    ) -> Result<(), ResponseError> {
        self.with(group, |it| it.membership.heartbeat(member_id, generation, Instant::now()))
            .unwrap_or(Err(ResponseError::UnknownMemberId))
    }

    pub(crate) fn leave(&self, group: &str, member_id: &str) -> Result<(), ResponseError> {
        self.with(group, |entity| entity.membership.leave(member_id, Instant::now()))
            .unwrap_or(Err(ResponseError::UnknownMemberId))
    }

    /// Whether this member may commit now.
    pub(crate) fn check_commit(
        &self,
        group: &str,
        member_id: &str,
        generation: i32,
    ) -> Result<(), ResponseError> {
        let checked = self
            .with(group, |it| it.membership.check_commit(member_id, generation, Instant::now()));
        match checked {
            Some(checked) => checked,
            None if generation < 0 && member_id.is_empty() => Ok(()),
            None => Err(ResponseError::IllegalGeneration),
        }
    }

    /// Keeps offsets whose facts are written already.
    pub(crate) fn commit(&self, group: &str, offsets: Offsets) {
        let mut groups = self.lock();
        groups.entry(group.to_owned()).or_insert_with(Entity::new).offsets.extend(offsets);
    }

    /// Forgets offsets; those of a topic that a deletion took along, too.
    pub(crate) fn forget_offsets(&self, group: Option<&str>, gone: impl Fn(&str, i32) -> bool) {
        for (name, entity) in self.lock().iter_mut() {
            if group.is_none_or(|group| group == name) {
                entity.offsets.retain(|(topic, partition), _| !gone(topic, *partition));
            }
        }
    }

    /// Deletes a group without members; answers the facts to note.
    pub(crate) fn delete(&self, group: &str) -> Result<Vec<Entry>, ResponseError> {
        let mut groups = self.lock();
        let entity = groups.get(group).ok_or(ResponseError::GroupIdNotFound)?;
        if !entity.membership.is_idle() {
            return Err(ResponseError::NonEmptyGroup);
        }
        let facts = entity.offsets.keys().map(|(topic, partition)| Entry::OffsetDeleted {
            group: group.to_owned(),
            topic: topic.clone(),
            partition: *partition,
        });
        let facts = facts.collect();
        groups.remove(group);
        Ok(facts)
    }

    /// Looks at a group, or changes it.
    pub(crate) fn with<T>(&self, group: &str, look: impl FnOnce(&mut Entity) -> T) -> Option<T> {
        let seen = self.lock().get_mut(group).map(look);
        self.changed.notify_one();
        seen
    }

    /// Looks at every group.
    pub(crate) fn for_each(&self, mut look: impl FnMut(&str, &Entity)) {
        for (name, entity) in self.lock().iter() {
            look(name, entity);
        }
    }

    fn tick(&self, now: Instant) -> Option<Instant> {
        let mut groups = self.lock();
        let next = groups.values_mut().filter_map(|entity| entity.membership.tick(now)).min();
        groups.retain(|_, entity| !entity.membership.is_idle() || !entity.offsets.is_empty());
        next
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entity>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entity {
    fn new() -> Self {
        Self { membership: Group::new(), offsets: Offsets::new() }
    }
}
