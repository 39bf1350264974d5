//! What does not fit is told with table and column, and costs the other records nothing.

use sluice_jdbc::{ConfluentJdbcSink, Dialect};
use sluice_plugin::{AnySinkConnector, Kind, SinkContext};

use super::{
    UPSERT, open, open_with_letters,
    records::{At as _, Row, int, record, row, text, tombstone},
};
use crate::bed::Bed;

#[tokio::test]
async fn records_that_do_not_fit_are_reported_and_the_others_written() {
    for bed in Bed::all().await {
        bed.run(
            "CREATE TABLE orders (id BIGINT PRIMARY KEY, a VARCHAR(5) NOT NULL CHECK (a <> 'bad'))",
        )
        .await;
        let mode = [("insert.mode", "upsert"), ("pk.mode", "record_key"), ("pk.fields", "id")];
        let (mut task, letters) = open_with_letters(&bed.settings(&mode)).await;
        let mut batch: Vec<_> =
            (0..50).map(|id| record(int(id), row(&[("a", text("good"))])).at(id)).collect();
        let null = Row { value: sluice_plugin::model::Value::Null, ..text("").some() };
        batch[3] = record(int(3), row(&[("a", null)])).at(3);
        batch[17] = record(int(17), row(&[("a", text("bad"))])).at(17);
        batch[18] = record(int(18), row(&[("a", text("bad"))])).at(18);
        // A key that is no number, and a value that is none.
        batch[30] = record(text("x"), row(&[("a", text("good"))])).at(30);
        batch[49] = tombstone(int(49)).at(49);
        task.put(&batch).await.expect("the others");
        let mut offsets = letters.offsets();
        offsets.sort_unstable();
        assert_eq!(offsets, [3, 17, 18, 30, 49], "{}: {}", bed.dialect, letters.texts());
        assert!(letters.texts().contains("table orders"), "{}", letters.texts());
        assert!(letters.texts().contains("orders-0 at offset 17"), "{}", letters.texts());
        assert!(
            !letters.texts().contains("'bad'") || bed.dialect == Dialect::Sqlite,
            "{}",
            letters.texts()
        );
        assert_eq!(bed.told("SELECT count(*) FROM orders").await, "45", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn a_record_that_does_not_fit_fails_a_task_that_reports_none() {
    for bed in Bed::all().await {
        bed.run("CREATE TABLE orders (id BIGINT PRIMARY KEY, a INTEGER)").await;
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&UPSERT)).await;
        let good = record(int(1), row(&[("a", int(1))]));
        let error =
            task.put(&[good, record(int(2), row(&[("a", text("x"))]))]).await.expect_err("text");
        assert_eq!(error.kind(), Kind::Fatal, "{error}");
        assert!(error.to_string().contains("table orders: the column a is"), "{error}");
        assert_eq!(bed.told("SELECT count(*) FROM orders").await, "0", "all or nothing");
    }
}

#[tokio::test]
async fn tables_and_columns_that_are_missing_are_named_with_what_to_do() {
    for bed in Bed::all().await {
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&[])).await;
        let one = || record(int(1), row(&[("a", int(1)), ("b", int(1))]));
        let error = task.put(&[one()]).await.expect_err("no table").to_string();
        assert!(
            error.contains("table orders is not there") && error.contains("auto.create=true"),
            "{error}"
        );
        bed.run("CREATE TABLE orders (a BIGINT)").await;
        let error = task.put(&[one()]).await.expect_err("no column").to_string();
        assert!(
            error.contains("table orders has no column for b")
                && error.contains("auto.evolve=true"),
            "{error}"
        );
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&[("auto.evolve", "true")])).await;
        let error = task.put(&[one()]).await.expect_err("no value for the rows").to_string();
        assert!(
            error.contains("table orders: the column b is missing, and cannot be added"),
            "{error}"
        );
        bed.run("DROP TABLE orders").await;
        let null = row(&[("a", int(1)), ("b", int(1).some())]);
        bed.run(
            "CREATE TABLE orders (\"A\" BIGINT)"
                .replace('"', if bed.dialect == Dialect::MySql { "`" } else { "\"" })
                .as_str(),
        )
        .await;
        task.put(&[record(int(1), null)])
            .await
            .expect("a column of another case, and one that is added");
        assert_eq!(bed.told("SELECT * FROM orders").await, "1 1", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_fails_the_task_without_its_password() {
    let urls = [
        ("jdbc:postgresql://127.0.0.1:1/x?user=a", "PostgreSQL at 127.0.0.1:1"),
        ("jdbc:mysql://127.0.0.1:1/x", "MySQL at 127.0.0.1:1"),
        ("jdbc:sqlite:/no/such/folder/a.db", "SQLite file /no/such/folder/a.db"),
        ("jdbc:oracle:thin:u/s3cret@x", "connection.url"),
        ("jdbc:postgresql://db/x?password=s3cret&socketFactory=x", "option socketFactory"),
    ];
    for (url, told) in urls {
        let settings = [
            ("connection.url", url),
            ("connection.password", "s3cret"),
            ("connection.attempts", "1"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let opened = AnySinkConnector::open(
            &ConfluentJdbcSink,
            &settings,
            SinkContext::new(super::worker(), None),
        )
        .await;
        let error = opened.err().expect("no database").to_string();
        assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
    }
}
