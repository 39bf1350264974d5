//! `RegexRouter`: renames topics by a pattern.

use std::sync::Arc;

use sluice_config::{Config, Validator, regex::JavaRegex};
use sluice_plugin::{Error, Result, Transform, Verdict, model::ConnectRecord};

use crate::{patterns, settings};

/// Keys of [`RegexRouter`].
#[derive(Debug, Config)]
pub struct RegexRouterConfig {
    /// Pattern, in the dialect of `java.util.regex`, that the whole name of a topic must match.
    #[config(key = "regex", importance = High, valid = Validator::pattern())]
    regex: String,
    /// What the first match of the pattern in the name is replaced with: `$1` and `${name}` stand for groups of the
    /// pattern, a backslash takes the meaning from the character after it.
    #[config(key = "replacement", importance = High)]
    replacement: String,
}

/// Renames topics by a pattern. Topics that it does not match keep their names.
pub struct RegexRouter {
    regex: JavaRegex,
    replacement: String,
    /// The last topic and its new name: most records have the topic of the one before.
    last: Option<(Arc<str>, Arc<str>)>,
}

impl Transform for RegexRouter {
    type Config = RegexRouterConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.RegexRouter";

    fn configure(config: RegexRouterConfig) -> Result<Self> {
        let regex = JavaRegex::new(&config.regex).map_err(|it| settings::error(it.to_string()))?;
        Ok(Self { regex, replacement: config.replacement, last: None })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        if let Some((_, routed)) = self.last.as_ref().filter(|(topic, _)| *topic == record.topic) {
            record.topic = Arc::clone(routed);
            return Ok(Verdict::Keep);
        }
        let topic = Arc::clone(&record.topic);
        let routed = if self.regex.matches(&topic).map_err(|it| patterns::too_long(&it))? {
            let replaced = self.regex.replace_first(&topic, &self.replacement);
            let replaced = replaced
                .map_err(|error| Error::bad_record(error.to_string()).named(error.java_class()))?;
            Arc::from(&*replaced)
        } else {
            Arc::clone(&topic)
        };
        record.topic = Arc::clone(&routed);
        self.last = Some((topic, routed));
        Ok(Verdict::Keep)
    }
}
