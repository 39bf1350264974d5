//! Rows that are told by their times: in each form, with clocks of any zone.

use std::collections::BTreeMap;

use sluice_plugin::{
    Kind as ErrorKind,
    model::{SourceRecord, Value},
};

use crate::databases::{Database, KINDS, Kind, failure, missing, numbers, offset, take};

/// 2024-01-02 12:00:00 UTC, in seconds.
const NOON: i64 = 1_704_196_800;
/// Zones, and by how many hours they are east of UTC then.
const ZONES: [(&str, i64); 3] = [("UTC", 0), ("Europe/Berlin", 1), ("America/New_York", -5)];

/// How SQLite may keep the time so many seconds behind noon, in a zone that is so many hours east.
const FORMS: [fn(i64, i64) -> String; 6] = [
    |second, _| ((NOON + second) * 1000).to_string(),
    |second, _| format!("'2024-01-02T12:00:{second:02}Z'"),
    |second, _| format!("'2024-01-02 14:00:{second:02}+02:00'"),
    |second, east| format!("'2024-01-02 {:02}:00:{second:02}'", 12 + east),
    |second, east| format!("'2024-01-02T{:02}:00:{second:02}.1236'", 12 + east),
    |second, east| format!("'2024-01-02 {:02}:00:{second:02}.123456789'", 12 + east),
];

/// The second of a record's position.
fn second(record: &SourceRecord) -> i64 {
    match record.source_offset.0.get("timestamp") {
        Some(Value::Int64(millis)) => millis / 1000,
        other => panic!("the position is {other:?}"),
    }
}

#[tokio::test]
async fn every_form_of_a_time_in_sqlite_is_read_once_whatever_the_zone() {
    let mut database = Database::new(Kind::Sqlite, "forms").await;
    database
        .run(&["CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, at TIMESTAMP NOT NULL)"])
        .await;
    for (zone, east) in ZONES {
        let keys = |mode| {
            [
                ("mode", mode),
                ("timestamp.column.name", "at"),
                ("incrementing.column.name", "id"),
                ("db.timezone", zone),
            ]
        };
        for (number, form) in FORMS.iter().enumerate() {
            let insert = |id: i64| format!("INSERT INTO orders VALUES ({id}, {})", form(id, east));
            for mode in ["timestamp", "timestamp+incrementing"] {
                database.run(&["DELETE FROM orders", &insert(1), &insert(2)]).await;
                let mut task = database.task(&keys(mode)).await.expect("a task");
                let told = format!("form {number} in {zone}, mode {mode}");
                assert_eq!(numbers(&take(&mut *task, 2).await, "id"), [1, 2], "{told}");
                for id in 3..=4 {
                    database.run(&[&insert(id)]).await;
                    let records = take(&mut *task, 1).await;
                    assert_eq!(numbers(&records, "id"), [id], "{told}");
                    assert_eq!(second(&records[0]), NOON + id, "{told}");
                }
            }
        }
        // All of them in one column.
        database.run(&["DELETE FROM orders"]).await;
        for (id, form) in (1..).zip(FORMS) {
            let insert = format!("INSERT INTO orders VALUES ({id}, {})", form(id, east));
            database.run(&[&insert]).await;
        }
        let mut task = database.task(&keys("timestamp")).await.expect("a task");
        assert_eq!(numbers(&take(&mut *task, 6).await, "id"), [1, 2, 3, 4, 5, 6], "{zone}");
    }
}

#[tokio::test]
async fn what_is_no_time_in_sqlite_fails_the_task_and_names_the_column() {
    let mut database = Database::new(Kind::Sqlite, "no_times").await;
    let keys = [("mode", "timestamp"), ("timestamp.column.name", "at")];
    for value in ["'yesterday'", "1.5", "x'00'"] {
        database
            .run(&[
                "DROP TABLE IF EXISTS orders",
                "CREATE TABLE orders (id INTEGER, at TIMESTAMP NOT NULL)",
                "INSERT INTO orders VALUES (1, '2024-01-02 12:00:00')",
                &format!("INSERT INTO orders VALUES (2, {value})"),
            ])
            .await;
        let error = failure(&mut *database.task(&keys).await.expect("a task")).await;
        assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
        let told = error.to_string();
        assert!(told.contains("table orders") && told.contains("column at"), "{told}");
        assert!(!told.contains("yesterday"), "{told}");
    }
}

#[tokio::test]
async fn columns_without_a_zone_show_the_clocks_of_db_timezone() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "clocks").await;
        let (r#type, table) = match kind {
            Kind::Postgres => ("TIMESTAMP", "public.orders"),
            Kind::MariaDb => ("DATETIME(3)", "clocks.orders"),
            Kind::Sqlite => ("TIMESTAMP", "orders"),
        };
        database
            .run(&[&format!("CREATE TABLE orders (id INTEGER NOT NULL, at {type} NOT NULL)")])
            .await;
        for (zone, east) in ZONES {
            let insert = |id: i64| {
                let hour = 12 + east;
                format!("INSERT INTO orders VALUES ({id}, '2024-01-02 {hour:02}:00:{id:02}.125')")
            };
            let keys =
                [("mode", "timestamp"), ("timestamp.column.name", "at"), ("db.timezone", zone)];
            database.run(&["DELETE FROM orders", &insert(1), &insert(2)]).await;
            let stored = offset(&[("timestamp", (NOON + 1) * 1000 + 125)]);
            let known = BTreeMap::from([(format!("protocol:1,table:{table}"), stored)]);
            for (known, expected) in [(BTreeMap::new(), &[1, 2][..]), (known, &[2])] {
                let mut task = database.task_at(&keys, known).await.expect("a task");
                let records = take(&mut *task, expected.len()).await;
                assert_eq!(numbers(&records, "id"), expected, "{kind:?} in {zone}");
                assert_eq!(second(&records[expected.len() - 1]), NOON + 2);
                database.run(&[&insert(3)]).await;
                let records = take(&mut *task, 1).await;
                assert_eq!(numbers(&records, "id"), [3], "{kind:?} in {zone}");
                database.run(&["DELETE FROM orders WHERE id = 3"]).await;
            }
        }
    }
}

#[tokio::test]
async fn times_with_and_without_a_zone_are_compared_in_utc_or_not_at_all() {
    sluice_kit::require!(missing());
    for (kind, naive, zoned) in
        [(Kind::Postgres, "TIMESTAMP", "TIMESTAMPTZ"), (Kind::MariaDb, "DATETIME", "TIMESTAMP")]
    {
        let mut database = Database::new(kind, "mixed").await;
        database
            .run(&[
                &format!("CREATE TABLE orders (id INTEGER, a {naive} NULL, b {zoned} NOT NULL)"),
                "INSERT INTO orders VALUES (1, NULL, '2024-01-02 12:00:01'), (2, '2024-01-02 12:00:02', '2024-01-02 \
                 12:00:00')",
            ])
            .await;
        let keys =
            |zone| [("mode", "timestamp"), ("timestamp.column.name", "a,b"), ("db.timezone", zone)];
        let mut task = database.task(&keys("Europe/Berlin")).await.expect("a task");
        let error = failure(&mut *task).await;
        assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
        let told = error.to_string().to_ascii_uppercase();
        assert!(told.contains(&format!("A ({naive}), B ({zoned})")), "{told}");
        assert!(told.contains("DB.TIMEZONE=UTC"), "{told}");

        let mut task = database.task(&keys("UTC")).await.expect("a task");
        assert_eq!(numbers(&take(&mut *task, 2).await, "id"), [1, 2], "{kind:?}");
    }
}
