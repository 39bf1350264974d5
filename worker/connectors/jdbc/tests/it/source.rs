//! What the source reads, and where it goes on.

use std::collections::BTreeMap;

use sluice_jdbc::JdbcSource;
use sluice_plugin::model::Value;

use crate::databases::{
    Database, KINDS, Kind, Split as _, missing, named, numbers, offset, take, value,
};

const INCREMENTING: [(&str, &str); 2] =
    [("mode", "incrementing"), ("incrementing.column.name", "id")];

#[tokio::test]
async fn a_task_goes_on_where_a_java_connector_has_stopped() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "takeover").await;
        database.run(&["CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY)"]).await;
        database.run(&["INSERT INTO orders VALUES (1), (2), (3), (4)"]).await;
        let full = match kind {
            Kind::Postgres => "public.orders",
            Kind::MariaDb => "takeover.orders",
            Kind::Sqlite => "orders",
        };
        let newer = format!("protocol:1,table:{full}");
        for (stored, expected) in [
            (&[][..], &[1, 2, 3, 4][..]),
            (&[(newer.as_str(), 3)], &[4]),
            (&[("table:orders", 2)], &[3, 4]),
            (&[("table:orders", 1), (newer.as_str(), 2)], &[3, 4]),
        ] {
            let stored =
                stored.iter().map(|it| (it.0.to_owned(), offset(&[("incrementing", it.1)])));
            let mut task = database.task_at(&INCREMENTING, stored.collect()).await.expect("a task");
            let records = take(&mut *task, expected.len()).await;
            assert_eq!(numbers(&records, "id"), expected, "{kind:?}");
            let last = records.last().expect("a record");
            assert_eq!(named(&last.source_partition), newer);
            assert_eq!(last.source_offset, offset(&[("incrementing", 4)]));
            assert_eq!(&*last.topic, "shop-orders");
            assert!(last.key.schema.is_none() && last.key.value.is_null());
            let schema = last.value.schema.as_ref().expect("a schema");
            assert_eq!(schema.name.as_deref(), Some("orders"));
        }
    }
}

#[tokio::test]
async fn rows_of_one_time_are_done_only_together() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "ties").await;
        database.run(&["CREATE TABLE orders (id INTEGER, at TIMESTAMP NOT NULL)"]).await;
        database
            .run(&["INSERT INTO orders VALUES (1, '2024-01-01 00:00:01'), (2, '2024-01-01 00:00:02'), (3, '2024-01-01 \
                    00:00:02'), (4, '2024-01-01 00:00:02'), (5, '2024-01-01 00:00:03')"])
            .await;
        let keys =
            [("mode", "timestamp"), ("timestamp.column.name", "AT"), ("batch.max.rows", "2")];
        let mut task = database.task(&keys).await.expect("a task");
        let records = take(&mut *task, 5).await;
        let seconds: Vec<_> = records
            .iter()
            .map(|it| match it.source_offset.0.get("timestamp") {
                Some(Value::Int64(millis)) => millis - 1_704_067_200_000,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(seconds, [1000, 1000, 1000, 2000, 3000], "{kind:?}");
    }
}

#[tokio::test]
async fn rows_that_are_committed_late_are_found_by_looking_back() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "late").await;
        database
            .run(&["CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, at TIMESTAMP NOT NULL)"])
            .await;
        let row = |id: i64| format!("INSERT INTO orders VALUES ({id}, '2024-01-01 00:00:{id:02}')");
        for more in [
            &[
                ("mode", "incrementing"),
                ("incrementing.column.name", "id"),
                ("sluice.lookback.rows", "10"),
            ][..],
            &[
                ("mode", "timestamp"),
                ("timestamp.column.name", "at"),
                ("sluice.lookback.ms", "10000"),
            ],
            &[
                ("mode", "timestamp+incrementing"),
                ("incrementing.column.name", "id"),
                ("timestamp.column.name", "at"),
                ("sluice.lookback.ms", "10000"),
            ],
        ] {
            database.run(&["DELETE FROM orders", &row(20), &row(22)]).await;
            let mut task = database.task(more).await.expect("a task");
            assert_eq!(numbers(&take(&mut *task, 2).await, "id"), [20, 22]);
            database.run(&[&row(21), &row(23)]).await;
            let mut seen = numbers(&take(&mut *task, 1).await, "id");
            while seen.len() < 2 {
                seen.extend(numbers(&take(&mut *task, 1).await, "id"));
            }
            seen.sort_unstable();
            assert_eq!(seen, [21, 23], "{kind:?} {more:?}");
            database.run(&[&row(24)]).await;
            assert_eq!(numbers(&take(&mut *task, 1).await, "id"), [24], "{kind:?} {more:?}");
        }
    }
}

