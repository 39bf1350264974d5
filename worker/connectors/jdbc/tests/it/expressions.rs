//! Columns of SQLite that nothing declares: what a query computes, and what a table gives no type.

use sluice_plugin::Kind as ErrorKind;

use crate::{
    databases::{Database, Kind, failure, numbers, take},
    mapping::told,
};

#[tokio::test]
async fn what_a_query_computes_is_in_its_records_and_keeps_its_type() {
    let mut database = Database::new(Kind::Sqlite, "computed").await;
    database
        .run(&[
            "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, customer TEXT, amount REAL)",
            "INSERT INTO orders VALUES (1, 'a', 1.5), (2, 'a', 2.5), (3, 'b', 4.0)",
        ])
        .await;
    let query = "SELECT * FROM (SELECT max(id) AS last, count(*) AS n, sum(amount) AS total, upper(customer) AS name, CASE \
                 customer WHEN 'b' THEN 7 END AS rank, NULL AS never, x'00ff' AS raw FROM orders GROUP BY customer)";
    let keys = [("mode", "incrementing"), ("incrementing.column.name", "last"), ("query", query)];
    let mut task = database.task(&keys).await.expect("a task");
    let records = take(&mut *task, 2).await;
    assert_eq!(
        told(&records[0]),
        [
            "last Int64? Int64(2)",
            "n Int64? Int64(2)",
            "total Float64? Float64(4.0)",
            "name String? A",
            "rank Int64? Null",
            "never String? Null",
            "raw Bytes? Bytes(b\"\\0\\xff\")",
        ]
    );
    // In this look the rank is NULL alone.
    database.run(&["INSERT INTO orders VALUES (4, 'a', 1)"]).await;
    let more = take(&mut *task, 1).await;
    assert_eq!(numbers(&more, "n"), [3]);
    assert_eq!(more[0].value.schema, records[1].value.schema);
}

#[tokio::test]
async fn a_query_without_rows_waits_for_them() {
    let mut database = Database::new(Kind::Sqlite, "empty").await;
    database.run(&["CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY)"]).await;
    let query = "SELECT * FROM (SELECT id * 10 AS number FROM orders)";
    let keys = [
        ("mode", "incrementing"),
        ("incrementing.column.name", "number"),
        ("query", query),
        // Longer than a poll waits for the next look.
        ("poll.interval.ms", "700"),
    ];
    let mut task = database.task(&keys).await.expect("a task");
    assert!(task.poll().await.expect("no records").is_empty());
    database.run(&["INSERT INTO orders VALUES (1)"]).await;
    assert_eq!(numbers(&take(&mut *task, 1).await, "number"), [10]);
}

#[tokio::test]
async fn values_of_two_classes_are_refused_until_a_cast_makes_them_one() {
    let mut database = Database::new(Kind::Sqlite, "classes").await;
    for (values, cast, expected) in [
        ("(1, NULL), (2, 1), (3, 1.5)", "REAL", "Float64? Float64(1.5)"),
        ("(1, 'a'), (2, NULL), (3, 5)", "TEXT", "String? 5"),
        ("(1, 5), (2, 6), (3, x'37')", "INTEGER", "Int64? Int64(7)"),
    ] {
        database
            .run(&[
                "DROP TABLE IF EXISTS t",
                "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v)",
                &format!("INSERT INTO t VALUES {values}"),
            ])
            .await;
        let bulk = ("mode", "bulk");
        let error = failure(&mut *database.task(&[bulk]).await.expect("a task")).await;
        assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
        let text = error.to_string();
        assert!(text.contains("column v") && text.contains("CAST"), "{text}");

        let query = format!("SELECT id, CAST(v AS {cast}) AS v FROM t");
        let mut task = database.task(&[bulk, ("query", &query)]).await.expect("a task");
        let records = take(&mut *task, 3).await;
        assert_eq!(told(&records[2]), ["id Int64 Int64(3)", &format!("v {expected}")], "{values}");
    }
    // An integer among doubles is the same number.
    database.run(&["DELETE FROM t", "INSERT INTO t VALUES (1, 1.5), (2, 2)"]).await;
    let mut task = database.task(&[("mode", "bulk")]).await.expect("a task");
    assert_eq!(told(&take(&mut *task, 2).await[1])[1], "v Float64? Float64(2.0)");
}
