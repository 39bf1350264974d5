//! What the keys of either class mean, parsed once.

mod columns;
mod of;

use std::time::Duration;

use jiff::tz::TimeZone;
use sluice_plugin::config::{Report, regex::JavaRegex};

use super::config::{AivenConfig, ConfluentConfig, Keys};
use crate::{JdbcUrl, Login, Names, TableFilter};
pub(super) use columns::ColumnChoice;

/// How new rows are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Bulk,
    Incrementing,
    Timestamp,
    TimestampIncrementing,
}

impl Mode {
    pub(super) const fn has_timestamp(self) -> bool {
        matches!(self, Self::Timestamp | Self::TimestampIncrementing)
    }

    pub(super) const fn has_incrementing(self) -> bool {
        matches!(self, Self::Incrementing | Self::TimestampIncrementing)
    }
}

/// What NUMERIC columns become (`numeric.mapping`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumericMapping {
    None,
    PrecisionOnly,
    BestFit,
    BestFitEagerDouble,
}

/// What TIMESTAMP columns become (`timestamp.granularity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimestampGranularity {
    Logical,
    MicrosLong,
    MicrosString,
    MicrosIso,
    NanosLong,
    NanosString,
    NanosIso,
}

/// What is read.
#[derive(Debug, Clone)]
pub(super) enum Selection {
    /// Tables by their names.
    Tables(TableChoice),
    /// One query.
    Query(String),
}

/// Which tables are read of those that there are.
#[derive(Debug, Clone)]
pub(super) enum TableChoice {
    All,
    Only(Vec<String>),
    AllBut(Vec<String>),
    Matching { include: Vec<String>, exclude: Vec<String> },
}

/// The settings of a connector or task.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) login: Login,
    pub(super) names: Names,
    pub(super) isolation: Option<&'static str>,
    pub(super) selection: Selection,
    pub(super) filter: TableFilter,
    /// Whether tables are named with schema and catalog.
    pub(super) qualify: bool,
    /// Tables of the task.
    pub(super) tables: String,
    pub(super) mode: Mode,
    pub(super) incrementing: ColumnChoice,
    pub(super) timestamps: ColumnChoice,
    /// Milliseconds; none for the database's time at the start.
    pub(super) timestamp_initial: Option<i64>,
    pub(super) incrementing_initial: i64,
    pub(super) validate_non_null: bool,
    pub(super) suffix: String,
    /// None for ever.
    pub(super) retries: Option<u32>,
    pub(super) topic_prefix: String,
    pub(super) poll_interval: Duration,
    pub(super) batch_rows: usize,
    pub(super) linger: Duration,
    pub(super) table_poll_interval: Duration,
    pub(super) listing_limit: Duration,
    pub(super) delay: Duration,
    pub(super) lookback: Duration,
    pub(super) lookback_rows: u64,
    pub(super) mapping: Mapping,
}

/// What types become.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) numeric: NumericMapping,
    /// Whether users have chosen it.
    pub(super) numeric_is_set: bool,
    pub(super) granularity: TimestampGranularity,
    pub(super) is_legacy_calendar: bool,
    pub(super) zone: TimeZone,
}

/// Whether the text is a URL; what is wrong with it holds no part that may be secret.
pub(super) fn check_url(text: &str) -> Result<(), String> {
    JdbcUrl::parse(text).map(drop).map_err(|error| error.to_string())
}

/// Whether the text names a zone.
pub(super) fn check_zone(text: &str) -> Result<(), String> {
    zone(text).map(drop).ok_or_else(|| {
        format!("no time zone has the name {text}; names are those of the IANA database, such as Europe/Berlin")
    })
}

fn zone(text: &str) -> Option<TimeZone> {
    match text.trim() {
        "UTC" | "GMT" | "Z" => Some(TimeZone::UTC),
        text => TimeZone::get(text).ok(),
    }
}

/// Whether the text is a mapping; none is right, too.
pub(super) fn check_numeric(text: &str) -> Result<(), String> {
    one_of(text, &["none", "precision_only", "best_fit", "best_fit_eager_double"])
}

/// The same with the mappings that Aiven's connector has.
pub(super) fn check_numeric_of_aiven(text: &str) -> Result<(), String> {
    one_of(text, &["none", "precision_only", "best_fit"])
}

fn one_of(text: &str, known: &[&str]) -> Result<(), String> {
    let is_known = known.iter().any(|it| it.eq_ignore_ascii_case(text));
    if is_known { Ok(()) } else { Err(format!("it must be one of {}", known.join(", "))) }
}

/// Whether each element is a pattern of Java.
pub(super) fn check_patterns(text: &str) -> Result<(), String> {
    for pattern in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        JavaRegex::new(pattern).map_err(|error| format!("{pattern} is no regex: {error}"))?;
    }
    Ok(())
}

/// Checks what concerns several keys.
pub(super) fn check_confluent(config: &ConfluentConfig, report: &mut Report) {
    let _ = config.settings(report);
    warn_of_decimals(config.numeric.is_some() || config.numeric_precision, report);
}

/// Checks what concerns several keys.
pub(super) fn check_aiven(config: &AivenConfig, report: &mut Report) {
    let _ = config.settings(report);
    warn_of_decimals(config.numeric.is_some() || config.numeric_precision, report);
}

/// Says what numbers become of which most users find out from their records.
fn warn_of_decimals(is_set: bool, report: &mut Report) {
    if !is_set {
        let text = "NUMERIC and DECIMAL columns become Connect's Decimal, which most converters write as bytes: best_fit makes \
                    numbers of them, and none says that this is wanted";
        report.warn("numeric.mapping", text);
    }
}
