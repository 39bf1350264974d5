//! Where transactions end: `transaction.boundary`. Pure. Mirrors `TransactionBoundaryManager`.

use std::{sync::Arc, time::Duration};

use sluice_plugin::{Properties, TransactionContext, TransactionEnd, model::SourceRecord};
use tokio::time::Instant;

use crate::{
    settings::{SettingsError, number},
    trace::Failure,
};

const INTERVAL: &str = "transaction.boundary.interval.ms";

/// What decides where a transaction ends.
pub(super) enum Boundary {
    /// Each batch that `poll` returns is one.
    Poll,
    /// Time does.
    Interval {
        /// How long a transaction lasts.
        length: Duration,
        /// When the current one is over.
        due: Instant,
    },
    /// The connector says so.
    Connector(Arc<TransactionContext>),
}

impl Boundary {
    /// What a connector's settings say; `flush_interval` is the worker's `offset.flush.interval.ms`.
    pub(super) fn parse(
        connector: &Properties,
        flush_interval: Duration,
    ) -> Result<Self, SettingsError> {
        let key = "transaction.boundary";
        let named = connector.get(key).map_or("poll", String::as_str);
        match named.to_ascii_lowercase().as_str() {
            "poll" => Ok(Self::Poll),
            "interval" => {
                let length = match connector.get(INTERVAL) {
                    Some(_) => Duration::from_millis(number(connector, INTERVAL, 0)?),
                    None => flush_interval,
                };
                Ok(Self::Interval { length, due: Instant::now() + length })
            }
            "connector" => Ok(Self::Connector(Arc::default())),
            _ => Err(SettingsError::Invalid {
                key: key.to_owned(),
                value: named.to_owned(),
                reason: "Value must be one of: poll, interval, connector",
            }),
        }
    }

    /// What the connector ends transactions with, if it is to.
    pub(super) fn context(&self) -> Option<Arc<TransactionContext>> {
        match self {
            Self::Connector(context) => Some(Arc::clone(context)),
            Self::Poll | Self::Interval { .. } => None,
        }
    }

    /// The task begins to send, perhaps again.
    pub(super) fn begin(&mut self, now: Instant) {
        if let Self::Interval { length, due } = self {
            *due = now + *length;
        }
    }

    /// When a transaction ends, whatever the connector does meanwhile.
    pub(super) const fn due(&self) -> Option<Instant> {
        match self {
            Self::Interval { due, .. } => Some(*due),
            Self::Poll | Self::Connector(_) => None,
        }
    }

    /// Whether a transaction ends behind a record.
    pub(super) fn after_record(
        &self,
        record: &SourceRecord,
    ) -> Result<Option<TransactionEnd>, Failure> {
        match self {
            Self::Connector(context) => Ok(context.take_record_end(record)?),
            Self::Poll | Self::Interval { .. } => Ok(None),
        }
    }

    /// Whether a transaction ends behind a batch.
    pub(super) fn after_batch(&mut self, now: Instant) -> Result<Option<TransactionEnd>, Failure> {
        match self {
            Self::Poll => Ok(Some(TransactionEnd::Commit)),
            Self::Interval { length, due } => {
                let is_over = now >= *due;
                if is_over {
                    *due = now + *length;
                }
                Ok(is_over.then_some(TransactionEnd::Commit))
            }
            Self::Connector(context) => Ok(context.take_batch_end()?),
        }
    }

    /// Whether what was sent is committed when the task pauses or stops.
    pub(super) fn at_end(&self) -> Result<Option<TransactionEnd>, Failure> {
        match self {
            Self::Poll | Self::Interval { .. } => Ok(Some(TransactionEnd::Commit)),
            Self::Connector(context) => Ok(context.take_batch_end()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(entries: &[(&str, &str)]) -> Result<Boundary, SettingsError> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Boundary::parse(&entries.iter().map(own).collect(), Duration::from_mins(1))
    }

    #[tokio::test(start_paused = true)]
    async fn a_transaction_ends_where_the_settings_say() {
        const NAME: &str = "transaction.boundary";
        let commit = Some(TransactionEnd::Commit);
        let second = Duration::from_secs(1);
        for (settings, after, expected) in [
            (&[][..], Duration::ZERO, commit),
            (&[(NAME, "poll")], Duration::ZERO, commit),
            (&[(NAME, "POLL")], Duration::ZERO, commit),
            (&[(NAME, "connector")], Duration::from_mins(10), None),
            (&[(NAME, "interval")], Duration::from_secs(59), None),
            (&[(NAME, "interval")], Duration::from_mins(1), commit),
            (&[(NAME, "interval"), (INTERVAL, "1000")], second, commit),
            (&[(NAME, "interval"), (INTERVAL, "1001")], second, None),
        ] {
            let mut boundary = boundary(settings).expect("valid");
            let ended = boundary.after_batch(Instant::now() + after);
            assert_eq!(ended.expect("no failure"), expected, "{settings:?} {after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_begins_anew_with_each_commit_and_each_resume() {
        let settings = [("transaction.boundary", "interval"), (INTERVAL, "1000")];
        let mut boundary = boundary(&settings).expect("valid");
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        boundary.begin(at(500));
        let mut ends = |millis| boundary.after_batch(at(millis)).expect("no failure").is_some();
        assert_eq!([1400, 1500, 2400, 2600].map(&mut ends), [false, true, false, true]);
    }

    #[test]
    fn what_the_task_has_sent_is_committed_in_the_end_unless_it_decides() {
        for (name, expected) in [("poll", true), ("interval", true), ("connector", false)] {
            let boundary = boundary(&[("transaction.boundary", name)]).expect("valid");
            assert_eq!(boundary.at_end().expect("no failure").is_some(), expected, "{name}");
        }
    }

    #[test]
    fn another_boundary_is_refused() {
        for settings in [
            &[("transaction.boundary", "never")][..],
            &[("transaction.boundary", "interval"), (INTERVAL, "soon")],
        ] {
            assert!(boundary(settings).is_err(), "{settings:?}");
        }
    }
}
