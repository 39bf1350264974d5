//! Options of the source, each by what it changes.

use std::collections::BTreeMap;

use sluice_jdbc::{AivenJdbcSource, JdbcSource};
use sluice_kit::postgres::Postgres;
use sluice_plugin::model::Value;

use crate::databases::{Database, Kind, Split as _, named, numbers, take, value};

const BULK: (&str, &str) = ("mode", "bulk");
const INCREMENTING: [(&str, &str); 2] =
    [("mode", "incrementing"), ("incrementing.column.name", "id")];
const TIMESTAMP: (&str, &str) = ("mode", "timestamp");

#[tokio::test]
async fn tables_are_chosen_by_lists_patterns_schemas_and_types() {
    sluice_kit::require!(Postgres::missing());
    let mut database = Database::new(Kind::Postgres, "choice").await;
    database
        .run(&[
            "CREATE TABLE orders (id INTEGER)",
            "CREATE TABLE customers (id INTEGER)",
            "CREATE VIEW ordered AS SELECT 1 AS id",
            "CREATE MATERIALIZED VIEW stock AS SELECT 1 AS id",
            "CREATE SCHEMA back",
            "CREATE TABLE back.staff (id INTEGER)",
            "INSERT INTO orders VALUES (1)",
            "INSERT INTO customers VALUES (1)",
            "INSERT INTO back.staff VALUES (1)",
        ])
        .await;
    for (keys, expected) in [
        (&[][..], &["customers", "orders", "staff"][..]),
        (&[("table.whitelist", "orders,staff")], &["orders", "staff"]),
        (&[("table.whitelist", "public.orders")], &["orders"]),
        (&[("table.blacklist", "orders")], &["customers", "staff"]),
        (&[("table.include.list", ".*\\.(orders|staff)")], &["orders", "staff"]),
        (&[("table.include.list", ".*"), ("table.exclude.list", "public\\..*")], &["staff"]),
        (&[("schema.pattern", "ba_k")], &["staff"]),
        (&[("catalog.pattern", "choice"), ("schema.pattern", "back")], &["staff"]),
        (&[("table.types", "VIEW")], &["ordered"]),
        (&[("table.types", "TABLE,MATERIALIZED VIEW")], &["customers", "orders", "staff", "stock"]),
        (&[("dialect.name", "PostgreSqlDatabaseDialect")], &["customers", "orders", "staff"]),
    ] {
        let keys: Vec<_> = [BULK].iter().chain(keys).copied().collect();
        let mut task = database.task(&keys).await.expect("a task");
        let records = take(&mut *task, expected.len()).await;
        let mut topics: Vec<&str> =
            records.iter().filter_map(|it| it.topic.strip_prefix("shop-")).collect();
        topics.sort_unstable();
        assert_eq!(topics, expected, "{keys:?}");
    }
}

#[tokio::test]
async fn columns_are_chosen_for_each_kind_of_table() {
    sluice_kit::require!(Postgres::missing());
    let mut database = Database::new(Kind::Postgres, "columns").await;
    database
        .run(&[
            "CREATE TABLE a (number INTEGER NOT NULL, made TIMESTAMP NOT NULL)",
            "CREATE TABLE b (key INTEGER NOT NULL, changed TIMESTAMP, at TIMESTAMP NOT NULL)",
            "INSERT INTO a VALUES (1, '2024-01-01 00:00:01')",
            "INSERT INTO b VALUES (2, NULL, '2024-01-01 00:00:02')",
        ])
        .await;
    let keys = [
        ("mode", "timestamp+incrementing"),
        ("incrementing.column.mapping", ".*\\.a:number,.*:key"),
        ("timestamp.columns.mapping", ".*\\.a:[made],.*:[changed|at]"),
        ("validate.non.null", "false"),
    ];
    let mut task = database.task(&keys).await.expect("a task");
    let mut positions: Vec<_> = take(&mut *task, 2)
        .await
        .iter()
        .map(|it| ["incrementing", "timestamp"].map(|key| it.source_offset.0.get(key).cloned()))
        .collect();
    positions.sort_by_key(|it| format!("{it:?}"));
    let expected = [1, 2]
        .map(|it| [Some(Value::Int64(it)), Some(Value::Int64(1_704_067_200_000 + it * 1000))]);
    assert_eq!(positions, expected);
}

