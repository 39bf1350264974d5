//! Levels as Log4j has them.

use std::fmt;

use tracing::level_filters::LevelFilter;

/// A level of Log4j, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Off,
    /// Nothing of this program's: its gravest events are errors.
    Fatal,
    /// Errors.
    Error,
    /// Warnings too.
    Warn,
    /// What an operator wants to know, too.
    Info,
    /// What helps to find a fault, too.
    Debug,
    /// Each step.
    Trace,
    /// The same.
    All,
}

/// Levels with their names.
const NAMES: [(&str, Level); 8] = [
    ("OFF", Level::Off),
    ("FATAL", Level::Fatal),
    ("ERROR", Level::Error),
    ("WARN", Level::Warn),
    ("INFO", Level::Info),
    ("DEBUG", Level::Debug),
    ("TRACE", Level::Trace),
    ("ALL", Level::All),
];

impl Level {
    /// A level by its name, in any spelling of upper and lower case, with any spaces around.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        NAMES.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
    }

    /// What shows at this level.
    pub const fn filter(self) -> LevelFilter {
        match self {
            Self::Off | Self::Fatal => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace | Self::All => LevelFilter::TRACE,
        }
    }
}

impl From<LevelFilter> for Level {
    fn from(filter: LevelFilter) -> Self {
        NAMES.iter().map(|(_, level)| *level).find(|it| it.filter() == filter).unwrap_or(Self::All)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, level)| level == self);
        out.write_str(name.map_or("", |(name, _)| name))
    }
}
