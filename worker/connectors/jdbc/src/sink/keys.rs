//! What the settings of Confluent's and Aiven's sinks have in common.

use std::collections::BTreeSet;

use sluice_plugin::config::{Millis, Report};

use super::{
    kind::Unit,
    settings::{Fields, KeyMode, Settings, Tombstones, Write},
    table_name::TableNames,
};
use crate::{Dialect, JdbcUrl};

pub(super) fn url(text: &str) -> Result<(), String> {
    JdbcUrl::parse(text).map(drop).map_err(|error| error.to_string())
}

pub(super) fn dialect(name: &str) -> Result<(), String> {
    if name.is_empty() || Dialect::named(name).is_some() {
        return Ok(());
    }
    Err("it is none of PostgreSqlDatabaseDialect, MySqlDatabaseDialect and SqliteDatabaseDialect"
        .to_owned())
}

/// The rules over several keys that all of these connectors share.
pub(super) fn check(
    report: &mut Report,
    mode: &str,
    pk_mode: &str,
    pk_fields: &[String],
    deletes: bool,
) {
    let pk_mode = pk_mode.to_lowercase();
    if deletes && pk_mode != "record_key" {
        report.error(
            "delete.enabled",
            "Primary key mode must be 'record_key' when delete support is enabled",
        );
    }
    if !matches!(&*mode.to_lowercase(), "insert" | "multi") && pk_mode == "none" {
        report.error(
            "pk.mode",
            format!("insert.mode={mode} finds rows by their primary key: say where it comes from"),
        );
    }
    if pk_mode == "kafka" && !matches!(pk_fields.len(), 0 | 3) {
        let text = format!(
            "pk.mode=kafka takes the names of three columns, or none; there are {}",
            pk_fields.len()
        );
        report.error("pk.fields", text);
    }
}

/// What both kinds of settings have.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) mode: &'a str,
    pub(super) pk_mode: &'a str,
    pub(super) pk_fields: &'a [String],
    pub(super) fields: &'a [String],
    pub(super) table: &'a str,
    pub(super) create: bool,
    pub(super) evolve: bool,
    pub(super) batch: usize,
    pub(super) retries: u32,
    pub(super) pause: Millis,
}

pub(super) fn settings(shared: Shared<'_>) -> Settings {
    let fields: BTreeSet<String> = shared.fields.iter().cloned().collect();
    Settings {
        write: write(shared.mode),
        key_mode: match &*shared.pk_mode.to_lowercase() {
            "kafka" => KeyMode::Kafka,
            "record_key" => KeyMode::RecordKey,
            "record_value" => KeyMode::RecordValue,
            _ => KeyMode::None,
        },
        key_fields: shared.pk_fields.to_vec(),
        tombstones: Tombstones::Refuse,
        truncate: false,
        fields: if fields.is_empty() { Fields::All } else { Fields::Only(fields) },
        tables: TableNames {
            format: shared.table.to_owned(),
            by_topic: std::collections::BTreeMap::new(),
            normalize: false,
            dots_to_underscores: false,
        },
        create: shared.create,
        evolve: shared.evolve,
        // None at once is one after the other.
        batch: shared.batch.max(1),
        retries: shared.retries,
        pause: shared.pause.0,
        default_for_null: true,
        text_column: None,
        debezium: false,
        timestamps: (BTreeSet::new(), Unit::Micros),
        dates_in_zone: true,
    }
}

/// The mode of a checked text.
pub(super) fn write(mode: &str) -> Write {
    match &*mode.to_lowercase() {
        "upsert" => Write::Upsert,
        "update" => Write::Update,
        _ => Write::Insert,
    }
}