#[tokio::test]
async fn queries_run_in_the_isolation_that_is_asked_for() {
    sluice_kit::require!(Postgres::missing());
    let database = Database::new(Kind::Postgres, "isolation").await;
    for (mode, expected) in [
        ("DEFAULT", "read committed"),
        ("read_uncommitted", "read uncommitted"),
        ("READ_COMMITTED", "read committed"),
        ("REPEATABLE_READ", "repeatable read"),
        ("SERIALIZABLE", "serializable"),
    ] {
        let query = "SELECT current_setting('transaction_isolation') AS level";
        let keys = [BULK, ("query", query), ("transaction.isolation.mode", mode)];
        let mut task = database.task(&keys).await.expect("a task");
        let level = value(&take(&mut *task, 1).await[0], "level");
        assert_eq!(level, Value::String(expected.into()), "{mode}");
    }
}

#[tokio::test]
async fn old_dates_are_counted_by_the_calendar_that_is_asked_for() {
    const DAY: i64 = 86_400_000;
    sluice_kit::require!(Postgres::missing());
    let database = Database::new(Kind::Postgres, "calendar").await;
    // 1500-01-01 of the Gregorian calendar is 171,664 days before 1970; that of the Julian one came nine days later.
    for (calendar, days) in [("legacy", -171_655), ("PROLEPTIC_GREGORIAN", -171_664)] {
        let query = "SELECT DATE '1500-01-01' AS day";
        let keys = [BULK, ("query", query), ("date.calendar.system", calendar)];
        let mut task = database.task(&keys).await.expect("a task");
        let day = value(&take(&mut *task, 1).await[0], "day");
        assert_eq!(day, Value::Date(days * DAY), "{calendar}");
    }
}

#[tokio::test]
async fn a_poll_hands_out_no_more_than_asked_for_and_waits_no_longer() {
    sluice_kit::require!(Postgres::missing());
    let mut database = Database::new(Kind::Postgres, "polls").await;
    database.run(&["CREATE TABLE orders (id INTEGER NOT NULL)"]).await;
    database.run(&["INSERT INTO orders SELECT generate_series(1, 5)"]).await;
    for (keys, most) in [
        (&[("batch.max.rows", "2")][..], 2),
        (&[("batch.max.rows", "4"), ("max.buffer.size", "3")], 3),
    ] {
        let keys: Vec<_> = INCREMENTING.iter().chain(keys).copied().collect();
        let mut task = database.task(&keys).await.expect("a task");
        let mut sizes = Vec::new();
        while sizes.iter().sum::<usize>() < 5 {
            sizes.push(take(&mut *task, 1).await.len());
        }
        assert_eq!(sizes[0], most, "{sizes:?}");
        assert!(sizes.iter().all(|it| *it <= most), "{sizes:?}");
    }

    // The server keeps the last few KB of what it has: the second row pushes the first one out, and waits for the third.
    let slow = "SELECT id, repeat('x', 100000) || CASE id WHEN 3 THEN pg_sleep(3)::text ELSE '' END AS note \
                FROM generate_series(1, 3) AS id";
    let keys = [BULK, ("query", slow), ("poll.linger.ms", "1")];
    let mut task = database.task(&keys).await.expect("a task");
    assert_eq!(numbers(&take(&mut *task, 1).await, "id"), [1]);
    assert_eq!(numbers(&take(&mut *task, 2).await, "id"), [2, 3]);
}

#[tokio::test]
async fn a_poll_hands_out_no_more_bytes_than_memory_bears() {
    let mut database = Database::new(Kind::Sqlite, "bytes").await;
    database
        .run(&[
            "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, note BLOB)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7) INSERT INTO orders SELECT i, \
             zeroblob(6000000) FROM n",
        ])
        .await;
    let mut task = database.task(&INCREMENTING).await.expect("a task");
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < 7 {
        sizes.push(take(&mut *task, 1).await.len());
    }
    assert!(sizes.iter().all(|it| *it <= 3), "{sizes:?}");
}

