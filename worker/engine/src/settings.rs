//! What the engine takes from the worker's file, parsed once.

use std::{sync::Arc, time::Duration};

use sluice_kafka::{Logins, admin::NewTopic};
use sluice_plugin::{Properties, config::connector::OverridePolicy};

use crate::{metrics::SampleWindow, spans::Tracing};

/// Memory for data in Kafka clients, all tasks together, if `sluice.memory.bytes` is not set.
const DEFAULT_MEMORY: usize = 256 * 1024 * 1024;

/// Why a worker's settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A value cannot be read.
    #[error("Invalid value {value} for configuration {key}: {reason}")]
    Invalid {
        /// Key.
        key: String,
        /// Its value.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// What a sentence of its own says.
    #[error("{0}")]
    Refused(String),
}

/// Takes values out of a text that must not show.
pub(crate) type Mask = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What the engine of a worker in a group knows of the group.
#[derive(Debug, Clone)]
pub struct Distributed {
    /// The workers' group, which transactional ids begin with.
    pub group_id: String,
    /// The worker's topic of positions; topics of connectors are made like it.
    pub offsets: NewTopic,
    /// Whether source tasks write records and positions in one transaction (`exactly.once.source.support=enabled`).
    pub exactly_once: bool,
}

/// Settings of the engine.
#[derive(Clone)]
pub struct EngineSettings {
    pub(crate) worker: Arc<Properties>,
    /// The `sluice.` keys, which plugins may see.
    pub(crate) plugin_limits: Arc<Properties>,
    pub(crate) worker_id: String,
    pub(crate) flush_interval: Duration,
    pub(crate) flush_timeout: Duration,
    pub(crate) graceful_timeout: Duration,
    /// Takes out of a text what must not show.
    pub(crate) mask: Mask,
    /// Which client settings connectors may override.
    pub(crate) overrides: OverridePolicy,
    pub(crate) topic_creation: bool,
    pub(crate) topic_tracking: bool,
    pub(crate) memory: usize,
    /// The logins that clients share.
    pub(crate) logins: Logins,
    pub(crate) samples: SampleWindow,
    /// None for a worker on its own.
    pub(crate) distributed: Option<Arc<Distributed>>,
    /// None unless spans of records are wanted.
    pub(crate) tracing: Option<Tracing>,
}

impl std::fmt::Debug for EngineSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `worker` holds secrets.
        out.debug_struct("EngineSettings")
            .field("worker_id", &self.worker_id)
            .finish_non_exhaustive()
    }
}

impl EngineSettings {
    /// Reads all keys of the worker's file. `worker_id` is its advertised `host:port`.
    pub fn parse(worker: &Properties, worker_id: impl Into<String>) -> Result<Self, SettingsError> {
        let is_limit = |(key, _): &(&String, &String)| key.starts_with("sluice.");
        let limits =
            worker.iter().filter(is_limit).map(|(key, value)| (key.clone(), value.clone()));
        Ok(Self {
            worker: Arc::new(worker.clone()),
            plugin_limits: Arc::new(limits.collect()),
            worker_id: worker_id.into(),
            flush_interval: millis(worker, "offset.flush.interval.ms", 60_000)?,
            flush_timeout: millis(worker, "offset.flush.timeout.ms", 5_000)?,
            graceful_timeout: millis(worker, "task.shutdown.graceful.timeout.ms", 5_000)?,
            mask: Arc::new(str::to_owned),
            overrides: OverridePolicy::parse(worker).map_err(SettingsError::Refused)?,
            topic_creation: boolean(worker, "topic.creation.enable", true)?,
            topic_tracking: boolean(worker, "topic.tracking.enable", true)?,
            memory: memory(worker)?,
            logins: Logins::default(),
            samples: samples(worker)?,
            distributed: None,
            tracing: None,
        })
    }
}

impl EngineSettings {
    /// Has what is told of failed records, in dead letters, go through `mask`.
    #[must_use]
    pub fn hiding(self, mask: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { mask: Arc::new(mask), ..self }
    }

