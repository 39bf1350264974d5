//! Config providers: values that settings name with placeholders and that stand elsewhere
//! (`org.apache.kafka.common.config.provider`). Read only when they are used; what was read never shows.

mod allowed;
mod configure;
mod directory;
mod environment;
mod file;
mod hidden;
mod secrets;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sluice_config::{
    Properties,
    placeholder::{self, Variable},
};

pub use configure::{AUTOMATIC, Configured};
pub use hidden::Hidden;

/// Why values cannot be had. Texts are Java's, of `ConfigException`, and name no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProviderError(pub(crate) String);

/// What a provider found (`ConfigData`).
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Found {
    /// Values by key; keys that are not there are left out.
    pub values: BTreeMap<String, String>,
    /// How long the values hold, if they expire.
    pub ttl: Option<Duration>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} for {:?}", self.values.keys(), self.ttl)
    }
}

/// Finds values (`ConfigProvider`). Called when a connector is validated and when it or a task starts: it reads little
/// and waits for nobody.
pub trait Provider: Send + Sync {
    /// The values of keys at a path; the path is empty if the placeholder has none.
    fn find(&self, path: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError>;

    /// Whether values change in place, so that whoever uses one has to look again.
    fn is_watched(&self) -> bool {
        false
    }
}

/// The providers of a worker, by name.
#[derive(Default)]
pub struct Providers {
    by_name: BTreeMap<String, Box<dyn Provider>>,
    hidden: Hidden,
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Providers({:?})", self.by_name.keys())
    }
}

/// Settings with values in place of placeholders.
#[derive(Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The settings. They may hold secrets.
    pub settings: Properties,
    /// The shortest time that any value holds, if one expires.
    pub ttl: Option<Duration>,
}

impl Providers {
    /// Providers that keep what they find out of sight by `hidden`.
    pub fn new(hidden: Hidden) -> Self {
        Self { by_name: BTreeMap::new(), hidden }
    }

    /// Adds a provider; one of the same name gives way.
    #[must_use]
    pub fn with(mut self, name: &str, provider: impl Provider + 'static) -> Self {
        self.by_name.insert(name.to_owned(), Box::new(provider));
        self
    }

    /// What hides the values that were found.
    pub const fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// Puts values in place of placeholders. Those of an unknown provider, and those without a value, stay as they are.
    /// Mirrors `ConfigTransformer.transform`.
    pub fn resolve(&self, settings: &Properties) -> Result<Resolved, ProviderError> {
        let (found, ttl) = self.find(settings)?;
        let fill = |(key, text): (&String, &String)| {
            (key.clone(), placeholder::fill(text, |it| found.get(it).cloned()))
        };
        Ok(Resolved { settings: settings.iter().map(fill).collect(), ttl })
    }

    /// Whether a text names something of a provider that there is.
    pub fn names_one(&self, text: &str) -> bool {
        placeholder::variables([text]).iter().any(|it| self.by_name.contains_key(&it.provider))
    }

    /// Values that settings name and that may change in place.
    pub fn watched(&self, settings: &Properties) -> BTreeSet<Variable> {
        let is_watched =
            |it: &Variable| self.by_name.get(&it.provider).is_some_and(|it| it.is_watched());
        let all = placeholder::variables(settings.values().map(String::as_str));
        all.into_iter().filter(is_watched).collect()
    }

    /// One value as it is now; none if it cannot be had.
    pub fn now(&self, variable: &Variable) -> Option<String> {
        let keys = BTreeSet::from([variable.key.clone()]);
        let mut found = self.by_name.get(&variable.provider)?.find(&variable.path, &keys).ok()?;
        let value = found.values.remove(&variable.key)?;
        self.hidden.hide(variable, &value);
        Some(value)
    }

    /// The values that settings name.
    pub fn find(
        &self,
        settings: &Properties,
    ) -> Result<(BTreeMap<Variable, String>, Option<Duration>), ProviderError> {
        let mut asked: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for variable in placeholder::variables(settings.values().map(String::as_str)) {
            let Variable { provider, path, key } = variable;
            asked.entry((provider, path)).or_default().insert(key);
        }
        let mut values = BTreeMap::new();
        let mut ttl: Option<Duration> = None;
        for ((provider, path), keys) in asked {
            let Some(known) = self.by_name.get(&provider) else { continue };
            let found = known.find(&path, &keys)?;
            ttl = [ttl, found.ttl].into_iter().flatten().min();
            for (key, value) in found.values {
                let variable =
                    Variable { provider: provider.clone(), path: path.clone(), key: key.clone() };
                if keys.contains(&key) {
                    self.hidden.hide(&variable, &value);
                    values.insert(variable, value);
                }
            }
        }
        Ok((values, ttl))
    }
}

#[cfg(test)]
mod tests;
