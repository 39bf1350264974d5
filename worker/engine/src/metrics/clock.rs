//! How long a task has been in which state (`StateTracker`).

use std::time::{Duration, Instant};

/// State of a task as metrics name it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TaskState {
    #[default]
    Unassigned,
    Running,
    Paused,
    Failed,
}

impl TaskState {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Failed => "failed",
        }
    }
}

/// The time in each state, from the first one that was entered.
#[derive(Debug, Default)]
pub(crate) struct StateClock {
    state: TaskState,
    since: Option<Instant>,
    running: Duration,
    paused: Duration,
    other: Duration,
}

impl StateClock {
    pub(super) fn enter(&mut self, state: TaskState, now: Instant) {
        let elapsed = self.elapsed(now);
        *self.share_mut(self.state) += elapsed;
        self.state = state;
        self.since = Some(now);
    }

    pub(super) const fn state(&self) -> TaskState {
        self.state
    }

    /// Share of the time in a state, from 0 to 1.
    pub(super) fn ratio(&self, state: TaskState, now: Instant) -> f64 {
        let current = self.elapsed(now);
        let total = (self.running + self.paused + self.other + current).as_secs_f64();
        let before = match state {
            TaskState::Running => self.running,
            TaskState::Paused => self.paused,
            TaskState::Unassigned | TaskState::Failed => self.other,
        };
        let time = if state == self.state { before + current } else { before };
        if total > 0.0 { time.as_secs_f64() / total } else { 0.0 }
    }

    fn elapsed(&self, now: Instant) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    const fn share_mut(&mut self, state: TaskState) -> &mut Duration {
        match state {
            TaskState::Running => &mut self.running,
            TaskState::Paused => &mut self.paused,
            TaskState::Unassigned | TaskState::Failed => &mut self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_the_time_since_the_first_state() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut clock = StateClock::default();
        let ratios = |clock: &StateClock, now| {
            [TaskState::Running, TaskState::Paused].map(|it| clock.ratio(it, now).to_string())
        };
        assert_eq!(ratios(&clock, at(1)), ["0", "0"]);
        clock.enter(TaskState::Running, at(2));
        assert_eq!(ratios(&clock, at(2)), ["0", "0"]);
        assert_eq!(ratios(&clock, at(3)), ["1", "0"]);
        clock.enter(TaskState::Paused, at(5));
        assert_eq!(ratios(&clock, at(6)), ["0.75", "0.25"]);
        clock.enter(TaskState::Failed, at(6));
        assert_eq!(ratios(&clock, at(10)), ["0.375", "0.125"]);
        assert_eq!(clock.state().name(), "failed");
    }
}
