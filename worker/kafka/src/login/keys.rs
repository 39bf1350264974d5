//! Single keys of a login: texts, numbers in their bounds, times.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use sluice_config::Properties;

use super::{endpoint::Retry, refresh::Refresh};
use crate::settings::SettingsError;

/// Keys and options as Java's handlers look at them.
pub(super) struct Keys<'a> {
    pub(super) settings: &'a Properties,
    pub(super) options: &'a BTreeMap<String, String>,
}

impl<'a> Keys<'a> {
    /// A text that says something.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.settings.get(key).map(|it| it.trim()).filter(|it| !it.is_empty())
    }

    /// A key, or the option that it was before Kafka 4.1 (`ConfigOrJaas`).
    pub(super) fn either(&self, key: &str, option: &str) -> Option<&'a str> {
        let option = || self.options.get(option).map(|it| it.trim()).filter(|it| !it.is_empty());
        self.text(key).or_else(option)
    }

    /// A number within bounds.
    pub(super) fn number<T: FromStr + PartialOrd + std::fmt::Display>(
        &self,
        key: &'static str,
        default: T,
        (least, most): (T, T),
    ) -> Result<T, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(default) };
        let number = text.parse().ok().filter(|it| (&least..=&most).contains(&it));
        number.ok_or_else(|| {
            invalid(key, format!("{text:?} is not a number between {least} and {most}"))
        })
    }

    /// A time in milliseconds.
    pub(super) fn millis(
        &self,
        key: &'static str,
        default: Duration,
    ) -> Result<Duration, SettingsError> {
        const LONGEST: u64 = 1 << 31;
        let default = u64::try_from(default.as_millis()).unwrap_or(LONGEST);
        self.number(key, default, (0, LONGEST)).map(Duration::from_millis)
    }

    /// `sasl.login.retry.*`.
    pub(super) fn retry(&self) -> Result<Retry, SettingsError> {
        let retry = Retry {
            first: self.millis("sasl.login.retry.backoff.ms", Duration::from_millis(100))?,
            most: self.millis("sasl.login.retry.backoff.max.ms", Duration::from_secs(10))?,
        };
        if retry.most < retry.first {
            return Err(SettingsError::Login(format!(
                "retryBackoffMaxMs value ({}) is less than retryBackoffMs value ({}): sasl.login.retry.backoff.max.ms \
                 must be at least sasl.login.retry.backoff.ms",
                retry.most.as_millis(),
                retry.first.as_millis()
            )));
        }
        Ok(retry)
    }

    /// `sasl.login.refresh.*`.
    pub(super) fn refresh(&self) -> Result<Refresh, SettingsError> {
        let seconds = |key, default, most| -> Result<i64, SettingsError> {
            self.number(key, default, (0, most)).map(|it: i64| it * 1000)
        };
        Ok(Refresh {
            factor: self.number("sasl.login.refresh.window.factor", 0.8, (0.5, 1.0))?,
            jitter: self.number("sasl.login.refresh.window.jitter", 0.05, (0.0, 0.25))?,
            min_period: seconds("sasl.login.refresh.min.period.seconds", 60, 900)?,
            buffer: seconds("sasl.login.refresh.buffer.seconds", 300, 3600)?,
        })
    }

    /// False unless it says true.
    pub(super) fn boolean(&self, key: &'static str) -> Result<bool, SettingsError> {
        match self.text(key).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(key, "Expected value to be either true or false".to_owned())),
        }
    }
}

/// A value that cannot be used.
pub(super) fn invalid(key: &'static str, reason: String) -> SettingsError {
    SettingsError::Invalid { key, reason }
}
