//! The settings that the keys of a class make.

use std::time::Duration;

use sluice_plugin::config::{Report, Secret};

use super::{
    super::config::{AivenConfig, ConfluentConfig, Keys},
    ColumnChoice, Mapping, Mode, NumericMapping, Selection, Settings, TableChoice,
    TimestampGranularity, zone,
};
use crate::{Dialect, JdbcUrl, Login, Names, Quoting, TableFilter};

fn mode(text: &str) -> Mode {
    match text {
        "incrementing" => Mode::Incrementing,
        "timestamp" => Mode::Timestamp,
        "timestamp+incrementing" => Mode::TimestampIncrementing,
        _ => Mode::Bulk,
    }
}

fn numeric(text: Option<&str>, precision: bool) -> NumericMapping {
    match text.map(str::to_ascii_lowercase).as_deref() {
        Some("best_fit") => NumericMapping::BestFit,
        Some("best_fit_eager_double") => NumericMapping::BestFitEagerDouble,
        Some("precision_only") => NumericMapping::PrecisionOnly,
        None if precision => NumericMapping::PrecisionOnly,
        _ => NumericMapping::None,
    }
}

fn granularity(text: &str) -> TimestampGranularity {
    match &*text.to_ascii_lowercase() {
        "micros_long" => TimestampGranularity::MicrosLong,
        "micros_string" => TimestampGranularity::MicrosString,
        "micros_iso_datetime_string" => TimestampGranularity::MicrosIso,
        "nanos_long" => TimestampGranularity::NanosLong,
        "nanos_string" => TimestampGranularity::NanosString,
        "nanos_iso_datetime_string" => TimestampGranularity::NanosIso,
        _ => TimestampGranularity::Logical,
    }
}

fn isolation(text: &str) -> Option<&'static str> {
    match &*text.to_ascii_uppercase() {
        "READ_UNCOMMITTED" => Some("READ UNCOMMITTED"),
        "READ_COMMITTED" => Some("READ COMMITTED"),
        "REPEATABLE_READ" => Some("REPEATABLE READ"),
        "SERIALIZABLE" => Some("SERIALIZABLE"),
        _ => None,
    }
}

/// The part of the keys that both classes have.
struct Access<'a> {
    url: &'a str,
    user: Option<&'a String>,
    password: Option<&'a Secret>,
    attempts: u32,
    backoff: Duration,
    dialect: &'a str,
}

fn login(keys: &Access<'_>, report: &mut Report) -> Option<Login> {
    let url = JdbcUrl::parse(keys.url).ok()?;
    let named = keys.dialect.trim();
    let fits = named.is_empty() || Dialect::named(named) == Some(url.dialect);
    if !fits {
        let known = "PostgreSqlDatabaseDialect, MySqlDatabaseDialect or SqliteDatabaseDialect";
        report.error(
            "dialect.name",
            format!("Invalid value {named} for configuration dialect.name: it must be that of the URL, {known}"),
        );
    }
    fits.then(|| Login {
        url,
        user: keys.user.cloned(),
        password: keys.password.cloned(),
        attempts: keys.attempts,
        backoff: keys.backoff,
        read_only: true,
    })
}

/// Complains about keys that do not go together.
fn exclusive(report: &mut Report, keys: &[(&str, bool)]) {
    let set: Vec<&str> = keys.iter().filter(|it| it.1).map(|it| it.0).collect();
    if let [first, rest @ ..] = &set[..]
        && !rest.is_empty()
    {
        report.error(first, format!("{} are exclusive: set one of them", set.join(", ")));
    }
}

/// Complains about columns that the mode needs and nobody names.
fn needed(
    report: &mut Report,
    mode: Mode,
    is_query: bool,
    incrementing: &str,
    timestamps: &ColumnChoice,
) {
    let has_none =
        matches!(timestamps, ColumnChoice::Same(columns) if columns.iter().all(String::is_empty));
    if mode.has_timestamp() && has_none {
        report.error(
            "timestamp.column.name",
            "timestamp.column.name must name a column in the modes timestamp and timestamp+incrementing",
        );
    }
    if mode.has_incrementing() && is_query && incrementing.is_empty() {
        report.error(
            "incrementing.column.name",
            "incrementing.column.name must name a column when a query is read: of its result, the database does not say \
             which column it numbers",
        );
    }
}

