//! What the source says of settings, servers and tables that are not as they should be.

use sluice_jdbc::JdbcSource;
use sluice_plugin::{AnySourceConnector as _, Kind as ErrorKind};

use crate::databases::{Database, Kind, Split as _, failure, mariadb, missing, numbers, take};

#[test]
fn settings_are_refused_before_anything_is_touched() {
    let right = [
        ("connection.url", "jdbc:postgresql://db/x"),
        ("topic.prefix", "t-"),
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
    ];
    assert!(JdbcSource.validate(&crate::databases::properties(&right)).is_ok());
    for (key, value, expected) in [
        ("connection.url", "jdbc:oracle:thin:u/tiger@db", "must begin with jdbc:postgresql:"),
        (
            "connection.url",
            "jdbc:postgresql://db/x?password=tiger&socketFactory=x",
            "option socketFactory",
        ),
        ("mode", "sometimes", "mode"),
        ("mode", "timestamp", "timestamp.column.name must name a column"),
        ("mode", "", "set one of bulk"),
        ("db.timezone", "Mars/Olympus", "no time zone has the name"),
        ("dialect.name", "MySqlDatabaseDialect", "it must be that of the URL"),
        ("table.include.list", "(", "no regex"),
        ("incrementing.column.mapping", "x", "regex:column"),
        ("batch.max.rows", "0", "batch.max.rows"),
        ("timestamp.granularity", "weeks", "timestamp.granularity"),
    ] {
        let mut settings = crate::databases::properties(&right);
        settings.insert(key.to_owned(), value.to_owned());
        let told = JdbcSource.validate(&settings).to_string();
        assert!(told.contains(expected), "{key}={value}: {told}");
        assert!(!told.contains("tiger"), "{told}");
    }
    let mut settings = crate::databases::properties(&right);
    settings
        .extend(crate::databases::properties(&[("query", "SELECT 1"), ("table.whitelist", "a")]));
    let told = JdbcSource.validate(&settings).to_string();
    assert!(told.contains("query, table.whitelist are exclusive"), "{told}");
}

#[tokio::test]
async fn servers_that_refuse_are_told_with_what_they_say() {
    sluice_kit::require!(missing());
    for kind in [Kind::Postgres, Kind::MariaDb] {
        let database = Database::new(kind, "refusals").await;
        let url = database.settings["connection.url"].clone();
        let free = sluice_kit::ports::free().expect("a port").to_string();
        let port = url.split(':').nth(3).and_then(|it| it.split('/').next()).expect("a port");
        let (closed, unknown) = (url.replace(port, &free), url.replace("refusals", "nowhere"));
        for (key, value, kind_of_error, expected) in [
            ("connection.password", "wrong", ErrorKind::Fatal, "28"),
            ("connection.url", &*unknown, ErrorKind::Fatal, "nowhere"),
            ("connection.url", &*closed, ErrorKind::Retriable, "127.0.0.1"),
        ] {
            let settings = database.with(&[("mode", "bulk"), (key, value)]);
            let error = JdbcSource.split_(&settings, 1).await.expect_err(value);
            let told = error.to_string();
            assert_eq!(error.kind(), kind_of_error, "{kind:?}: {told}");
            assert!(told.contains(expected) && !told.contains("secret"), "{kind:?}: {told}");
        }
    }
}

#[tokio::test]
async fn tables_that_do_not_fit_the_mode_fail_the_task() {
    sluice_kit::require!(missing());
    let mut database = Database::new(Kind::Postgres, "misfits").await;
    database.run(&["CREATE TABLE t (id INTEGER, name TEXT NOT NULL, at TIMESTAMP)"]).await;
    for (keys, expected) in [
        (
            &[("mode", "incrementing"), ("incrementing.column.name", "ID")][..],
            "incrementing column id may be null",
        ),
        (&[("mode", "incrementing"), ("incrementing.column.name", "name")], "name is a text"),
        (
            &[("mode", "incrementing"), ("incrementing.column.name", "nr")],
            "there is no incrementing column nr",
        ),
        (&[("mode", "incrementing")], "set incrementing.column.name"),
        (
            &[("mode", "timestamp"), ("timestamp.column.name", "at")],
            "timestamp columns at may all be null",
        ),
        (
            &[("mode", "timestamp"), ("timestamp.column.name", "id")],
            "id is a int4, not a timestamp",
        ),
        (&[("mode", "bulk"), ("query", "SELECT x FROM t")], "column \"x\" does not exist"),
        (&[("mode", "bulk"), ("query", "SELECT id, id FROM t")], "two columns id"),
    ] {
        let mut task = database.task(keys).await.expect("a task");
        let error = failure(&mut *task).await;
        assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let lenient = [
        ("mode", "incrementing"),
        ("incrementing.column.name", "id"),
        ("validate.non.null", "false"),
    ];
    database.run(&["INSERT INTO t VALUES (1, 'a'), (NULL, 'b')"]).await;
    let mut task = database.task(&lenient).await.expect("a task");
    assert_eq!(numbers(&take(&mut *task, 1).await, "id"), [1]);
}

#[tokio::test]
async fn a_table_that_is_dropped_altered_and_locked_away_is_read_on() {
    sluice_kit::require!(missing());
    let mut database = Database::new(Kind::MariaDb, "altered").await;
    mariadb().await.run("", "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'r'").expect("a user");
    let create = "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY)";
    database
        .run(&[
            create,
            "GRANT SELECT ON altered.t TO reader@'127.0.0.1'",
            "INSERT INTO t VALUES (1)",
        ])
        .await;
    let reader =
        [("mode", "incrementing"), ("connection.user", "reader"), ("connection.password", "r")];
    let mut task = database.task(&reader).await.expect("a task");
    assert_eq!(numbers(&take(&mut *task, 1).await, "id"), [1]);

    database.run(&["ALTER TABLE t ADD COLUMN note TEXT", "INSERT INTO t VALUES (2, 'new')"]).await;
    let records = take(&mut *task, 1).await;
    assert_eq!(numbers(&records, "id"), [2]);
    assert_eq!(crate::databases::value(&records[0], "note"), "new".into());

    database.run(&["DROP TABLE t"]).await;
    let error = failure(&mut *task).await;
    assert_eq!(error.kind(), ErrorKind::Retriable, "{error}");
    assert!(error.to_string().contains("table altered.t"), "{error}");
    database.run(&[create, "INSERT INTO t VALUES (3)"]).await;
    // The errors of looks in between are told, and nothing else comes of them.
    let seen = loop {
        if let Ok(records) = task.poll().await
            && !records.is_empty()
        {
            break numbers(&records, "id");
        }
    };
    assert_eq!(seen, [3]);
    let attempts = [reader[0], reader[1], reader[2], ("query.retry.attempts", "1")];
    let mut task = database.task(&attempts).await.expect("a task");
    take(&mut *task, 1).await;
    database.run(&["REVOKE SELECT ON altered.t FROM reader@'127.0.0.1'"]).await;
    assert_eq!(failure(&mut *task).await.kind(), ErrorKind::Retriable);
    let error = failure(&mut *task).await;
    assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
    assert!(error.to_string().contains("denied"), "{error}");
}
