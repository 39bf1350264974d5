//! Catching up with the config topic after a round. A worker that cannot stops its work and leaves the group, so
//! that the others go on without it, and reads again after a pause before it joins (`DistributedHerder.readConfigToEnd` and `backoff`).

use std::time::Duration;

use super::State;
use crate::event::{Effect, Timer};

/// Pauses of a group that rebalances step by step, each longer than the one before; then they begin anew.
const PAUSES: u32 = 5;
/// A pause is never shorter, whatever the worker file says.
const SHORTEST: Duration = Duration::from_millis(250);

/// How often in a row this worker could not catch up.
#[derive(Debug, Clone, Default)]
pub(super) struct CatchUp {
    failures: u32,
    /// What is given up is stopping; then the group is left.
    is_leaving: bool,
}

impl CatchUp {
    /// It has caught up.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

impl State {
    /// The config topic was read to its end, or not in time.
    pub(super) fn config_read(&mut self, in_time: bool) {
        if self.membership.is_catching_up() {
            if in_time && self.config.offset() >= self.membership.needed_offset() {
                self.assignment_in_force();
            } else {
                self.fall_behind();
            }
        } else if self.membership.is_away() {
            if in_time {
                self.membership.come_back();
            } else {
                self.pause_before_reading();
            }
        }
    }

    /// Out of the group, and nothing goes on here meanwhile: a leader that does not know who had the work gives it to
    /// others at once.
    fn fall_behind(&mut self) {
        tracing::warn!(
            offset = self.config.offset(),
            needed = self.membership.needed_offset(),
            "the config topic could not be read up to the offset that the group works with; leaving the group for a while"
        );
        self.membership.drop_assignment();
        self.membership.go_away();
        self.catch_up.is_leaving = true;
    }

    /// Leaves the group for a while, once nothing that was given up still runs.
    pub(super) fn step_out_if_due(&mut self) {
        if self.catch_up.is_leaving && !self.work.is_stopping() {
            self.catch_up.is_leaving = false;
            if self.membership.is_away() {
                self.effects.push(Effect::StepOut);
            }
        }
    }

    /// The group has been left for a while.
    pub(super) fn stepped_out(&mut self) {
        if self.membership.is_away() {
            self.pause_before_reading();
        }
    }

    /// Time to read the config topic again.
    pub(super) fn read_again(&mut self) {
        if self.membership.is_away() {
            self.effects.push(Effect::ReadConfig);
        }
    }

    fn pause_before_reading(&mut self) {
        let left = PAUSES - self.catch_up.failures % PAUSES;
        self.catch_up.failures += 1;
        let pause = if self.membership.is_eager() {
            self.settings.unsync_backoff
        } else {
            self.settings.rebalance_delay / 10 / left
        };
        self.effects.push(Effect::After(pause.max(SHORTEST), Timer::ReadConfig));
    }
}
