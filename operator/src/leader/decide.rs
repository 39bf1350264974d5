//! Whose turn it is: what follows from a Lease and the time since it last changed. Touches nothing.
//!
//! Mirrors `tryAcquireOrRenew` of client-go's `leaderelection`: clocks of different machines are never compared. A Lease
//! has run out once this process has seen it unchanged for as long as the Lease says.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use tokio::time::Instant;

/// A Lease as it was last seen to change.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    record: LeaseSpec,
    since: Instant,
}

/// What to do with a Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// There is none: make it.
    Create,
    /// It is free, or has run out: take it over.
    Take,
    /// It is ours: say that we live.
    Renew,
    /// Somebody else has it.
    Wait,
}

impl Observation {
    /// What is known after a look; the time of a record that has not changed stays.
    pub(super) fn after(previous: Option<Self>, record: LeaseSpec, now: Instant) -> Self {
        match previous {
            Some(known) if known.record == record => known,
            _ => Self { record, since: now },
        }
    }

    /// Who has the Lease; nobody once it was released.
    pub(super) fn holder(&self) -> Option<&str> {
        self.record.holder_identity.as_deref().filter(|holder| !holder.is_empty())
    }

    /// How often the Lease has changed hands.
    pub(super) fn transitions(&self) -> i32 {
        self.record.lease_transitions.unwrap_or(0)
    }

    /// When the Lease is free if nobody renews it.
    pub(super) fn runs_out(&self) -> Instant {
        let seconds = self.record.lease_duration_seconds.unwrap_or(0);
        self.since + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }
}

/// The move of the candidate `me`.
pub(super) fn decide(me: &str, seen: Option<&Observation>, now: Instant) -> Move {
    let Some(seen) = seen else { return Move::Create };
    match seen.holder() {
        Some(holder) if holder == me => Move::Renew,
        Some(_) if now < seen.runs_out() => Move::Wait,
        _ => Move::Take,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn record(holder: Option<&str>, renewed: i64) -> LeaseSpec {
        LeaseSpec {
            holder_identity: holder.map(str::to_owned),
            lease_duration_seconds: Some(15),
            renew_time: Some(MicroTime(Timestamp::from_second(renewed).unwrap())),
            ..LeaseSpec::default()
        }
    }

    #[test]
    fn a_lease_is_taken_only_when_nobody_else_can_have_it() {
        let start = Instant::now();
        let table = [
            (None, 0, Move::Create),
            (Some(None), 0, Move::Take),
            (Some(Some("")), 0, Move::Take),
            (Some(Some("me")), 0, Move::Renew),
            (Some(Some("me")), 60, Move::Renew),
            (Some(Some("other")), 0, Move::Wait),
            (Some(Some("other")), 14, Move::Wait),
            (Some(Some("other")), 15, Move::Take),
        ];
        for (holder, seconds, expected) in table {
            let seen = holder.map(|it| Observation::after(None, record(it, 0), start));
            let now = start + Duration::from_secs(seconds);
            assert_eq!(decide("me", seen.as_ref(), now), expected, "{holder:?} after {seconds} s");
        }
    }

    #[test]
    fn time_counts_from_the_last_change_that_was_seen_whatever_the_lease_says_of_it() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        // A holder whose clock is an hour ahead, or behind, counts like any other.
        for renewed in [-3600, 3600] {
            let first = Observation::after(None, record(Some("other"), renewed), start);
            let again = record(Some("other"), renewed);
            let same = Observation::after(Some(first.clone()), again, after(14));
            assert_eq!(decide("me", Some(&same), after(15)), Move::Take);
            let alive = record(Some("other"), renewed + 1);
            let alive = Observation::after(Some(first), alive, after(14));
            assert_eq!(decide("me", Some(&alive), after(28)), Move::Wait);
            assert_eq!(decide("me", Some(&alive), after(29)), Move::Take);
        }
    }
}
