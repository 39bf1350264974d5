//! Confluent's JDBC sink: its settings.

use async_trait::async_trait;
use sluice_plugin::{
    Properties, Result, SinkConnector, SinkContext, SinkTask,
    config::{Config, Millis, Report, Secret, Validator},
    model::TopicPartition,
};

use super::{
    keys::{Shared, check, dialect, settings, url},
    kind::Unit,
    open,
    settings::{Settings, Tombstones},
    zone,
};
use crate::{Login, Quoting};

/// Keys of Confluent's sink.
// One switch of the user each.
#[allow(clippy::struct_excessive_bools)]
// No Debug: a URL may hold a password.
#[derive(Clone, Config)]
#[config(check = ConfluentSinkConfig::check)]
pub struct ConfluentSinkConfig {
    /// JDBC URL of the database: jdbc:postgresql, jdbc:mysql, jdbc:mariadb or jdbc:sqlite.
    #[config(key = "connection.url", importance = High, group = "Connection", valid = Validator::SecretText(url))]
    pub url: String,
    /// User of the database.
    #[config(key = "connection.user", importance = High, group = "Connection")]
    pub user: Option<String>,
    /// Password of the user.
    #[config(key = "connection.password", importance = High, group = "Connection")]
    pub password: Option<Secret>,
    /// Whose SQL is spoken; by the URL if it is empty.
    #[config(key = "dialect.name", default = "", importance = Low, group = "Connection", check = dialect)]
    pub dialect: String,
    /// Attempts to connect.
    #[config(key = "connection.attempts", default = "3", importance = Low, group = "Connection", min = 1)]
    pub attempts: u32,
    /// Pause between attempts to connect, in milliseconds.
    #[config(key = "connection.backoff.ms", default = "10000", importance = Low, group = "Connection", min = 0)]
    pub backoff: Millis,
    /// How rows are written: insert, upsert (by the primary key) or update.
    #[config(key = "insert.mode", default = "insert", importance = High, group = "Writes", one_of_any_case("insert", "upsert", "update"))]
    pub insert_mode: String,
    /// Most rows that one statement writes.
    #[config(key = "batch.size", default = "3000", importance = Medium, group = "Writes", min = 0)]
    pub batch_size: usize,
    /// Whether a record without a value deletes the row of its key; needs pk.mode=record_key.
    #[config(key = "delete.enabled", default = "false", importance = Medium, group = "Writes")]
    pub delete_enabled: bool,
    /// Kinds of tables that are written to. Whatever the database lets rows be inserted into is, so that this changes
    /// nothing.
    #[config(key = "table.types", default = "TABLE", importance = Low, group = "Writes", list)]
    pub table_types: Vec<String>,
    /// Name of the table; ${topic} stands for the topic. A schema may stand before a dot.
    #[config(key = "table.name.format", default = "${topic}", importance = Medium, group = "Data Mapping", non_empty)]
    pub table_name_format: String,
    /// Where the primary key comes from: none, kafka (topic, partition and offset), record_key or record_value.
    #[config(key = "pk.mode", default = "none", importance = High, group = "Data Mapping", one_of_any_case("none", "kafka", "record_key", "record_value"))]
    pub pk_mode: String,
    /// Columns of the primary key: fields of the key or value, all of them if it is empty; the column of a key that is no
    /// struct; names for topic, partition and offset.
    #[config(key = "pk.fields", default = "", importance = Medium, group = "Data Mapping", list)]
    pub pk_fields: Vec<String>,
    /// Fields of the value that become columns beside the primary key; all if it is empty.
    #[config(key = "fields.whitelist", default = "", importance = Medium, group = "Data Mapping", list)]
    pub fields: Vec<String>,
    /// Time zone of columns that have none: a name such as Europe/Berlin, or an offset.
    #[config(key = "db.timezone", default = "UTC", importance = Medium, group = "Data Mapping", check = zone::check)]
    pub zone: String,
    /// Zone in which a date is taken: DB_TIMEZONE (as Java's connector always did) or UTC (the date as it is).
    #[config(key = "date.timezone", default = "DB_TIMEZONE", importance = Medium, group = "Data Mapping", one_of_any_case("DB_TIMEZONE", "UTC"))]
    pub date_zone: String,
    /// What the numbers in the fields of timestamp.fields.list count: microseconds or nanoseconds.
    #[config(key = "timestamp.precision.mode", default = "microseconds", importance = Low, group = "Data Mapping", one_of_any_case("microseconds", "nanoseconds"))]
    pub timestamp_precision: String,
    /// Fields of INT64 that count time since the epoch, and become timestamps.
    #[config(key = "timestamp.fields.list", default = "", importance = Low, group = "Data Mapping", list)]
    pub timestamp_fields: Vec<String>,
    /// Column of a value that is text and no struct.
    #[config(key = "string.output.value.column.name", default = "record_value", importance = Low, group = "Data Mapping", non_empty)]
    pub text_column: String,
    /// Whether the default of a field stands in for its null.
    #[config(key = "replace.null.with.default", default = "true", importance = Low, group = "Data Mapping")]
    pub default_for_null: bool,
    /// Whether a missing table is made.
    #[config(key = "auto.create", default = "false", importance = Medium, group = "DDL Support")]
    pub auto_create: bool,
    /// Whether missing columns are added; none is ever dropped or changed.
    #[config(key = "auto.evolve", default = "false", importance = Medium, group = "DDL Support")]
    pub auto_evolve: bool,
    /// Whether names of tables and columns are quoted: always or never.
    #[config(key = "quote.sql.identifiers", default = "always", importance = Medium, group = "DDL Support", one_of_any_case("always", "never"))]
    pub quoting: String,
    /// For SQL Server, which is not supported: changes nothing.
    #[config(key = "mssql.use.merge.holdlock", default = "true", importance = Low, group = "DDL Support")]
    pub merge_holdlock: bool,
    /// Attempts after the first one when the database is out of reach or busy.
    #[config(key = "max.retries", default = "10", importance = Medium, group = "Retries", min = 0)]
    pub retries: u32,
    /// Pause before each of them, in milliseconds.
    #[config(key = "retry.backoff.ms", default = "3000", importance = Medium, group = "Retries", min = 0)]
    pub pause: Millis,
    /// Logs never hold data of records, whatever this says.
    #[config(key = "trim.sensitive.log", default = "false", importance = Low, group = "Retries")]
    pub trim_log: bool,
}

