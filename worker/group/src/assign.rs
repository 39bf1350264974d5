//! Who runs what: the leader's decision, pure. The caller brings what is configured, what the members hold and the time;
//! nothing here waits, reads a clock or talks to anybody.
//!
//! [`eager`] is Java's `EagerAssignor`, [`IncrementalAssignor`] its `IncrementalCooperativeAssignor` (KIP-415), with four
//! improvements that followers of either kind understand:
//! - A member that comes back under the address of a lost one gets exactly that one's connectors and tasks back at once;
//!   Java lets them lie until the delay has run out.
//! - What a member had stopped before it left goes to others at once; Java waits as it does for one that crashed.
//! - Work goes only to members that can run it, as far as there is one ([`CanRun`]).
//! - Work that is held but no longer configured is revoked even if this leader did not hand it out.

mod balance;
mod delay;
mod eager;
mod incremental;
mod spread;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::protocol::{Assignment, TaskId};

pub use eager::eager;
pub use incremental::{IncrementalAssignor, Round};

/// What can be handed out. Connectors and tasks are balanced apart, because a connector is light and a task is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A connector itself.
    Connector(String),
    /// One task of a connector.
    Task(String, i32),
}

impl Unit {
    /// The connector that this is or belongs to.
    pub fn connector(&self) -> &str {
        match self {
            Self::Connector(connector) | Self::Task(connector, _) => connector,
        }
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Connector(_) => Kind::Connector,
            Self::Task(..) => Kind::Task,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connector,
    Task,
}

/// Some connectors and tasks.
pub type Work = BTreeSet<Unit>;

/// The work that lists of connectors and tasks name.
pub fn work(connectors: &[String], tasks: &[TaskId]) -> Work {
    let connectors = connectors.iter().cloned().map(Unit::Connector);
    let tasks = tasks.iter().map(|(connector, task)| Unit::Task(connector.clone(), *task));
    connectors.chain(tasks).collect()
}

/// The lists of connectors and tasks that name some work.
pub fn lists(work: &Work) -> (Vec<String>, Vec<TaskId>) {
    let (mut connectors, mut tasks) = (Vec::new(), Vec::new());
    for unit in work {
        match unit {
            Unit::Connector(connector) => connectors.push(connector.clone()),
            Unit::Task(connector, task) => tasks.push((connector.clone(), *task)),
        }
    }
    (connectors, tasks)
}

/// A member as it came to this round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberState {
    /// Its advertised REST address.
    pub url: String,
    /// What it says it holds.
    pub held: Work,
}

impl MemberState {
    /// A member that came with this metadata.
    pub fn new(url: String, held: Option<&Assignment>) -> Self {
        Self { url, held: held.map(|it| work(&it.connectors, &it.tasks)).unwrap_or_default() }
    }
}

/// The members of a round by their ids.
pub type Members = BTreeMap<String, MemberState>;

/// Whether the member with an address (first) can run a connector (second).
pub type CanRun<'a> = &'a dyn Fn(&str, &str) -> bool;

/// Whether the member with an address, which is gone, had stopped a part of its work before it left.
pub type HadStopped<'a> = &'a dyn Fn(&str, &Unit) -> bool;

/// One member's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// What it shall start.
    pub assigned: Work,
    /// What it shall stop; where it goes is decided in the round after.
    pub revoked: Work,
    /// What it runs once it has done both.
    pub total: Work,
}

/// The outcome of a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Every member's share.
    pub shares: BTreeMap<String, Share>,
    /// When all shall join again; zero for never.
    pub delay: Duration,
}

/// The connectors that a member cannot run, by its id.
#[derive(Debug, Default)]
struct Barred(BTreeMap<String, BTreeSet<String>>);

impl Barred {
    /// Asks for each member and connector. What nobody can run counts as if all could: it goes to somebody, who then
    /// reports Connect's own error instead of leaving the user without any.
    fn ask<'a>(
        members: &Members,
        connectors: impl Iterator<Item = &'a str>,
        can_run: CanRun<'_>,
    ) -> Self {
        let mut barred = BTreeMap::<String, BTreeSet<String>>::new();
        for connector in connectors.collect::<BTreeSet<_>>() {
            let unable: Vec<_> =
                members.iter().filter(|(_, member)| !can_run(&member.url, connector)).collect();
            if unable.len() == members.len() {
                continue;
            }
            for (id, _) in unable {
                barred.entry(id.clone()).or_default().insert(connector.to_owned());
            }
        }
        Self(barred)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn allows(&self, member: &str, unit: &Unit) -> bool {
        self.0.get(member).is_none_or(|connectors| !connectors.contains(unit.connector()))
    }
}

#[cfg(test)]
mod tests;