    /// Has clients log in together with the others of `logins`.
    #[must_use]
    pub fn sharing(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// Has tasks run as those of a worker in a group.
    #[must_use]
    pub fn distributed(self, group: Distributed) -> Self {
        Self { distributed: Some(Arc::new(group)), ..self }
    }

    /// Has tasks make spans of their records, or none.
    #[must_use]
    pub fn tracing(self, tracing: Option<Tracing>) -> Self {
        Self { tracing, ..self }
    }

    /// The group, if sources deliver exactly once in it.
    pub(crate) fn exactly_once(&self) -> Option<&Arc<Distributed>> {
        self.distributed.as_ref().filter(|it| it.exactly_once)
    }
}

fn samples(worker: &Properties) -> Result<SampleWindow, SettingsError> {
    let key = "metrics.num.samples";
    let count = number(worker, key, 2)?;
    let count = u32::try_from(count).ok().filter(|it| (1..=i32::MAX as u32).contains(it));
    let count = count.ok_or_else(|| SettingsError::Invalid {
        key: key.to_owned(),
        value: worker.get(key).cloned().unwrap_or_default(),
        reason: "Value must be at least 1",
    })?;
    Ok(SampleWindow { length: millis(worker, "metrics.sample.window.ms", 30_000)?, count })
}

fn memory(worker: &Properties) -> Result<usize, SettingsError> {
    let bytes = number(worker, "sluice.memory.bytes", DEFAULT_MEMORY as u64)?;
    // More than can be addressed is no limit.
    Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
}

pub(crate) fn millis(
    settings: &Properties,
    key: &'static str,
    default: u64,
) -> Result<Duration, SettingsError> {
    number(settings, key, default).map(Duration::from_millis)
}

pub(crate) fn boolean(
    settings: &Properties,
    key: &'static str,
    default: bool,
) -> Result<bool, SettingsError> {
    Ok(boolean_at(settings, key, key)?.unwrap_or(default))
}

/// A flag that is not set is none. `full` is its whole key.
pub(crate) fn boolean_at(
    settings: &Properties,
    key: &str,
    full: &str,
) -> Result<Option<bool>, SettingsError> {
    let Some(value) = settings.get(key) else { return Ok(None) };
    match value.trim() {
        it if it.eq_ignore_ascii_case("true") => Ok(Some(true)),
        it if it.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(SettingsError::Invalid {
            key: full.to_owned(),
            value: value.clone(),
            reason: "Expected value to be either true or false",
        }),
    }
}

pub(crate) fn number(
    settings: &Properties,
    key: &'static str,
    default: u64,
) -> Result<u64, SettingsError> {
    let Some(value) = settings.get(key) else { return Ok(default) };
    value.trim().parse().map_err(|_| SettingsError::Invalid {
        key: key.to_owned(),
        value: value.clone(),
        reason: "Not a number of type LONG",
    })
}

/// The keys of a prefix, without it.
pub(crate) fn under(settings: &Properties, prefix: &str) -> Properties {
    let stripped = settings.iter().filter_map(|(key, value)| {
        let key = key.strip_prefix(prefix).filter(|key| !key.is_empty())?;
        Some((key.to_owned(), value.clone()))
    });
    stripped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[(&str, &str)]) -> Properties {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults_are_kafka_connect_s() {
        let settings = EngineSettings::parse(&Properties::new(), "w:8083").expect("defaults");
        assert_eq!(settings.flush_interval, Duration::from_mins(1));
        assert_eq!(settings.flush_timeout, Duration::from_secs(5));
        assert_eq!(settings.graceful_timeout, Duration::from_secs(5));
        assert!(settings.topic_creation);
        assert_eq!(settings.samples, SampleWindow::default());
    }

    #[test]
    fn a_wrong_value_names_its_key() {
        for (key, value, expected) in [
            (
                "offset.flush.interval.ms",
                "soon",
                "Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG",
            ),
            (
                "topic.creation.enable",
                "maybe",
                "Invalid value maybe for configuration topic.creation.enable: Expected value to be either \
                 true or false",
            ),
            (
                "metrics.num.samples",
                "0",
                "Invalid value 0 for configuration metrics.num.samples: Value must be at least 1",
            ),
        ] {
            let error = EngineSettings::parse(&of(&[(key, value)]), "w").expect_err("wrong");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn secrets_of_the_worker_do_not_show() {
        let worker = of(&[("sasl.jaas.config", "hush"), ("sluice.file.paths", "data")]);
        let settings = EngineSettings::parse(&worker, "w").expect("fine");
        assert!(!format!("{settings:?}").contains("hush"));
        assert_eq!(*settings.plugin_limits, of(&[("sluice.file.paths", "data")]));
    }
}
