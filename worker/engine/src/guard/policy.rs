//! What a connector wants done about errors: its `errors.*` keys, parsed.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use sluice_plugin::Properties;

use crate::{
    settings::{boolean, number},
    trace::Failure,
};

/// First pause between two attempts (`RetryWithToleranceOperator.RETRIES_DELAY_MIN_MS`).
const FIRST_PAUSE: Duration = Duration::from_millis(300);

/// Longest pause between two attempts at what is tried until it works.
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);

/// `errors.*` of one connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Whether records that fail are skipped.
    pub(crate) tolerates: bool,
    /// How long an operation is tried again; none is without end.
    pub(crate) retry_timeout: Option<Duration>,
    pub(crate) longest_pause: Duration,
    pub(crate) log: Option<LogPolicy>,
    pub(crate) dead_letters: Option<DeadLetterPolicy>,
}

/// `errors.log.*`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogPolicy {
    /// Whether the log says which record it was.
    pub(crate) names_record: bool,
}

/// `errors.deadletterqueue.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeadLetterPolicy {
    pub(crate) topic: String,
    pub(crate) replication: i16,
    pub(crate) has_context: bool,
}

impl Policy {
    /// Reads the keys of a connector.
    pub(crate) fn parse(connector: &Properties) -> Result<Self, Failure> {
        let flag = |key| boolean(connector, key, false);
        let log = flag("errors.log.enable")?;
        let names_record = flag("errors.log.include.messages")?;
        let topic = connector.get("errors.deadletterqueue.topic.name").map(|it| it.trim());
        let dead_letters = match topic.filter(|it| !it.is_empty()) {
            None => None,
            Some(topic) => Some(DeadLetterPolicy {
                topic: topic.to_owned(),
                replication: replication(connector)?,
                has_context: flag("errors.deadletterqueue.context.headers.enable")?,
            }),
        };
        Ok(Self {
            tolerates: tolerates(connector)?,
            retry_timeout: retry_timeout(connector)?,
            longest_pause: Duration::from_millis(number(
                connector,
                "errors.retry.delay.max.ms",
                60_000,
            )?),
            log: log.then_some(LogPolicy { names_record }),
            dead_letters,
        })
    }

    /// Whether an operation that has been tried for so long is tried again.
    pub(crate) fn retries_after(&self, elapsed: Duration) -> bool {
        self.retry_timeout.is_none_or(|timeout| elapsed < timeout)
    }

    /// The pause before the next attempt: doubled each time, spread at random once it would be too long, and never
    /// past the end of all attempts. `attempt` counts those made, from 1.
    pub(crate) fn pause(&self, attempt: u32, elapsed: Duration) -> Duration {
        let pause = doubled(attempt)
            .filter(|it| *it <= self.longest_pause)
            .unwrap_or_else(|| random_below(self.longest_pause));
        self.retry_timeout.map_or(pause, |timeout| pause.min(timeout.saturating_sub(elapsed)))
    }

    /// The pause before the next attempt at what is tried until it works: short enough to go on soon after that, and
    /// spread, as all tasks wait for the same.
    pub(crate) fn patience(&self, attempt: u32) -> Duration {
        let longest = self.longest_pause.min(LONGEST_PATIENCE);
        let pause = doubled(attempt).unwrap_or(longest).min(longest);
        pause / 2 + random_below(pause / 2)
    }
}

fn doubled(attempt: u32) -> Option<Duration> {
    FIRST_PAUSE.checked_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX))
}

fn random_below(longest: Duration) -> Duration {
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(RandomState::new().hash_one(0) % longest)
}

fn tolerates(connector: &Properties) -> Result<bool, Failure> {
    match connector.get("errors.tolerance").map(|it| it.trim()) {
        None => Ok(false),
        Some(it) if it.eq_ignore_ascii_case("none") => Ok(false),
        Some(it) if it.eq_ignore_ascii_case("all") => Ok(true),
        Some(other) => Err(invalid(
            "errors.tolerance",
            other,
            "String must be one of (case insensitive): NONE, ALL",
        )),
    }
}

