//! The keys of the source, under each of its class names.

use sluice_plugin::config::{Config, Millis, Report, Secret, Validator};

use super::settings;

/// Keys of `io.confluent.connect.jdbc.JdbcSourceConnector`.
// No Debug: a URL may hold a password.
#[derive(Clone, Config)]
#[config(check = settings::check_confluent)]
pub struct ConfluentConfig {
    /// JDBC URL of the database: jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: or jdbc:sqlite:. Several hosts are tried in
    /// order. Options that load files or code are refused.
    #[config(key = "connection.url", importance = High, group = "Database", width = Long, valid = Validator::SecretText(settings::check_url))]
    pub url: String,
    /// User to be.
    #[config(key = "connection.user", importance = High, group = "Database", width = Medium)]
    pub user: Option<String>,
    /// Password of the user.
    #[config(key = "connection.password", importance = High, group = "Database", width = Short)]
    pub password: Option<Secret>,
    /// Attempts to connect before the task or the connector fails.
    #[config(key = "connection.attempts", default = "3", importance = Low, group = "Database", min = 1, width = Short)]
    pub attempts: u32,
    /// Pause in milliseconds between attempts to connect.
    #[config(key = "connection.backoff.ms", default = "10000", importance = Low, group = "Database", width = Short)]
    pub backoff: Millis,
    /// Name of the Java connector's dialect, if it shall not be told by the URL: it must be that of the URL.
    #[config(key = "dialect.name", default = "", importance = Low, group = "Database", width = Long)]
    pub dialect: String,
    /// Zone of what clocks show in columns without a zone, as a name such as Europe/Berlin.
    #[config(key = "db.timezone", default = "UTC", importance = Medium, group = "Database", check = settings::check_zone, width = Medium)]
    pub zone: String,
    /// Isolation of the queries: DEFAULT leaves it to the database.
    #[config(key = "transaction.isolation.mode", default = "DEFAULT", importance = Low, group = "Database",
             one_of_any_case("DEFAULT", "READ_UNCOMMITTED", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"))]
    pub isolation: String,
    /// Whether names are quoted in SQL. Without it the database folds their case.
    #[config(key = "quote.sql.identifiers", default = "always", importance = Medium, group = "Database", one_of_any_case("always", "never"))]
    pub quoting: String,
    /// Tables to read, by name or by full name; not together with the other lists or a query.
    #[config(key = "table.whitelist", default = "", importance = Medium, group = "Database", list, width = Long)]
    pub whitelist: Vec<String>,
    /// Tables to leave out; not together with the other lists or a query.
    #[config(key = "table.blacklist", default = "", importance = Medium, group = "Database", list, width = Long)]
    pub blacklist: Vec<String>,
    /// Patterns of java.util.regex for the full names of tables to read.
    #[config(key = "table.include.list", default = "", importance = Medium, group = "Database", list, check = settings::check_patterns, width = Long)]
    pub include: Vec<String>,
    /// Patterns of java.util.regex for the full names of tables to leave out of those that are included.
    #[config(key = "table.exclude.list", default = "", importance = Medium, group = "Database", list, check = settings::check_patterns, width = Long)]
    pub exclude: Vec<String>,
    /// Pattern of SQL's LIKE for catalogs: with MySQL, for databases. All of them without it.
    #[config(key = "catalog.pattern", importance = Medium, group = "Database", width = Short)]
    pub catalog: Option<String>,
    /// Pattern of SQL's LIKE for schemas. All of them without it.
    #[config(key = "schema.pattern", importance = High, group = "Database", width = Short)]
    pub schema: Option<String>,
    /// Kinds of tables to look for: TABLE, VIEW, PARTITIONED TABLE, MATERIALIZED VIEW, FOREIGN TABLE, SYSTEM TABLE.
    #[config(key = "table.types", default = "TABLE", importance = Low, group = "Connector", list, width = Medium)]
    pub types: Vec<String>,
    /// What NUMERIC and DECIMAL columns become. none: Connect's Decimal, which most converters write as bytes. best_fit:
    /// an integer or FLOAT64 where precision and scale let it. best_fit_eager_double: FLOAT64 for all with digits behind
    /// the point. precision_only: integers alone.
    #[config(key = "numeric.mapping", importance = Low, group = "Database",
             check = settings::check_numeric)]
    pub numeric: Option<String>,
    /// Older form of numeric.mapping=precision_only.
    #[config(key = "numeric.precision.mapping", default = "false", importance = Low, group = "Database")]
    pub numeric_precision: bool,
    /// Calendar of dates before 15 October 1582: legacy counts them in the Julian one, as java.util.Date does.
    #[config(key = "date.calendar.system", default = "LEGACY", importance = Low, group = "Database",
             one_of_any_case("LEGACY", "PROLEPTIC_GREGORIAN"))]
    pub calendar: String,
    /// What TIMESTAMP columns become: Connect's Timestamp in milliseconds, or something finer.
    #[config(key = "timestamp.granularity", default = "connect_logical", importance = Low, group = "Connector",
             one_of_any_case("connect_logical", "micros_long", "micros_string", "micros_iso_datetime_string", "nanos_long",
                             "nanos_string", "nanos_iso_datetime_string"))]
    pub granularity: String,
    /// How new rows are told: bulk reads everything each time; incrementing looks at a column whose values rise with each
    /// new row; timestamp at one that also changes with each update; timestamp+incrementing at both.
    #[config(key = "mode", importance = High, group = "Mode", one_of("", "bulk", "timestamp", "incrementing", "timestamp+incrementing"))]
    pub mode: String,
    /// Column whose values rise with each new row; the one that the database numbers itself without it.
    #[config(key = "incrementing.column.name", default = "", importance = Medium, group = "Mode", width = Medium)]
    pub incrementing: String,
    /// Column for each kind of table, as regex:column, comma-separated; the first pattern that matches the full name counts.
    #[config(key = "incrementing.column.mapping", default = "", importance = Medium, group = "Mode", list)]
    pub incrementing_mapping: Vec<String>,
    /// Columns with the time of the last change; the first that is not null counts.
    #[config(key = "timestamp.column.name", default = "", importance = Medium, group = "Mode", list)]
    pub timestamps: Vec<String>,
    /// Columns for each kind of table, as regex:[column|column], comma-separated; the first pattern that matches the full
    /// name counts.
    #[config(key = "timestamp.columns.mapping", default = "", importance = Medium, group = "Mode", list)]
    pub timestamps_mapping: Vec<String>,
    /// Rows after this time are read, in milliseconds since the epoch: all without it, and -1 for those from now on.
    #[config(key = "timestamp.initial", importance = Low, group = "Mode")]
    pub timestamp_initial: Option<i64>,
    /// Whether columns that rows are told by must be NOT NULL.
    #[config(key = "validate.non.null", default = "true", importance = Low, group = "Mode")]
    pub validate_non_null: bool,
    /// Query to read instead of tables. In modes other than bulk, a WHERE clause is added at its end: wrap what has one in
    /// a SELECT of its own.
    #[config(key = "query", default = "", importance = Medium, group = "Mode", width = Long)]
    pub query: String,
    /// The same for a query that shall not be shown.
    #[config(key = "query.masked", default = "", importance = Medium, group = "Mode", width = Long)]
    pub query_masked: Secret,
    /// What is added to the end of each query, such as LIMIT 10000.
    #[config(key = "query.suffix", default = "", importance = Low, group = "Mode", width = Medium)]
    pub suffix: String,
    /// How often a query that fails is tried again before the task fails; -1 for ever.
    #[config(key = "query.retry.attempts", default = "-1", importance = Low, group = "Mode")]
    pub retries: i32,
    /// Prefix of the topics; with a query, the whole name of its topic.
    #[config(key = "topic.prefix", importance = High, group = "Connector", width = Medium)]
    pub topic_prefix: String,
    /// Pause in milliseconds between two looks at the same table.
    #[config(key = "poll.interval.ms", default = "5000", importance = High, group = "Connector", width = Short)]
    pub poll_interval: Millis,
    /// Most rows that one poll hands out.
    #[config(key = "batch.max.rows", default = "1000", importance = Low, group = "Connector", min = 1, width = Short)]
    pub batch_rows: usize,
    /// Most rows that are held in memory, if more than 0; batch.max.rows otherwise.
    #[config(key = "max.buffer.size", default = "0", importance = Low, group = "Connector")]
    pub buffer_rows: usize,
    /// How long in milliseconds a poll waits for further rows of a result before it hands out those that it has.
    #[config(key = "poll.linger.ms", default = "5000", importance = Low, group = "Connector")]
    pub linger: Millis,
    /// Pause in milliseconds between two looks at which tables there are.
    #[config(key = "table.poll.interval.ms", default = "60000", importance = Low, group = "Connector", width = Short)]
    pub table_poll_interval: Millis,
    /// How long in milliseconds the first look at which tables there are may take.
    #[config(key = "table.monitoring.startup.polling.limit.ms", default = "10000", importance = Low, group = "Connector")]
    pub listing_limit: Millis,
    /// How old in milliseconds a row must be, by the database's clock, before it is read: time for transactions to commit.
    #[config(key = "timestamp.delay.interval.ms", default = "0", importance = High, group = "Connector")]
    pub delay: Millis,
    /// Not a key of Java's connector. How far in milliseconds behind the last row rows are looked for again that were
    /// committed late; what was handed out already is left out. After a restart the rows of that time come again.
    #[config(key = "sluice.lookback.ms", default = "0", importance = Low, group = "Sluice")]
    pub lookback: Millis,
    /// Not a key of Java's connector. The same for mode incrementing, in values of the column.
    #[config(key = "sluice.lookback.rows", default = "0", importance = Low, group = "Sluice")]
    pub lookback_rows: u64,
    /// Tables of the task, which the connector sets.
    #[config(key = "tables", default = "", importance = Low, group = "Task")]
    pub tables: String,
}