#[tokio::test]
async fn a_query_is_read_like_a_table() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "query").await;
        database
            .run(&["CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(9))"])
            .await;
        database.run(&["INSERT INTO orders VALUES (1, 'a'), (2, NULL), (3, 'c')"]).await;
        let query = "SELECT * FROM (SELECT id, note FROM orders WHERE id <> 2) o";
        let more =
            [INCREMENTING[0], INCREMENTING[1], ("query", query), ("query.suffix", "LIMIT 1")];
        let stored = BTreeMap::from([("query:query".to_owned(), offset(&[("incrementing", 0)]))]);
        let mut task = database.task_at(&more, stored).await.expect("a task");
        let records = take(&mut *task, 2).await;
        assert_eq!(numbers(&records, "id"), [1, 3], "{kind:?}");
        assert_eq!(
            (&*records[0].topic, named(&records[0].source_partition)),
            ("shop-", "query:query".to_owned())
        );

        let mut task =
            database.task(&[("mode", "bulk"), ("query.masked", query)]).await.expect("a task");
        assert_eq!(numbers(&take(&mut *task, 4).await, "id")[..4], [1, 3, 1, 3]);
    }
}

#[tokio::test]
async fn rows_younger_than_the_delay_or_older_than_the_beginning_are_left() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "bounds").await;
        let now = match kind {
            Kind::MariaDb => "UTC_TIMESTAMP()",
            Kind::Postgres | Kind::Sqlite => "CURRENT_TIMESTAMP",
        };
        database.run(&["CREATE TABLE orders (id INTEGER NOT NULL, at TIMESTAMP NOT NULL)"]).await;
        let insert = format!(
            "INSERT INTO orders VALUES (1, '2020-01-01 00:00:00'), (2, '2024-01-01 00:00:00'), (3, {now})"
        );
        database.run(&[&insert]).await;
        let keys = [
            ("mode", "timestamp"),
            ("timestamp.column.name", "at"),
            ("timestamp.initial", "1600000000000"),
            ("timestamp.delay.interval.ms", "3600000"),
        ];
        let mut task = database.task(&keys).await.expect("a task");
        assert_eq!(numbers(&take(&mut *task, 1).await, "id"), [2], "{kind:?}");
    }
}

#[tokio::test]
async fn tables_are_told_apart_by_schema_case_and_quotes() {
    sluice_kit::require!(missing());
    let mut database = Database::new(Kind::Postgres, "names").await;
    let id = "(\"Id\" INTEGER NOT NULL PRIMARY KEY)";
    database
        .run(&[
            "CREATE SCHEMA \"Shop\"",
            &format!("CREATE TABLE \"Shop\".\"Or\"\"ders, all\" {id}"),
        ])
        .await;
    database
        .run(&[&format!("CREATE TABLE other {id}"), &format!("CREATE TABLE \"Shop\".other {id}")])
        .await;
    database.run(&["INSERT INTO \"Shop\".\"Or\"\"ders, all\" VALUES (7)"]).await;
    let keys = [("mode", "incrementing"), ("incrementing.column.name", "id")];
    let both =
        JdbcSource.split_(&database.with(&keys), 2).await.expect_err("two tables of one name");
    assert!(both.to_string().contains("Shop.other, public.other"), "{both}");

    let more =
        [keys[0], keys[1], ("schema.pattern", "Shop"), ("table.exclude.list", "Shop\\.other")];
    let mut task = database.task(&more).await.expect("a task");
    let records = take(&mut *task, 1).await;
    assert_eq!(value(&records[0], "Id"), Value::Int32(7));
    assert_eq!(named(&records[0].source_partition), "protocol:1,table:Shop.Or\"ders, all");
}