impl Keys for ConfluentConfig {
    // One field after the other; cut in two it would be no shorter to read.
    #[allow(clippy::too_many_lines)]
    fn settings(&self, report: &mut Report) -> Option<Settings> {
        let masked = self.query_masked.reveal();
        let query = if self.query.is_empty() { masked } else { &self.query };
        let is_matching = !self.include.is_empty() || !self.exclude.is_empty();
        exclusive(
            report,
            &[
                ("query", !self.query.is_empty()),
                ("query.masked", !masked.is_empty()),
                ("table.whitelist", !self.whitelist.is_empty()),
                ("table.blacklist", !self.blacklist.is_empty()),
                ("table.include.list", is_matching),
            ],
        );
        let mut choice = |key: &str, same: Vec<String>, mapped: &[String]| {
            if mapped.is_empty() {
                return ColumnChoice::Same(same);
            }
            ColumnChoice::mapped(mapped).unwrap_or_else(|wrong| {
                report.error(key, format!("Invalid value for configuration {key}: {wrong}"));
                ColumnChoice::Same(Vec::new())
            })
        };
        let incrementing = choice(
            "incrementing.column.mapping",
            vec![self.incrementing.clone()],
            &self.incrementing_mapping,
        );
        let timestamps =
            choice("timestamp.columns.mapping", self.timestamps.clone(), &self.timestamps_mapping);
        if self.mode.is_empty() {
            let text = "Invalid value  for configuration mode: set one of bulk, timestamp, incrementing, \
                        timestamp+incrementing";
            report.error("mode", text);
        }
        let mode = mode(&self.mode);
        needed(report, mode, !query.is_empty(), &self.incrementing, &timestamps);
        let login = login(
            &Access {
                url: &self.url,
                user: self.user.as_ref(),
                password: self.password.as_ref(),
                attempts: self.attempts,
                backoff: self.backoff.0,
                dialect: &self.dialect,
            },
            report,
        )?;
        let choice = if is_matching {
            TableChoice::Matching { include: self.include.clone(), exclude: self.exclude.clone() }
        } else {
            tables(&self.whitelist, &self.blacklist)
        };
        let quoting = self.quoting.eq_ignore_ascii_case("never");
        let rows = if self.buffer_rows > 0 { self.buffer_rows } else { self.batch_rows };
        Some(Settings {
            names: names(&login, !quoting),
            login,
            isolation: isolation(&self.isolation),
            selection: selection(query, choice),
            filter: filter(self.catalog.as_ref(), self.schema.as_ref(), &self.types),
            qualify: true,
            tables: self.tables.clone(),
            mode,
            incrementing,
            timestamps,
            timestamp_initial: Some(self.timestamp_initial.unwrap_or(0)).filter(|it| *it != -1),
            incrementing_initial: -1,
            validate_non_null: self.validate_non_null,
            suffix: self.suffix.clone(),
            retries: u32::try_from(self.retries).ok(),
            topic_prefix: self.topic_prefix.clone(),
            poll_interval: self.poll_interval.0,
            batch_rows: self.batch_rows.min(rows),
            linger: self.linger.0,
            table_poll_interval: self.table_poll_interval.0,
            listing_limit: self.listing_limit.0,
            delay: self.delay.0,
            lookback: self.lookback.0,
            lookback_rows: self.lookback_rows,
            mapping: Mapping {
                numeric: numeric(self.numeric.as_deref(), self.numeric_precision),
                numeric_is_set: self.numeric.is_some() || self.numeric_precision,
                granularity: granularity(&self.granularity),
                is_legacy_calendar: self.calendar.eq_ignore_ascii_case("LEGACY"),
                zone: zone(&self.zone)?,
            },
        })
    }
}

impl Keys for AivenConfig {
    fn settings(&self, report: &mut Report) -> Option<Settings> {
        /// What Java waits for the first listing, and what Confluent's connector takes for lingering.
        const LISTING: Duration = Duration::from_secs(10);
        const LINGER: Duration = Duration::from_secs(5);
        exclusive(
            report,
            &[
                ("query", !self.query.is_empty()),
                ("table.whitelist", !self.whitelist.is_empty()),
                ("table.blacklist", !self.blacklist.is_empty()),
            ],
        );
        let mode = mode(&self.mode);
        let timestamps = ColumnChoice::Same(self.timestamps.clone());
        needed(report, mode, !self.query.is_empty(), &self.incrementing, &timestamps);
        let login = login(
            &Access {
                url: &self.url,
                user: self.user.as_ref(),
                password: self.password.as_ref(),
                attempts: self.attempts,
                backoff: self.backoff.0,
                dialect: &self.dialect,
            },
            report,
        )?;
        Some(Settings {
            names: names(&login, self.quoting),
            login,
            isolation: None,
            selection: selection(&self.query, tables(&self.whitelist, &self.blacklist)),
            filter: filter(self.catalog.as_ref(), self.schema.as_ref(), &self.types),
            qualify: self.qualify,
            tables: self.tables.clone(),
            mode,
            incrementing: ColumnChoice::Same(vec![self.incrementing.clone()]),
            timestamps,
            timestamp_initial: Some(self.timestamp_initial),
            incrementing_initial: self.incrementing_initial,
            validate_non_null: self.validate_non_null,
            suffix: String::new(),
            retries: None,
            topic_prefix: self.topic_prefix.clone(),
            poll_interval: self.poll_interval.0,
            batch_rows: self.batch_rows,
            linger: LINGER,
            table_poll_interval: self.table_poll_interval.0,
            listing_limit: LISTING,
            delay: self.delay.0,
            lookback: self.lookback.0,
            lookback_rows: self.lookback_rows,
            mapping: Mapping {
                numeric: numeric(self.numeric.as_deref(), self.numeric_precision),
                numeric_is_set: self.numeric.is_some() || self.numeric_precision,
                granularity: TimestampGranularity::Logical,
                is_legacy_calendar: true,
                zone: zone(&self.zone)?,
            },
        })
    }
}

fn tables(only: &[String], but: &[String]) -> TableChoice {
    match (only, but) {
        ([], []) => TableChoice::All,
        ([], but) => TableChoice::AllBut(but.to_vec()),
        (only, _) => TableChoice::Only(only.to_vec()),
    }
}

fn selection(query: &str, choice: TableChoice) -> Selection {
    if query.is_empty() { Selection::Tables(choice) } else { Selection::Query(query.to_owned()) }
}

fn names(login: &Login, is_quoted: bool) -> Names {
    let quoting = if is_quoted { Quoting::Always } else { Quoting::Never };
    Names { dialect: login.url.dialect, quoting }
}

fn filter(catalog: Option<&String>, schema: Option<&String>, types: &[String]) -> TableFilter {
    // An empty pattern asks for tables without one, which is what those are that cannot have one.
    let pattern = |it: Option<&String>| it.filter(|it| !it.is_empty()).cloned();
    TableFilter { catalog: pattern(catalog), schema: pattern(schema), types: types.to_vec() }
}
