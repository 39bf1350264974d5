//! Debezium's JDBC sink: its settings, and records that are changes of another database.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sluice_plugin::{
    Properties, Result, SinkConnector, SinkContext, SinkTask,
    config::{Config, Millis, Report, Secret, Validator},
    model::TopicPartition,
};

use super::{
    keys::{url, write},
    kind::Unit,
    open,
    settings::{Fields, KeyMode, Settings, Tombstones, Write},
    table_name::TableNames,
    zone,
};
use crate::{Login, Quoting};

/// Keys of Debezium's sink.
// One switch of the user each.
#[allow(clippy::struct_excessive_bools)]
// No Debug: a URL may hold a password.
#[derive(Clone, Config)]
#[config(check = DebeziumSinkConfig::check)]
pub struct DebeziumSinkConfig {
    /// JDBC URL of the database: jdbc:postgresql, jdbc:mysql, jdbc:mariadb or jdbc:sqlite.
    #[config(key = "connection.url", importance = High, group = "Connection", valid = Validator::SecretText(url))]
    pub url: String,
    /// User of the database.
    #[config(key = "connection.username", importance = High, group = "Connection")]
    pub user: Option<String>,
    /// Password of the user.
    #[config(key = "connection.password", importance = High, group = "Connection")]
    pub password: Option<Secret>,
    /// Class of Java's pool of connections. A task has one connection here, so that this changes nothing.
    #[config(key = "connection.provider", importance = Low, group = "Connection")]
    pub provider: Option<String>,
    /// Least connections of Java's pool. A task has one connection here, so that this changes nothing.
    #[config(key = "connection.pool.min_size", default = "5", importance = Low, group = "Connection")]
    pub pool_min: i32,
    /// Most connections of Java's pool. A task has one connection here, so that this changes nothing.
    #[config(key = "connection.pool.max_size", default = "32", importance = Low, group = "Connection")]
    pub pool_max: i32,
    /// Connections that Java's pool adds at once. A task has one connection here, so that this changes nothing.
    #[config(key = "connection.pool.acquire_increment", default = "32", importance = Low, group = "Connection")]
    pub pool_increment: i32,
    /// Seconds that Java's pool keeps a connection. A task has one connection here, so that this changes nothing.
    #[config(key = "connection.pool.timeout", default = "1800", importance = Low, group = "Connection")]
    pub pool_timeout: i64,
    /// Whether a lost connection is made anew. It always is, so that this changes nothing.
    #[config(key = "connection.restart.on.errors", default = "false", importance = Low, group = "Connection")]
    pub restart: bool,
    /// How rows are written: insert, upsert (by the primary key) or update.
    #[config(key = "insert.mode", default = "insert", importance = Low, group = "Connector", one_of_any_case("insert", "upsert", "update"))]
    pub insert_mode: String,
    /// Whether deletions and records without a value delete the row of their key; needs primary.key.mode=record_key.
    #[config(key = "delete.enabled", default = "false", importance = Low, group = "Connector")]
    pub delete_enabled: bool,
    /// Whether an event that a table was truncated empties the table.
    #[config(key = "truncate.enabled", default = "false", importance = Low, group = "Connector")]
    pub truncate_enabled: bool,
    /// Name of the table; ${topic} stands for the topic with underscores in place of dots, ${source.FIELD} for a field of the
    /// event's source. A schema may stand before a dot.
    #[config(key = "collection.name.format", default = "${topic}", importance = Medium, group = "Connector", non_empty)]
    pub table_format: String,
    /// Where the primary key comes from: none, kafka (topic, partition and offset), record_key, record_value or
    /// record_header.
    #[config(key = "primary.key.mode", default = "none", importance = Low, group = "Connector", one_of_any_case("none", "kafka", "record_key", "record_value", "record_header"))]
    pub key_mode: String,
    /// Columns of the primary key: fields of the key or value, or headers; all of them if it is not set. The column of a key
    /// that is no struct.
    #[config(key = "primary.key.fields", importance = Low, group = "Connector")]
    pub key_fields: Option<Vec<String>>,
    /// What is done about a table that does not have what records have: nothing (none), or it is made, and missing columns
    /// are added (basic).
    #[config(key = "schema.evolution", default = "none", importance = Low, group = "Connector", one_of_any_case("none", "validate-only", "basic"))]
    pub evolution: String,
    /// Whether names of tables and columns are quoted.
    #[config(key = "quote.identifiers", default = "false", importance = Low, group = "Connector")]
    pub quoting: bool,
    /// Time zone of columns that have none.
    #[config(key = "use.time.zone", default = "UTC", importance = Medium, group = "Connector", check = zone::check)]
    pub zone: String,
    /// Most rows that one statement writes.
    #[config(key = "batch.size", default = "500", importance = Medium, group = "Connector", min = 1)]
    pub batch_size: usize,
    /// Whether several changes of a row become one. With upsert and update they always do, so that this changes nothing.
    #[config(key = "use.reduction.buffer", default = "false", importance = Medium, group = "Connector")]
    pub reduce: bool,
    /// Fields that become columns, each as field or topic:field; all if it is not set.
    #[config(key = "field.include.list", importance = Medium, group = "Connector")]
    pub include: Option<Vec<String>>,
    /// Fields that do not become columns, each as field or topic:field.
    #[config(key = "field.exclude.list", importance = Medium, group = "Connector")]
    pub exclude: Option<Vec<String>>,
    /// Attempts after the first one when the database is out of reach or busy.
    #[config(key = "flush.max.retries", default = "5", importance = Low, group = "Connector Advanced", min = 0)]
    pub retries: u32,
    /// Pause before each of them, in milliseconds.
    #[config(key = "flush.retry.delay.ms", default = "1000", importance = Low, group = "Connector Advanced", min = 0)]
    pub pause: Millis,
    /// Whether PostgreSQL gets rows as arrays. It gets them by COPY here, so that this changes nothing.
    #[config(key = "dialect.postgres.unnest.insert.enabled", default = "false", importance = Medium, group = "Connector Advanced")]
    pub unnest: bool,
}