fn retry_timeout(connector: &Properties) -> Result<Option<Duration>, Failure> {
    let key = "errors.retry.timeout";
    let Some(text) = connector.get(key) else { return Ok(Some(Duration::ZERO)) };
    let millis: i64 =
        text.trim().parse().map_err(|_| invalid(key, text, "Not a number of type LONG"))?;
    Ok(u64::try_from(millis).ok().map(Duration::from_millis))
}

fn replication(connector: &Properties) -> Result<i16, Failure> {
    let key = "errors.deadletterqueue.topic.replication.factor";
    let Some(text) = connector.get(key) else { return Ok(3) };
    text.trim().parse().map_err(|_| invalid(key, text, "Not a number of type SHORT"))
}

fn invalid(key: &str, value: &str, reason: &str) -> Failure {
    Failure::of(
        "org.apache.kafka.common.config.ConfigException",
        format!("Invalid value {value} for configuration {key}: {reason}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &[(&str, &str)]) -> Result<Policy, Failure> {
        let settings = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Policy::parse(&settings.collect())
    }

    #[test]
    fn defaults_are_java_s() {
        let expected = Policy {
            tolerates: false,
            retry_timeout: Some(Duration::ZERO),
            longest_pause: Duration::from_mins(1),
            log: None,
            dead_letters: None,
        };
        assert_eq!(parse(&[]).unwrap(), expected);
    }

    #[test]
    fn every_key_counts_and_a_wrong_one_is_named() {
        let policy = parse(&[
            ("errors.tolerance", "All"),
            ("errors.retry.timeout", "-1"),
            ("errors.retry.delay.max.ms", "500"),
            ("errors.log.enable", "true"),
            ("errors.log.include.messages", "true"),
            ("errors.deadletterqueue.topic.name", " orders-dlq "),
            ("errors.deadletterqueue.topic.replication.factor", "1"),
            ("errors.deadletterqueue.context.headers.enable", "true"),
        ]);
        let dead_letters =
            DeadLetterPolicy { topic: "orders-dlq".to_owned(), replication: 1, has_context: true };
        let expected = Policy {
            tolerates: true,
            retry_timeout: None,
            longest_pause: Duration::from_millis(500),
            log: Some(LogPolicy { names_record: true }),
            dead_letters: Some(dead_letters),
        };
        assert_eq!(policy.unwrap(), expected);
        for (key, value) in [
            ("errors.tolerance", "some"),
            ("errors.retry.timeout", "long"),
            ("errors.retry.delay.max.ms", "-"),
            ("errors.log.enable", "yes"),
        ] {
            let error = parse(&[(key, value)]).expect_err(key).to_string();
            assert!(error.contains(key) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_end_with_the_attempts() {
        let millis = Duration::from_millis;
        let endless = parse(&[("errors.retry.timeout", "-1")]).unwrap();
        for (attempt, expected) in [(1, 300), (2, 600), (5, 4800), (8, 38_400)] {
            assert_eq!(endless.pause(attempt, Duration::ZERO), millis(expected));
        }
        for attempt in [9, 33, 40] {
            assert!(endless.pause(attempt, Duration::ZERO) < Duration::from_mins(1), "{attempt}");
        }
        let short = parse(&[("errors.retry.timeout", "1000")]).unwrap();
        assert_eq!(short.pause(2, millis(900)), millis(100));
        assert!(short.retries_after(millis(999)) && !short.retries_after(millis(1000)));
        assert!(!parse(&[]).unwrap().retries_after(Duration::ZERO));
    }

    #[test]
    fn what_is_waited_for_is_asked_for_every_few_seconds_however_long_it_is_away() {
        let policy = parse(&[("errors.retry.delay.max.ms", "60000")]).unwrap();
        for attempt in [1, 2, 5, 6, 33, 4_000_000_000] {
            let pause = policy.patience(attempt);
            assert!(pause >= Duration::from_millis(150) && pause <= LONGEST_PATIENCE, "{pause:?}");
        }
        let hasty = parse(&[("errors.retry.delay.max.ms", "100")]).unwrap();
        assert!(hasty.patience(40) <= Duration::from_millis(100));
    }
}