#[tokio::test]
async fn names_are_left_to_the_database_where_they_are_plain() {
    sluice_kit::require!(Postgres::missing());
    let mut database = Database::new(Kind::Postgres, "quoting").await;
    database
        .run(&[
            "CREATE TABLE orders (id INTEGER NOT NULL)",
            "CREATE TABLE \"odd; name\" (id INTEGER NOT NULL)",
            "INSERT INTO orders VALUES (1)",
            "INSERT INTO \"odd; name\" VALUES (2)",
        ])
        .await;
    for quoting in ["always", "never"] {
        let keys = [
            INCREMENTING[0],
            ("incrementing.column.name", "ID"),
            ("quote.sql.identifiers", quoting),
        ];
        let mut task = database.task(&keys).await.expect("a task");
        let mut found = numbers(&take(&mut *task, 2).await, "id");
        found.sort_unstable();
        assert_eq!(found, [1, 2], "{quoting}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_keeps_the_listing_only_so_long() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let url = format!("jdbc:postgresql://127.0.0.1:{port}/shop?connectTimeout=60");
    let settings = crate::databases::properties(&[
        ("connection.url", &url),
        ("connection.backoff.ms", "1"),
        ("topic.prefix", "shop-"),
        BULK,
        ("table.monitoring.startup.polling.limit.ms", "50"),
    ]);
    let error = JdbcSource.split_(&settings, 1).await.expect_err("nobody answers");
    assert!(error.to_string().ends_with("took too long"), "{error}");
    assert_eq!(error.kind(), sluice_plugin::Kind::Retriable, "{error}");
}

#[tokio::test]
async fn aivens_keys_do_what_they_say() {
    sluice_kit::require!(Postgres::missing());
    let mut database = Database::new(Kind::Postgres, "aiven").await;
    database
        .run(&[
            "CREATE TABLE orders (id INTEGER NOT NULL, at TIMESTAMP NOT NULL, amount NUMERIC(9,0) NOT NULL)",
            "INSERT INTO orders VALUES (1, '2024-01-01 00:00:01', 10), (2, '2024-01-01 00:00:02', 20)",
        ])
        .await;
    let [mode, column] = INCREMENTING;
    let at = ("timestamp.column.name", "at");
    for (keys, expected, partition) in [
        (&[mode, column][..], &[1, 2][..], "protocol:1,table:public.orders"),
        (&[mode, column, ("incrementing.initial", "1")], &[2], "protocol:1,table:public.orders"),
        (
            &[TIMESTAMP, at, ("timestamp.initial.ms", "1704067201000")],
            &[2],
            "protocol:1,table:public.orders",
        ),
        (&[mode, column, ("table.names.qualify", "false")], &[1, 2], "protocol:1,table:orders"),
        (
            &[mode, column, ("sql.quote.identifiers", "false")],
            &[1, 2],
            "protocol:1,table:public.orders",
        ),
    ] {
        let task = database.task_of(&AivenJdbcSource, keys, BTreeMap::new()).await;
        let mut task = task.expect("a task");
        let records = take(&mut *task, expected.len()).await;
        assert_eq!(numbers(&records, "id"), expected, "{keys:?}");
        assert_eq!(named(&records[0].source_partition), partition, "{keys:?}");
    }
    for (keys, expected) in [
        (&[][..], "Decimal"),
        (&[("numeric.precision.mapping", "true")], "Int32"),
        (&[("numeric.mapping", "precision_only")], "Int32"),
        (&[("numeric.mapping", "best_fit")], "Int32"),
    ] {
        let keys: Vec<_> = INCREMENTING.iter().chain(keys).copied().collect();
        let task = database.task_of(&AivenJdbcSource, &keys, BTreeMap::new()).await;
        let amount = value(&take(&mut *task.expect("a task"), 1).await[0], "amount");
        assert!(format!("{amount:?}").starts_with(expected), "{keys:?}: {amount:?}");
    }
}
