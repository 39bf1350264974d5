//! What of the log shows: asks the levels of loggers, once for each place that logs and again whenever levels change.

use sluice_herder::loggers::{Level, Loggers};
use tracing::{Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{Layer, filter::Targets, layer::Context};

/// Levels to begin with, in the form of `RUST_LOG`: `info,sluice_engine=debug`. `info` for what is none.
pub(super) fn levels(text: Option<&str>) -> Loggers {
    let info = || Targets::new().with_default(LevelFilter::INFO);
    let targets = text.and_then(|it| it.parse::<Targets>().ok()).unwrap_or_else(info);
    let own = targets.iter().map(|(name, level)| (name.to_owned(), Level::from(level)));
    Loggers::new(targets.default_level().map_or(Level::Error, Level::from), own)
}

/// Shows what the levels of loggers allow.
pub(super) struct ByLogger(pub(super) Loggers);

impl ByLogger {
    fn shows(metadata: &Metadata<'_>, level: Level) -> bool {
        // Spans tell connector and task of the events inside, whatever the level of the place that made them.
        let shown = if metadata.is_span() { level.max(Level::Info) } else { level };
        *metadata.level() <= shown.filter()
    }
}

impl<S: Subscriber> Layer<S> for ByLogger {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::shows(metadata, self.0.register(metadata.target())) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        Self::shows(metadata, self.0.effective(metadata.target()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.most().max(Level::Info).filter())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{Event, subscriber::with_default};
    use tracing_subscriber::{layer::SubscriberExt as _, registry};

    use super::*;

    /// Counts the events that show.
    #[derive(Clone, Default)]
    struct Shown(Arc<Mutex<usize>>);

    impl<S: Subscriber> Layer<S> for Shown {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            *self.0.lock().unwrap() += 1;
        }
    }

    #[test]
    fn levels_take_effect_where_something_was_logged_before() {
        let (shown, loggers) = (Shown::default(), levels(Some("warn,a_plugin=info")));
        let subscriber = registry().with(shown.clone()).with(ByLogger(loggers.clone()));
        with_default(subscriber, || {
            for (name, level, expected) in [
                ("unrelated", "ERROR", 1),
                ("a_plugin", "ERROR", 0),
                ("a_plugin::inner", "DEBUG", 2),
                ("root", "OFF", 0),
            ] {
                loggers.set(name, level, 0);
                *shown.0.lock().unwrap() = 0;
                tracing::debug!(target: "a_plugin::inner", "a step");
                tracing::info!(target: "a_plugin::inner", "a fact");
                assert_eq!(*shown.0.lock().unwrap(), expected, "{name}={level}");
                assert!(!tracing::info_span!(target: "a_plugin", "task").is_disabled());
            }
        });
    }

    #[test]
    fn what_is_no_filter_means_info() {
        for (text, expected) in [
            (None, Level::Info),
            (Some("warn,a=debug"), Level::Warn),
            (Some("a=debug"), Level::Error),
            (Some("a=b=c"), Level::Info),
        ] {
            assert_eq!(levels(text).effective("b"), expected, "{text:?}");
        }
    }
}
