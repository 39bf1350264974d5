//! What a record that fails does to its task: tried again, skipped and reported, or the end, with Java's words
//! (`RetryWithToleranceOperator`).

mod policy;

use std::{sync::Arc, time::Duration};

use sluice_plugin::{self as plugin, Kind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    metrics::TaskStats,
    reporters::{Original, Reporters},
    stage::Step,
    trace::Failure,
};

pub(crate) use policy::{DeadLetterPolicy, LogPolicy, Policy};

/// What Java says around an error that is not tolerated.
pub(crate) const EXCEEDED: &str = "Tolerance exceeded in error handler";
/// What Java says around an error that no tolerance covers.
const UNHANDLED: &str = "Unhandled exception in error handler";

/// Decides over records that fail.
pub(crate) struct Guard {
    policy: Policy,
    reporters: Arc<Reporters>,
    stats: Arc<TaskStats>,
    stop: CancellationToken,
}

/// What to do with a record that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try the same step again.
    Again,
    /// Go on without the record: it was reported.
    Skip,
    /// The task is told to stop: neither the record nor any after it is done.
    Stop,
}

/// The attempts at one step of one record.
#[derive(Debug)]
pub(crate) struct Attempts {
    made: u32,
    since: Instant,
}

impl Attempts {
    /// The first attempt begins.
    pub(crate) fn begin() -> Self {
        Self { made: 0, since: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Guard {
    pub(crate) const fn new(
        policy: Policy,
        reporters: Arc<Reporters>,
        stats: Arc<TaskStats>,
        stop: CancellationToken,
    ) -> Self {
        Self { policy, reporters, stats, stop }
    }

    /// A step has failed. Waits before it says that the step is tried again. An error fails the task.
    pub(crate) async fn failed(
        &self,
        step: &Step,
        error: plugin::Error,
        original: Original<'_>,
        attempts: &mut Attempts,
    ) -> Result<Next, Failure> {
        attempts.made += 1;
        self.stats.errors.failed();
        let (kind, is_systemic) = (error.kind(), error.is_systemic());
        if kind == Kind::Retriable {
            if is_systemic {
                return Ok(self.wait_for(step, &error, attempts).await);
            }
            if self.policy.retries_after(attempts.elapsed()) {
                let pause = self.policy.pause(attempts.made, attempts.elapsed());
                return Ok(self.pause(pause).await);
            }
            // Java counts the last attempt once as an attempt and once as the end of all.
            self.stats.errors.failed();
        }
        let failure = Failure::from(error);
        self.stats.errors.ended();
        self.reporters.report(step, &failure, original);
        if is_systemic || !step.stage.can_be_tolerated(kind) {
            return Err(failure.within(UNHANDLED));
        }
        if !self.policy.tolerates {
            return Err(failure.within(EXCEEDED));
        }
        self.stats.errors.skipped();
        Ok(Next::Skip)
    }

    /// Whether records that fail are skipped.
    pub(crate) const fn tolerates(&self) -> bool {
        self.policy.tolerates
    }

    /// What every record needs is away: to give up would only fail this record for it, and the next one.
    async fn wait_for(&self, step: &Step, error: &plugin::Error, attempts: &Attempts) -> Next {
        tracing::warn!(
            step = step.stage.name(),
            class = &*step.class,
            attempts = attempts.made,
            "the task waits, no record is skipped: {error}"
        );
        self.pause(self.policy.patience(attempts.made)).await
    }

    async fn pause(&self, pause: Duration) -> Next {
        tokio::select! {
            // Java skips the record, whose position is committed then: here it is read again.
            () = self.stop.cancelled() => Next::Stop,
            () = tokio::time::sleep(pause) => {
                self.stats.errors.retried();
                Next::Again
            }
        }
    }
}

#[cfg(test)]
mod tests;
