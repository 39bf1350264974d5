//! The keys that all converters with a registry share, under Confluent's names
//! (`AbstractKafkaSchemaSerDeConfig`, `SchemaRegistryClientConfig`).

mod connection;
mod tls;

use std::time::Duration;

use sluice_plugin::{
    ConverterRole, Error, Properties, Result,
    config::{Config, ConfigKey, Millis, Report, Secret},
};

pub(crate) use connection::{Address, Connection, UserInfo};

use crate::{
    SchemaIdPlace, Subjects,
    subject::{self, STRATEGIES},
};

/// Keys of Confluent's that change what is written or where requests go, and that nothing here honours.
const REFUSED: [(&str, &str); 12] = [
    ("use.latest.with.metadata", "name the version with use.schema.id"),
    ("use.schema.guid", "name the schema with use.schema.id"),
    ("propagate.schema.tags", "tags are not carried from version to version"),
    ("rule.executors", "rules of data contracts are not run"),
    ("rule.actions", "rules of data contracts are not run"),
    ("execution.environment", "rules of data contracts are not run"),
    ("context.name.strategy", "name the context in the subject, such as :.context:topic-value"),
    ("proxy.host", "requests go to the registry itself"),
    ("bearer.auth.issuer.endpoint.url", "a token is given with bearer.auth.token"),
    ("bearer.auth.custom.provider.class", "Java classes cannot be loaded"),
    ("schema.format", "schemas are asked for as they are"),
    ("schema.backup.enabled", "backups of schemas are not carried in records"),
];

/// Settings of a converter that keeps its schemas in a registry.
#[derive(Config)]
#[config(check = check)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
struct Keys {
    /// URLs of the registries, any of which knows all schemas; the next one is asked where one does not answer. A registry in
    /// this process, for trials, is `mock://NAME`.
    #[config(key = "schema.registry.url", importance = High)]
    urls: Vec<String>,
    /// Most schemas that are remembered, each with what is worked out for it.
    #[config(key = "max.schemas.per.subject", default = "1000", min = 1, importance = Low)]
    most_schemas: usize,
    /// Whether schemas are registered in their usual form, which leaves out differences without a meaning.
    #[config(key = "normalize.schemas", default = "false")]
    normalize: bool,
    /// Whether a schema that the registry does not know is registered.
    #[config(key = "auto.register.schemas", default = "true")]
    auto_register: bool,
    /// The id of the schema that records are written with, where none is registered; -1 for none.
    #[config(key = "use.schema.id", default = "-1", importance = Low)]
    schema_id: i32,
    /// Whether the schema of a record has to be compatible with that of `use.schema.id`.
    #[config(key = "id.compatibility.strict", default = "true", importance = Low)]
    id_strict: bool,
    /// Whether records are written with the latest version of their subject, where no schema is registered.
    #[config(key = "use.latest.version", default = "false", importance = Low)]
    use_latest: bool,
    /// Whether the schema of a record has to be compatible with the latest version.
    #[config(key = "latest.compatibility.strict", default = "true", importance = Low)]
    latest_strict: bool,
    /// How many latest versions are remembered.
    #[config(key = "latest.cache.size", default = "1000", min = 1, importance = Low)]
    latest_cache_size: usize,
    /// For how many seconds a latest version counts as such; -1 for as long as the task runs.
    #[config(key = "latest.cache.ttl.sec", default = "-1", importance = Low)]
    latest_cache_ttl: i32,
    /// Where the user for HTTP Basic authentication is named: URL, in `schema.registry.url`; USER_INFO, in
    /// `basic.auth.user.info`.
    #[config(key = "basic.auth.credentials.source", default = "URL")]
    basic_source: String,
    /// User and password as `user:password`; counts with `basic.auth.credentials.source` = USER_INFO.
    #[config(key = "basic.auth.user.info", default = "")]
    user_info: Secret,
    /// Former name of `basic.auth.user.info`.
    #[config(key = "schema.registry.basic.auth.user.info", default = "")]
    old_user_info: Secret,
    /// Where a token for HTTP Bearer authentication is from: STATIC_TOKEN, from `bearer.auth.token`. Where it is not set, no
    /// token is sent.
    #[config(key = "bearer.auth.credentials.source")]
    bearer_source: Option<String>,
    /// The token.
    #[config(key = "bearer.auth.token", default = "")]
    token: Secret,
    /// Names the subjects of keys: TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy of
    /// `io.confluent.kafka.serializers.subject`.
    #[config(key = "key.subject.name.strategy")]
    #[config(default = "io.confluent.kafka.serializers.subject.AssociatedNameStrategy")]
    #[config(check = known_strategy)]
    key_subjects: String,
    /// Names the subjects of values, as `key.subject.name.strategy` those of keys.
    #[config(key = "value.subject.name.strategy")]
    #[config(default = "io.confluent.kafka.serializers.subject.AssociatedNameStrategy")]
    #[config(check = known_strategy)]
    value_subjects: String,
    /// Where the schema of a key is named: PrefixSchemaIdSerializer, before the key; HeaderSchemaIdSerializer of
    /// `io.confluent.kafka.serializers.schema.id`, in the header `__key_schema_id`. Either is read.
    #[config(key = "key.schema.id.serializer")]
    #[config(default = "io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer")]
    #[config(check = known_place)]
    key_id: String,
    /// Where the schema of a value is named, as `key.schema.id.serializer`; the header is `__value_schema_id`.
    #[config(key = "value.schema.id.serializer")]
    #[config(default = "io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer")]
    #[config(check = known_place)]
    value_id: String,
    /// Longest wait for a connection.
    #[config(key = "http.connect.timeout.ms", default = "60000", min = 1, importance = Low)]
    connect_timeout: Millis,
    /// Longest wait for an answer.
    #[config(key = "http.read.timeout.ms", default = "60000", min = 1, importance = Low)]
    read_timeout: Millis,
}