/// Keys of `io.aiven.connect.jdbc.JdbcSourceConnector`.
// Each of them is a key of its own.
#[allow(clippy::struct_excessive_bools)]
// No Debug: a URL may hold a password.
#[derive(Clone, Config)]
#[config(check = settings::check_aiven)]
pub struct AivenConfig {
    /// JDBC URL of the database: jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: or jdbc:sqlite:. Several hosts are tried in
    /// order. Options that load files or code are refused.
    #[config(key = "connection.url", importance = High, group = "Database", width = Long, valid = Validator::SecretText(settings::check_url))]
    pub url: String,
    /// User to be.
    #[config(key = "connection.user", importance = High, group = "Database", width = Medium)]
    pub user: Option<String>,
    /// Password of the user.
    #[config(key = "connection.password", importance = High, group = "Database", width = Short)]
    pub password: Option<Secret>,
    /// Attempts to connect before the task or the connector fails.
    #[config(key = "connection.attempts", default = "3", importance = Low, group = "Database", min = 1, width = Short)]
    pub attempts: u32,
    /// Pause in milliseconds between attempts to connect.
    #[config(key = "connection.backoff.ms", default = "10000", importance = Low, group = "Database", width = Short)]
    pub backoff: Millis,
    /// Tables to read, by name or by full name; not together with table.blacklist or a query.
    #[config(key = "table.whitelist", default = "", importance = Medium, group = "Database", list, width = Long)]
    pub whitelist: Vec<String>,
    /// Tables to leave out; not together with table.whitelist or a query.
    #[config(key = "table.blacklist", default = "", importance = Medium, group = "Database", list, width = Long)]
    pub blacklist: Vec<String>,
    /// Pattern of SQL's LIKE for catalogs: with MySQL, for databases. All of them without it.
    #[config(key = "catalog.pattern", importance = Medium, group = "Database", width = Short)]
    pub catalog: Option<String>,
    /// Pattern of SQL's LIKE for schemas. All of them without it.
    #[config(key = "schema.pattern", importance = Medium, group = "Database", width = Short)]
    pub schema: Option<String>,
    /// Older form of numeric.mapping=precision_only.
    #[config(key = "numeric.precision.mapping", default = "false", importance = Low, group = "Database")]
    pub numeric_precision: bool,
    /// What NUMERIC and DECIMAL columns become. none: Connect's Decimal, which most converters write as bytes. best_fit:
    /// an integer or FLOAT64 where precision and scale let it. precision_only: integers alone.
    #[config(key = "numeric.mapping", importance = Low, group = "Database", check = settings::check_numeric_of_aiven)]
    pub numeric: Option<String>,
    /// Whether tables are named with their schema or catalog in SQL and in positions.
    #[config(key = "table.names.qualify", default = "true", importance = Low, group = "Database")]
    pub qualify: bool,
    /// Zone of what clocks show in columns without a zone, as a name such as Europe/Berlin.
    #[config(key = "db.timezone", default = "UTC", importance = Medium, group = "Database", check = settings::check_zone, width = Medium)]
    pub zone: String,
    /// Name of the Java connector's dialect, if it shall not be told by the URL: it must be that of the URL.
    #[config(key = "dialect.name", default = "", importance = Low, group = "Database", width = Long)]
    pub dialect: String,
    /// Whether names are quoted in SQL. Without it the database folds their case.
    #[config(key = "sql.quote.identifiers", default = "true", importance = Medium, group = "Database")]
    pub quoting: bool,
    /// How new rows are told: bulk reads everything each time; incrementing looks at a column whose values rise with each
    /// new row; timestamp at one that also changes with each update; timestamp+incrementing at both.
    #[config(key = "mode", importance = High, group = "Mode", one_of("bulk", "timestamp", "incrementing", "timestamp+incrementing"))]
    pub mode: String,
    /// Column whose values rise with each new row; the one that the database numbers itself without it.
    #[config(key = "incrementing.column.name", default = "", importance = Medium, group = "Mode", width = Medium)]
    pub incrementing: String,
    /// Columns with the time of the last change; the first that is not null counts.
    #[config(key = "timestamp.column.name", default = "", importance = Medium, group = "Mode", list)]
    pub timestamps: Vec<String>,
    /// Whether columns that rows are told by must be NOT NULL.
    #[config(key = "validate.non.null", default = "true", importance = Low, group = "Mode")]
    pub validate_non_null: bool,
    /// Query to read instead of tables. In modes other than bulk, a WHERE clause is added at its end: wrap what has one in
    /// a SELECT of its own.
    #[config(key = "query", default = "", importance = Medium, group = "Mode", width = Long)]
    pub query: String,
    /// Rows after this time are read, in milliseconds since the epoch.
    #[config(key = "timestamp.initial.ms", default = "0", importance = Medium, group = "Mode")]
    pub timestamp_initial: i64,
    /// Rows with a value above this one are read.
    #[config(key = "incrementing.initial", default = "-1", importance = Medium, group = "Mode")]
    pub incrementing_initial: i64,
    /// Kinds of tables to look for: TABLE, VIEW, PARTITIONED TABLE, MATERIALIZED VIEW, FOREIGN TABLE, SYSTEM TABLE.
    #[config(key = "table.types", default = "TABLE", importance = Low, group = "Connector", list, width = Medium)]
    pub types: Vec<String>,
    /// Pause in milliseconds between two looks at the same table.
    #[config(key = "poll.interval.ms", default = "5000", importance = High, group = "Connector", width = Short)]
    pub poll_interval: Millis,
    /// Most rows that one poll hands out.
    #[config(key = "batch.max.rows", default = "100", importance = Low, group = "Connector", min = 1, width = Short)]
    pub batch_rows: usize,
    /// Pause in milliseconds between two looks at which tables there are.
    #[config(key = "table.poll.interval.ms", default = "60000", importance = Low, group = "Connector", width = Short)]
    pub table_poll_interval: Millis,
    /// Prefix of the topics; with a query, the whole name of its topic.
    #[config(key = "topic.prefix", importance = High, group = "Connector", width = Medium)]
    pub topic_prefix: String,
    /// How old in milliseconds a row must be, by the database's clock, before it is read: time for transactions to commit.
    #[config(key = "timestamp.delay.interval.ms", default = "0", importance = High, group = "Connector")]
    pub delay: Millis,
    /// Not a key of Java's connector. How far in milliseconds behind the last row rows are looked for again that were
    /// committed late; what was handed out already is left out. After a restart the rows of that time come again.
    #[config(key = "sluice.lookback.ms", default = "0", importance = Low, group = "Sluice")]
    pub lookback: Millis,
    /// Not a key of Java's connector. The same for mode incrementing, in values of the column.
    #[config(key = "sluice.lookback.rows", default = "0", importance = Low, group = "Sluice")]
    pub lookback_rows: u64,
    /// Tables of the task, which the connector sets.
    #[config(key = "tables", default = "", importance = Low, group = "Task")]
    pub tables: String,
}

/// Something that parsed settings have in common.
pub(super) trait Keys: Config + Clone + Sync {
    /// The settings that the engine takes, or what is wrong with them.
    fn settings(&self, report: &mut Report) -> Option<super::Settings>;
}