impl ConfluentSinkConfig {
    fn check(&self, report: &mut Report) {
        check(report, &self.insert_mode, &self.pk_mode, &self.pk_fields, self.delete_enabled);
    }

    fn settings(&self) -> Settings {
        let is_nanos = self.timestamp_precision.eq_ignore_ascii_case("nanoseconds");
        let unit = if is_nanos { Unit::Nanos } else { Unit::Micros };
        Settings {
            tombstones: if self.delete_enabled { Tombstones::Delete } else { Tombstones::Refuse },
            default_for_null: self.default_for_null,
            text_column: Some(self.text_column.clone()),
            timestamps: (self.timestamp_fields.iter().cloned().collect(), unit),
            dates_in_zone: self.date_zone.eq_ignore_ascii_case("DB_TIMEZONE"),
            ..settings(Shared {
                mode: &self.insert_mode,
                pk_mode: &self.pk_mode,
                pk_fields: &self.pk_fields,
                fields: &self.fields,
                table: &self.table_name_format,
                create: self.auto_create,
                evolve: self.auto_evolve,
                batch: self.batch_size,
                retries: self.retries,
                pause: self.pause,
            })
        }
    }
}

/// `io.confluent.connect.jdbc.JdbcSinkConnector`.
pub struct ConfluentJdbcSink;

#[async_trait]
impl SinkConnector for ConfluentJdbcSink {
    type Config = ConfluentSinkConfig;
    const NAME: &'static str = "io.confluent.connect.jdbc.JdbcSinkConnector";

    async fn alter_offsets(
        &self,
        _: ConfluentSinkConfig,
        _: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        Ok(true)
    }

    async fn open(
        &self,
        config: ConfluentSinkConfig,
        _: &Properties,
        context: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        let login = |url| Login {
            url,
            user: config.user.clone(),
            password: config.password.clone(),
            attempts: config.attempts,
            backoff: config.backoff.0,
            read_only: false,
        };
        let is_quoted = config.quoting.eq_ignore_ascii_case("always");
        let quoting = if is_quoted { Quoting::Always } else { Quoting::Never };
        open(&config.url, login, (quoting, &config.zone), config.settings(), context).await
    }
}