/// Settings of a converter for one part of records, read once.
pub struct RegistrySettings {
    keys: Keys,
    connection: Connection,
    role: ConverterRole,
}

impl RegistrySettings {
    /// The keys, for the definition of a converter.
    pub fn keys() -> Vec<ConfigKey> {
        [Keys::definition().keys, tls::Keys::definition().keys].concat()
    }

    /// Reads the settings of a converter, those of its own among them. No I/O but for files with certificates.
    pub fn read(settings: &Properties, role: ConverterRole) -> Result<Self> {
        for (key, instead) in REFUSED {
            let set = settings.get(key).map(|it| it.trim());
            if set.is_some_and(|it| !it.is_empty() && !it.eq_ignore_ascii_case("false")) {
                return Err(Error::fatal(format!(
                    "Configuration {key} is not supported: {instead}"
                )));
            }
        }
        let refuse = |report: Report| Error::fatal(report.to_string());
        let keys = Keys::parse(settings).map_err(refuse)?;
        let tls = tls::Keys::parse(settings).map_err(refuse)?;
        let connection = Connection::of(&keys, tls.properties(), settings);
        let connection = connection.map_err(Error::fatal)?;
        Ok(Self { keys, connection, role })
    }

    /// How subjects are named.
    pub fn subjects(&self) -> Subjects {
        let class = if self.is_key() { &self.keys.key_subjects } else { &self.keys.value_subjects };
        // The key's own check has let it through.
        Subjects::of(class, self.role).unwrap_or_else(|| Subjects::of_topics(self.role))
    }

    /// Where records name their schemas.
    pub fn schema_id_place(&self) -> SchemaIdPlace {
        let class = if self.is_key() { &self.keys.key_id } else { &self.keys.value_id };
        if class.ends_with("HeaderSchemaIdSerializer") {
            SchemaIdPlace::Header
        } else {
            SchemaIdPlace::Prefix
        }
    }

    /// How many schemas are remembered in each direction: the bound of a converter's own caches.
    pub const fn most_schemas(&self) -> usize {
        self.keys.most_schemas
    }

    /// Which part of records it is.
    pub const fn role(&self) -> ConverterRole {
        self.role
    }

    /// Whether the schema of a record has to be compatible with the one that it is written with instead.
    pub const fn is_strict(&self) -> bool {
        if self.keys.schema_id >= 0 { self.keys.id_strict } else { self.keys.latest_strict }
    }

    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) const fn normalizes(&self) -> bool {
        self.keys.normalize
    }

    /// What becomes of a schema that is written with.
    pub(crate) const fn way(&self) -> Way {
        if self.keys.auto_register {
            Way::Register
        } else if self.keys.schema_id >= 0 {
            Way::Use(self.keys.schema_id)
        } else if self.keys.use_latest {
            Way::UseLatest
        } else {
            Way::Find
        }
    }

    /// How many latest versions are remembered, and for how long; none is for ever.
    pub(crate) fn latest(&self) -> (usize, Option<Duration>) {
        let seconds = u64::try_from(self.keys.latest_cache_ttl).ok();
        (self.keys.latest_cache_size, seconds.map(Duration::from_secs))
    }

    fn is_key(&self) -> bool {
        self.role == ConverterRole::Key
    }
}

/// Where the id comes from that a record is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The schema is registered.
    Register,
    /// The registry is asked for the schema.
    Find,
    /// It is always this one.
    Use(i32),
    /// It is that of the latest version.
    UseLatest,
}

fn known_strategy(class: &str) -> std::result::Result<(), String> {
    match subject::Subjects::of(class, ConverterRole::Value) {
        Some(_) => Ok(()),
        None => Err(format!("String must be one of: {}", STRATEGIES.join(", "))),
    }
}

fn known_place(class: &str) -> std::result::Result<(), String> {
    match class.rsplit('.').next() {
        Some("PrefixSchemaIdSerializer" | "HeaderSchemaIdSerializer") => Ok(()),
        _ => Err("String must be one of: \
                  io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer, \
                  io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer"
            .to_owned()),
    }
}

fn check(keys: &Keys, report: &mut Report) {
    let urls = connection::addresses(&keys.urls).map_err(|reason| ("schema.registry.url", reason));
    for wrong in [urls.err(), connection::credentials(keys).err()].into_iter().flatten() {
        // Without the value: it may hold a password.
        report.error(wrong.0, format!("Invalid value for configuration {}: {}", wrong.0, wrong.1));
    }
}

#[cfg(test)]
mod tests;
