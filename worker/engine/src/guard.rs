//! What a record that cannot be converted does to its task: `errors.tolerance`, with Java's words.

use std::sync::Arc;

use sluice_plugin::{self as plugin, Properties};

use crate::{metrics::TaskStats, trace::Failure};

/// Decides over records that fail.
#[derive(Debug)]
pub(crate) struct Guard {
    tolerates: bool,
    stats: Arc<TaskStats>,
}

impl Guard {
    /// Reads `errors.tolerance`.
    pub(crate) fn new(connector: &Properties, stats: Arc<TaskStats>) -> Result<Self, Failure> {
        let tolerates = match connector.get("errors.tolerance").map(|it| it.trim()) {
            None => false,
            Some(it) if it.eq_ignore_ascii_case("none") => false,
            Some(it) if it.eq_ignore_ascii_case("all") => true,
            Some(other) => {
                return Err(Failure::of(
                    "org.apache.kafka.common.config.ConfigException",
                    format!(
                        "Invalid value {other} for configuration errors.tolerance: String must be one of \
                         (case insensitive): NONE, ALL"
                    ),
                ));
            }
        };
        Ok(Self { tolerates, stats })
    }

    /// A record could not be converted: skips it or fails the task.
    pub(crate) fn skip(&self, error: plugin::Error) -> Result<(), Failure> {
        self.stats.errors.failed();
        if self.tolerates {
            self.stats.errors.skipped();
            return Ok(());
        }
        Err(Failure::from(error).within("Tolerance exceeded in error handler"))
    }

    /// Whether records that fail are skipped.
    pub(crate) const fn tolerates(&self) -> bool {
        self.tolerates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(tolerance: Option<&str>) -> Result<Guard, Failure> {
        let settings = tolerance.map(|it| ("errors.tolerance".to_owned(), it.to_owned()));
        Guard::new(&settings.into_iter().collect(), Arc::default())
    }

    #[test]
    fn a_bad_record_is_skipped_only_if_it_is_tolerated() {
        for (tolerance, expected) in [
            (None, false),
            (Some("none"), false),
            (Some("NONE"), false),
            (Some("all"), true),
            (Some("All"), true),
        ] {
            let guard = guard(tolerance).expect("a tolerance");
            let skipped = guard.skip(plugin::Error::bad_record("no number"));
            assert_eq!(skipped.is_ok(), expected, "{tolerance:?}");
        }
        assert!(guard(Some("some")).is_err());
    }

    #[test]
    fn the_trace_is_the_one_that_users_know() {
        let failure = guard(None).expect("none").skip(plugin::Error::bad_record("no number"));
        assert_eq!(
            failure.expect_err("not tolerated").to_string(),
            "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler\nCaused \
             by: org.apache.kafka.connect.errors.DataException: no number"
        );
    }
}
