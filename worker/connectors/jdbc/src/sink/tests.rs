//! What validation says of settings.

use sluice_plugin::{AnySinkConnector, Properties};

use super::*;

fn told(connector: &dyn AnySinkConnector, pairs: &[(&str, &str)]) -> String {
    let mut settings =
        Properties::from([("connection.url".to_owned(), "jdbc:sqlite:a.db".to_owned())]);
    settings.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let report = connector.validate(&settings);
    report.errors().collect::<Vec<_>>().join("\n")
}

#[test]
fn settings_are_checked_before_anything_is_written() {
    let confluent: &dyn AnySinkConnector = &ConfluentJdbcSink;
    let debezium: &dyn AnySinkConnector = &DebeziumJdbcSink;
    let aiven: &dyn AnySinkConnector = &AivenJdbcSink;
    for (connector, pairs, expected) in [
        (confluent, &[][..], ""),
        (debezium, &[], ""),
        (aiven, &[("insert.mode", "MULTI"), ("topics.to.tables.mapping", "a:b,c:d")], ""),
        (confluent, &[("connection.url", "jdbc:oracle:thin:@x")], "connection.url"),
        (confluent, &[("insert.mode", "merge")], "insert.mode"),
        (confluent, &[("insert.mode", "upsert")], "finds rows by their primary key"),
        (
            confluent,
            &[("delete.enabled", "true"), ("pk.mode", "record_value")],
            "'record_key' when delete support",
        ),
        (confluent, &[("pk.mode", "kafka"), ("pk.fields", "a,b")], "there are 2"),
        (confluent, &[("db.timezone", "Mars/Olympus")], "no time zone"),
        (confluent, &[("dialect.name", "OracleDatabaseDialect")], "PostgreSqlDatabaseDialect"),
        (aiven, &[("topics.to.tables.mapping", "a")], "a is not of the form topic:table"),
        (
            debezium,
            &[("delete.enabled", "true")],
            "'primary.key.mode' option must be set to 'record_key'",
        ),
        (debezium, &[("insert.mode", "upsert")], "finds rows by their primary key"),
        (
            debezium,
            &[("field.include.list", "a"), ("field.exclude.list", "b")],
            "Please specify only one",
        ),
        (debezium, &[("schema.evolution", "advanced")], "schema.evolution"),
    ] {
        let told = told(connector, pairs);
        assert!(
            told.contains(expected) && told.is_empty() == expected.is_empty(),
            "{pairs:?}: {told}"
        );
    }
}
