//! Which of several operators works: the holder of a Lease, by the algorithm of client-go's `leaderelection`.
//!
//! [`decide`] says whose turn it is, [`lease`] reads and writes the Lease; here is the loop: stand by → work → give up or
//! lose. Work whose leader has lost the Lease is dropped where it stands: another operator may be at it already.

use std::fmt;
use std::fs;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use kube::Client;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

mod decide;
mod lease;

use lease::{Candidate, Standing};

/// A candidacy for a Lease.
#[derive(Clone)]
pub struct Election {
    /// For the Lease alone: renewals must not wait for other requests.
    pub client: Client,
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease. Operators that share the work of one installation share it.
    pub name: String,
    /// Who we are: no other candidate, and no earlier process, is called the same.
    pub identity: String,
    /// How long everything takes.
    pub times: Times,
}

/// Times of an election. A leader that dies is followed within `lease` plus `retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long a Lease that nobody renews keeps others away; whole seconds.
    pub lease: Duration,
    /// How long a leader that cannot renew goes on.
    pub renew: Duration,
    /// Pause between attempts.
    pub retry: Duration,
}

impl fmt::Debug for Election {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name, identity, times, .. } = self;
        write!(formatter, "{identity} for {namespace}/{name} with {times:?}")
    }
}

impl Times {
    /// Checks that a leader gives up before others may follow, and has a second attempt until then.
    pub fn new(lease: Duration, renew: Duration, retry: Duration) -> Result<Self, String> {
        if lease.as_secs() == 0 || lease.subsec_nanos() != 0 {
            return Err("the lease duration must be whole seconds, at least one".to_owned());
        }
        if lease <= renew {
            return Err("the lease duration must be longer than the renew deadline".to_owned());
        }
        if retry.is_zero() || renew <= retry {
            let message =
                "the renew deadline must be longer than the retry period, and that than 0";
            return Err(message.to_owned());
        }
        Ok(Self { lease, renew, retry })
    }
}

/// A name for this process: that of its host, which is the pod's, and something that an earlier process did not have.
pub fn identity() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{:08x}", host.trim(), RandomState::new().hash_one(0u8) >> 32)
}

/// Lets `work` run while this process leads, until `stop`; gives the Lease up when `work` is done after that. Says `ready`
/// once it knows that another one leads.
pub(crate) async fn lead<W: Future<Output = ()>>(
    election: Election,
    metrics: &Metrics,
    ready: &watch::Sender<bool>,
    stop: &CancellationToken,
    mut work: impl FnMut() -> W,
) {
    let mut candidate = Candidate::new(election);
    while stop.run_until_cancelled(acquire(&mut candidate, ready)).await.is_some() {
        metrics.leads(true);
        tokio::select! {
            () = work() => break,
            () = hold(&mut candidate) => {}
        }
        metrics.leads(false);
        metrics.tell_of_none();
    }
    metrics.leads(false);
    let patience = candidate.election().times.renew;
    match timeout(patience, candidate.release()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = %error, "cannot release the lease"),
        Err(_) => tracing::warn!("cannot release the lease: no answer"),
    }
}

/// Returns once the Lease is ours.
async fn acquire(candidate: &mut Candidate, ready: &watch::Sender<bool>) {
    let Election { name, identity, times, .. } = candidate.election().clone();
    loop {
        match timeout(times.renew, candidate.attempt()).await {
            Ok(Ok(Standing::Leader)) => {
                tracing::info!(lease = name, identity, "this operator leads");
                return;
            }
            Ok(Ok(Standing::Standby)) => {
                ready.send_replace(true);
            }
            Ok(Ok(Standing::Unclear)) => {}
            Ok(Err(error)) => tracing::warn!(lease = name, error = %error, "cannot get the lease"),
            Err(_) => tracing::warn!(lease = name, "cannot get the lease: no answer"),
        }
        let next = Instant::now() + jittered(times.retry);
        sleep_until(candidate.runs_out().map_or(next, |free| next.min(free))).await;
    }
}

/// Returns once the Lease is, or may soon be, somebody else's.
async fn hold(candidate: &mut Candidate) {
    let Election { name, times, .. } = candidate.election().clone();
    // Others count from when they see a renewal: not before it was sent.
    let mut deadline = Instant::now() + times.renew;
    loop {
        sleep(times.retry).await;
        let sent = Instant::now();
        // An attempt that hangs leaves time for another one.
        let patience = deadline.min(sent + times.renew / 2);
        match timeout_at(patience, candidate.attempt()).await {
            Ok(Ok(Standing::Leader)) => deadline = sent + times.renew,
            Ok(Ok(Standing::Standby)) => {
                tracing::warn!(lease = name, "another operator leads: work is dropped");
                return;
            }
            Ok(Ok(Standing::Unclear)) => {}
            Ok(Err(error)) => {
                tracing::warn!(lease = name, error = %error, "cannot renew the lease");
            }
            Err(_) => tracing::warn!(lease = name, "cannot renew the lease: no answer"),
        }
        if Instant::now() >= deadline {
            tracing::warn!(lease = name, "the lease could not be renewed: work is dropped");
            return;
        }
    }
}

/// Shorter by up to a fifth, so that candidates do not stay in step.
fn jittered(pause: Duration) -> Duration {
    let noise = RandomState::new().hash_one(0u8) % 200;
    pause.mul_f64(1.0 - noise as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_let_two_operators_lead_at_once_are_refused() {
        let times = |lease, renew, retry| {
            let [lease, renew, retry] = [lease, renew, retry].map(Duration::from_millis);
            Times::new(lease, renew, retry).is_ok()
        };
        let table = [
            ((15_000, 10_000, 2_000), true),
            ((4_000, 3_000, 1_000), true),
            ((10_000, 10_000, 2_000), false),
            ((15_000, 2_000, 2_000), false),
            ((15_000, 10_000, 0), false),
            ((1_500, 1_000, 200), false),
            ((0, 0, 0), false),
        ];
        for ((lease, renew, retry), sound) in table {
            assert_eq!(times(lease, renew, retry), sound, "{lease} {renew} {retry}");
        }
    }

    #[test]
    fn no_process_is_called_like_another() {
        assert_ne!(identity(), identity());
    }
}