impl DebeziumSinkConfig {
    fn check(&self, report: &mut Report) {
        let mode = self.key_mode.to_lowercase();
        if self.delete_enabled && mode != "record_key" {
            let text = "When 'delete.enabled' is set to 'true', the 'primary.key.mode' option must be set to 'record_key'.";
            report.error("delete.enabled", text);
        }
        if write(&self.insert_mode) != Write::Insert && mode == "none" {
            let text = format!(
                "insert.mode={} finds rows by their primary key: say where it comes from",
                self.insert_mode
            );
            report.error("primary.key.mode", text);
        }
        if self.include.is_some() && self.exclude.is_some() {
            let text = "Cannot define both field.exclude.list and field.include.list. Please specify only one.";
            report.error("field.exclude.list", text);
        }
    }

    fn settings(&self) -> Settings {
        let is_basic = self.evolution.eq_ignore_ascii_case("basic");
        let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        Settings {
            write: write(&self.insert_mode),
            key_mode: match &*self.key_mode.to_lowercase() {
                "kafka" => KeyMode::Kafka,
                "record_key" => KeyMode::RecordKey,
                "record_value" => KeyMode::RecordValue,
                "record_header" => KeyMode::RecordHeader,
                _ => KeyMode::None,
            },
            key_fields: match &*self.key_mode.to_lowercase() {
                // Debezium's names for these columns are fixed.
                "kafka" => Vec::new(),
                _ => self.key_fields.clone().unwrap_or_default(),
            },
            tombstones: if self.delete_enabled { Tombstones::Delete } else { Tombstones::Skip },
            truncate: self.truncate_enabled,
            fields: match (&self.include, &self.exclude) {
                (Some(names), _) => Fields::Only(set(names)),
                (None, Some(names)) => Fields::Except(set(names)),
                (None, None) => Fields::All,
            },
            tables: TableNames {
                format: self.table_format.clone(),
                by_topic: std::collections::BTreeMap::new(),
                normalize: false,
                dots_to_underscores: true,
            },
            create: is_basic,
            evolve: is_basic,
            batch: self.batch_size.max(1),
            retries: self.retries,
            pause: self.pause.0,
            default_for_null: true,
            text_column: None,
            debezium: true,
            timestamps: (BTreeSet::new(), Unit::Micros),
            dates_in_zone: false,
        }
    }
}

/// `io.debezium.connector.jdbc.JdbcSinkConnector`.
pub struct DebeziumJdbcSink;

#[async_trait]
impl SinkConnector for DebeziumJdbcSink {
    type Config = DebeziumSinkConfig;
    const NAME: &'static str = "io.debezium.connector.jdbc.JdbcSinkConnector";

    async fn alter_offsets(
        &self,
        _: DebeziumSinkConfig,
        _: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        Ok(true)
    }

    async fn open(
        &self,
        config: DebeziumSinkConfig,
        _: &Properties,
        context: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        let login = |url| Login {
            url,
            user: config.user.clone(),
            password: config.password.clone(),
            attempts: 1,
            backoff: config.pause.0,
            read_only: false,
        };
        let quoting = if config.quoting { Quoting::Always } else { Quoting::Never };
        open(&config.url, login, (quoting, &config.zone), config.settings(), context).await
    }
}
