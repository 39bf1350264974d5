//! Predicates: `HasHeaderKey`, `RecordIsTombstone` and `TopicNameMatches`.

use std::sync::Arc;

use sluice_config::{Config, Validator, regex::JavaRegex};
use sluice_plugin::{Predicate, Result, model::ConnectRecord};

use crate::{filter::NoConfig, patterns, settings};

/// Keys of [`HasHeaderKey`].
#[derive(Debug, Config)]
pub struct HasHeaderKeyConfig {
    /// Name of the header.
    #[config(key = "name", importance = Medium, non_empty)]
    name: String,
}

/// Whether a record has a header of the name.
pub struct HasHeaderKey {
    name: String,
}

impl Predicate for HasHeaderKey {
    type Config = HasHeaderKeyConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.predicates.HasHeaderKey";

    fn configure(config: HasHeaderKeyConfig) -> Result<Self> {
        Ok(Self { name: config.name })
    }

    fn test(&mut self, record: &ConnectRecord) -> Result<bool> {
        Ok(record.headers.last_with_name(&self.name).is_some())
    }
}

/// Whether a record has no value.
pub struct RecordIsTombstone;

impl Predicate for RecordIsTombstone {
    type Config = NoConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone";

    fn configure(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn test(&mut self, record: &ConnectRecord) -> Result<bool> {
        Ok(record.value.value.is_null())
    }
}

/// Keys of [`TopicNameMatches`].
#[derive(Debug, Config)]
pub struct TopicNameMatchesConfig {
    /// Pattern, in the dialect of `java.util.regex`, that the whole name of the record's topic must match.
    #[config(key = "pattern", importance = Medium, non_empty, valid = Validator::pattern())]
    pattern: String,
}

/// Whether a pattern matches the name of a record's topic.
pub struct TopicNameMatches {
    pattern: JavaRegex,
    /// The last answer: most records have the topic of the one before.
    last: Option<(Arc<str>, bool)>,
}

impl Predicate for TopicNameMatches {
    type Config = TopicNameMatchesConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.predicates.TopicNameMatches";

    fn configure(config: TopicNameMatchesConfig) -> Result<Self> {
        let pattern = JavaRegex::new(&config.pattern);
        Ok(Self { pattern: pattern.map_err(|it| settings::error(it.to_string()))?, last: None })
    }

    fn test(&mut self, record: &ConnectRecord) -> Result<bool> {
        if let Some((_, answer)) = self.last.as_ref().filter(|(topic, _)| *topic == record.topic) {
            return Ok(*answer);
        }
        let answer = self.pattern.matches(&record.topic).map_err(|it| patterns::too_long(&it))?;
        self.last = Some((Arc::clone(&record.topic), answer));
        Ok(answer)
    }
}
