//! Levels of loggers, changed while the worker runs (KIP-495, KIP-976).
//!
//! A logger is a module of this program, such as `sluice_engine::sink`, or a name of Kafka Connect's that stands for one
//! ([`names`]). As with Log4j, a logger without a level of its own has that of its nearest ancestor, and a level that is
//! set replaces those of all children. Mirrors `Loggers.Log4jLoggers`.

mod level;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

pub use level::Level;
use names::{ROOT, is_below};
use sluice_rest_model::LoggerLevel;

/// The levels of all loggers. Cheap to clone: clones share them.
#[derive(Debug, Clone)]
pub struct Loggers(Arc<RwLock<Table>>);

#[derive(Debug)]
struct Table {
    /// The levels at the start: of the root, and those that were set.
    first: (Level, BTreeMap<String, Level>),
    root: Level,
    /// Levels that were set, apart from that of the root.
    own: BTreeMap<String, Level>,
    /// Names that are there without a level of their own.
    known: BTreeSet<String>,
    /// When levels were changed, in milliseconds since the epoch.
    modified: BTreeMap<String, i64>,
}

impl Loggers {
    /// Levels to begin with.
    pub fn new(root: Level, own: impl IntoIterator<Item = (String, Level)>) -> Self {
        let known = names::known().map(str::to_owned).collect();
        let own: BTreeMap<_, _> = own.into_iter().collect();
        let first = (root, own.clone());
        Self(Arc::new(RwLock::new(Table { first, root, own, known, modified: BTreeMap::new() })))
    }

    /// Takes note of a logger. Returns its level.
    pub fn register(&self, name: &str) -> Level {
        let is_known = self.read().known.contains(name);
        if !is_known {
            self.write().known.insert(name.to_owned());
        }
        self.read().effective(name)
    }

    /// The level that counts for a logger, whether it is known or not.
    pub fn effective(&self, name: &str) -> Level {
        self.read().effective(name)
    }

    /// The level that shows most.
    pub fn most(&self) -> Level {
        let table = self.read();
        table.own.values().copied().fold(table.root, Ord::max)
    }

    /// A known logger's level, by either of its names.
    pub fn level(&self, name: &str) -> Option<LoggerLevel> {
        let table = self.read();
        let name = names::canonical(name);
        table.names().any(|it| it == name).then(|| table.told(name))
    }

    /// All loggers that are not switched off.
    pub fn all(&self) -> BTreeMap<String, LoggerLevel> {
        let table = self.read();
        let shown = table.names().filter(|it| table.effective(it) != Level::Off);
        shown.map(|name| (name.to_owned(), table.told(name))).collect()
    }

    /// Sets the level of a logger and of its children; the names of those that have another level now, in order. A level
    /// that is none changes nothing. `now_millis` counts from the epoch.
    pub fn set(&self, namespace: &str, level: &str, now_millis: i64) -> Vec<String> {
        let Some(level) = Level::parse(level) else {
            tracing::warn!(level, namespace, "ignoring a log level that is none");
            return Vec::new();
        };
        tracing::info!(namespace, %level, "setting the level of a logger and its children");
        let changed = self.write().set(names::canonical(namespace), level, now_millis);
        // Without a lock held: this asks for the level of each place that logs.
        tracing::callsite::rebuild_interest_cache();
        changed
    }

    /// Puts all levels back to those at the start and sets `levels` on top, whatever was set meanwhile, as Log4j does when it
    /// reads its file again. `now_millis` counts from the epoch.
    pub fn load(&self, levels: &BTreeMap<String, Level>, now_millis: i64) {
        self.write().load(levels, now_millis);
        tracing::callsite::rebuild_interest_cache();
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.own.keys().filter(|it| !self.known.contains(*it));
        std::iter::once(ROOT).chain(self.known.iter().chain(own).map(String::as_str))
    }

    fn effective(&self, name: &str) -> Level {
        let levels = names::ancestors(name).into_iter().find_map(|it| self.own.get(it));
        levels.copied().unwrap_or(self.root)
    }

    fn told(&self, name: &str) -> LoggerLevel {
        LoggerLevel {
            level: self.effective(name).to_string(),
            last_modified: self.modified.get(name).copied(),
        }
    }

    fn load(&mut self, levels: &BTreeMap<String, Level>, now_millis: i64) {
        let mut named: BTreeMap<String, Level> = levels
            .iter()
            .map(|(name, level)| (names::canonical(name).to_owned(), *level))
            .collect();
        self.known.extend(named.keys().filter(|it| *it != ROOT).cloned());
        let before: Vec<(String, Level)> =
            self.names().map(|it| (it.to_owned(), self.effective(it))).collect();
        (self.root, self.own) = self.first.clone();
        self.own.retain(|name, _| !named.keys().any(|it| is_below(name, it)));
        self.root = named.remove(ROOT).unwrap_or(self.root);
        self.own.extend(named);
        for (name, before) in before {
            if self.effective(&name) != before {
                self.modified.insert(name, now_millis);
            }
        }
    }

    fn set(&mut self, namespace: &str, level: Level, now_millis: i64) -> Vec<String> {
        if namespace != ROOT {
            self.known.insert(namespace.to_owned());
        }
        let names = self.names().filter(|it| is_below(it, namespace));
        let before: Vec<(String, Level)> =
            names.map(|it| (it.to_owned(), self.effective(it))).collect();
        for (name, own) in &mut self.own {
            if is_below(name, namespace) {
                *own = level;
            }
        }
        if namespace == ROOT {
            self.root = level;
        } else {
            self.own.insert(namespace.to_owned(), level);
        }
        let mut changed = Vec::new();
        for (name, before) in before {
            // Log4j's levels are told without those that are off, so that one that stays off counts as changed.
            let after = self.effective(&name);
            if before != after || before == Level::Off {
                self.modified.insert(name.clone(), now_millis);
                changed.push(name);
            }
        }
        changed.sort();
        changed
    }
}

#[cfg(test)]
mod tests;
