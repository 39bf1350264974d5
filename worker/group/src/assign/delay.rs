//! The wait before lost work is handed to others, in the hope that its owner comes back
//! (`scheduled.rebalance.max.delay.ms`).

use std::time::Duration;

use indexmap::IndexSet;

use super::{Barred, Kind, Work, spread::Loads};

#[derive(Debug)]
pub(super) struct Delay {
    max: Duration,
    /// When the wait ends.
    until: Option<Duration>,
    /// What was left of the wait in the last round.
    left: Duration,
    /// Members without work that showed up during the wait: most likely the lost one, back under a new id.
    candidates: IndexSet<String>,
}

/// What a look at the wait says about lost work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It is handed out like new work.
    Free(Work),
    /// The wait is over; what no candidate took is handed out like new work.
    Expired(Work),
    /// It has to wait.
    Waits,
}

impl Delay {
    pub(super) fn new(max: Duration) -> Self {
        Self { max, until: None, left: Duration::ZERO, candidates: IndexSet::new() }
    }

    pub(super) fn left(&self) -> Duration {
        self.left
    }

    pub(super) fn max(&self) -> Duration {
        self.max
    }

    pub(super) fn start(&mut self, wait: Duration, now: Duration) {
        self.left = wait;
        self.until = Some(now + wait);
    }

    pub(super) fn reset(&mut self) {
        self.until = None;
        self.left = Duration::ZERO;
        self.candidates.clear();
    }

    /// Decides about `lost` work, which may be nothing. `departed` says whether a member of the last round is missing:
    /// if none is, the loss comes from an assignment that did not arrive, and there is nobody to wait for.
    pub(super) fn look(
        &mut self,
        lost: &Work,
        departed: bool,
        loads: &mut Loads,
        barred: &Barred,
        now: Duration,
    ) -> Lost {
        if self.max.is_zero() || (self.until.is_none() && !departed) {
            return Lost::Free(lost.clone());
        }
        if self.until.is_some_and(|until| now >= until) {
            let rest = self.give_to_candidates(lost, loads, barred);
            self.reset();
            return Lost::Expired(rest);
        }
        let idle = loads.iter().filter(|(_, held)| held.is_empty());
        self.candidates.extend(idle.map(|(id, _)| id.clone()));
        let left = self.until.map_or(self.max, |until| until.saturating_sub(now).min(self.max));
        self.start(left, now);
        Lost::Waits
    }

    /// Deals lost work to the candidates that are still there, in turn; returns what none of them took.
    fn give_to_candidates(&self, lost: &Work, loads: &mut Loads, barred: &Barred) -> Work {
        let present: Vec<&String> =
            self.candidates.iter().filter(|id| loads.contains_key(*id)).collect();
        let mut rest = Work::new();
        for kind in [Kind::Connector, Kind::Task] {
            let mut turn = 0;
            for unit in lost.iter().filter(|unit| unit.kind() == kind) {
                let taker = (0..present.len())
                    .map(|ahead| (turn + ahead) % present.len())
                    .find(|index| barred.allows(present[*index], unit));
                match taker {
                    Some(index) => {
                        turn = index + 1;
                        loads.entry(present[index].clone()).or_default().insert(unit.clone());
                    }
                    None => {
                        rest.insert(unit.clone());
                    }
                }
            }
        }
        rest
    }
}
