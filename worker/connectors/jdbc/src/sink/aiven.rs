//! Aiven's JDBC sink: its settings.

use async_trait::async_trait;
use sluice_plugin::{
    Properties, Result, SinkConnector, SinkContext, SinkTask,
    config::{Config, Millis, Report, Secret, Validator},
    model::TopicPartition,
};

use super::{
    keys::{Shared, check, dialect, settings, url},
    open,
    settings::{Settings, Tombstones},
    table_name::{self, TableNames},
    zone,
};
use crate::{Login, Quoting};

/// Keys of Aiven's sink.
// One switch of the user each.
#[allow(clippy::struct_excessive_bools)]
// No Debug: a URL may hold a password.
#[derive(Clone, Config)]
#[config(check = AivenSinkConfig::check)]
pub struct AivenSinkConfig {
    /// JDBC URL of the database: jdbc:postgresql, jdbc:mysql, jdbc:mariadb or jdbc:sqlite.
    #[config(key = "connection.url", importance = High, group = "Connection", valid = Validator::SecretText(url))]
    pub url: String,
    /// User of the database.
    #[config(key = "connection.user", importance = High, group = "Connection")]
    pub user: Option<String>,
    /// Password of the user.
    #[config(key = "connection.password", importance = High, group = "Connection")]
    pub password: Option<Secret>,
    /// Time zone of columns that have none: a name such as Europe/Berlin, or an offset.
    #[config(key = "db.timezone", default = "UTC", importance = Medium, group = "Connection", check = zone::check)]
    pub zone: String,
    /// Whose SQL is spoken; by the URL if it is empty.
    #[config(key = "dialect.name", default = "", importance = Low, group = "Connection", check = dialect)]
    pub dialect: String,
    /// Whether names of tables and columns are quoted.
    #[config(key = "sql.quote.identifiers", default = "true", importance = Medium, group = "Connection")]
    pub quoting: bool,
    /// How rows are written: insert, multi (the same here: many rows at once), upsert (by the primary key) or update.
    #[config(key = "insert.mode", default = "insert", importance = High, group = "Writes", one_of_any_case("insert", "multi", "upsert", "update"))]
    pub insert_mode: String,
    /// Most rows that one statement writes.
    #[config(key = "batch.size", default = "3000", importance = Medium, group = "Writes", min = 0)]
    pub batch_size: usize,
    /// Whether a record without a value deletes the row of its key; needs pk.mode=record_key.
    #[config(key = "delete.enabled", default = "false", importance = Medium, group = "Writes")]
    pub delete_enabled: bool,
    /// Name of the table; ${topic} stands for the topic. A schema may stand before a dot.
    #[config(key = "table.name.format", default = "${topic}", importance = Medium, group = "Data Mapping", non_empty)]
    pub table_name_format: String,
    /// Whether what is no letter, digit or underscore in a table's name becomes an underscore.
    #[config(key = "table.name.normalize", default = "false", importance = Medium, group = "Data Mapping")]
    pub normalize: bool,
    /// Tables of single topics, each as topic:table; they count before table.name.format.
    #[config(key = "topics.to.tables.mapping", importance = Medium, group = "Data Mapping", check = mapped)]
    pub mapping: Option<Vec<String>>,
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
    /// Whether a missing table is made.
    #[config(key = "auto.create", default = "false", importance = Medium, group = "DDL Support")]
    pub auto_create: bool,
    /// Whether missing columns are added; none is ever dropped or changed.
    #[config(key = "auto.evolve", default = "false", importance = Medium, group = "DDL Support")]
    pub auto_evolve: bool,
    /// Attempts after the first one when the database is out of reach or busy.
    #[config(key = "max.retries", default = "10", importance = Medium, group = "Retries", min = 0)]
    pub retries: u32,
    /// Pause before each of them, in milliseconds.
    #[config(key = "retry.backoff.ms", default = "3000", importance = Medium, group = "Retries", min = 0)]
    pub pause: Millis,
    /// Whether records without a value are left out.
    #[config(key = "handle.tombstone", default = "false", importance = Medium)]
    pub skip_tombstones: bool,
}

impl AivenSinkConfig {
    fn check(&self, report: &mut Report) {
        check(report, &self.insert_mode, &self.pk_mode, &self.pk_fields, self.delete_enabled);
    }

    fn settings(&self) -> Settings {
        let shared = settings(Shared {
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
        });
        Settings {
            tombstones: match (self.delete_enabled, self.skip_tombstones) {
                (true, _) => Tombstones::Delete,
                (false, true) => Tombstones::Skip,
                (false, false) => Tombstones::Refuse,
            },
            tables: TableNames {
                by_topic: table_name::mapping(self.mapping.as_deref().unwrap_or_default())
                    .unwrap_or_default(),
                normalize: self.normalize,
                ..shared.tables
            },
            ..shared
        }
    }
}

fn mapped(text: &str) -> std::result::Result<(), String> {
    let entries: Vec<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
    if text.trim().is_empty() { Ok(()) } else { table_name::mapping(&entries).map(drop) }
}

/// `io.aiven.connect.jdbc.JdbcSinkConnector`.
pub struct AivenJdbcSink;

#[async_trait]
impl SinkConnector for AivenJdbcSink {
    type Config = AivenSinkConfig;
    const NAME: &'static str = "io.aiven.connect.jdbc.JdbcSinkConnector";

    async fn alter_offsets(
        &self,
        _: AivenSinkConfig,
        _: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        Ok(true)
    }

    async fn open(
        &self,
        config: AivenSinkConfig,
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
