//! How long work goes on while the coordinator of the group does not answer.

use std::time::Duration;

use sluice_kafka::wire::Error;
use tokio::time::Instant;

/// A coordinator that does not answer.
///
/// The group gives a member's work to others once it has waited a session for it, no sooner. As long as brokers tell who
/// coordinates it, a silent coordinator is one that is being replaced, and the members go on. Where no broker answers, it
/// is this worker that is cut off, and nobody knows what the group does: it stops soon, as Java's workers do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    /// When the group has heard of this member for the last time.
    alive: Instant,
    /// When some broker answered for the last time.
    heard: Instant,
}

impl Absence {
    /// One that is noticed now.
    pub(super) const fn noticed(now: Instant, alive: Instant) -> Self {
        Self { alive, heard: now }
    }

    /// Notes what a broker that was asked for the coordinator has answered, if it has.
    pub(super) fn note<T>(&mut self, now: Instant, answer: &Result<T, Error>) {
        if answer.as_ref().err().is_none_or(|error| error.code().is_some()) {
            self.heard = now;
        }
    }

    /// When a worker that runs something has to stop that.
    pub(super) fn ends(&self, heartbeat_interval: Duration, session_timeout: Duration) -> Instant {
        (self.heard + heartbeat_interval).min(self.alive + session_timeout)
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::ResponseError;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn work_goes_on_for_a_session_while_brokers_answer() {
        let dead = Error::Unreachable { address: "a:1".to_owned(), reason: "refused".to_owned() };
        let moving = Error::Broker { code: ResponseError::CoordinatorNotAvailable, message: None };
        // What is answered after each second, and when work has to stop.
        for (answers, stops) in [
            (vec![], 3),
            (vec![Err(dead.clone()), Err(dead.clone())], 3),
            (vec![Ok(()), Err(dead.clone())], 4),
            (vec![Err(dead), Err(moving)], 5),
            (vec![Ok(()); 9], 10),
        ] {
            let begun = Instant::now();
            let mut absence = Absence::noticed(begun, begun);
            for (answer, second) in answers.iter().zip(1..) {
                absence.note(begun + second * SECOND, answer);
            }
            let ends = absence.ends(3 * SECOND, 10 * SECOND) - begun;
            assert_eq!(ends, stops * SECOND, "{answers:?}");
        }
    }
}
