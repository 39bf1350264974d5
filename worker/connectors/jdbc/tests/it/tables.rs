//! Which tables there are, and which files may be looked into.

use std::collections::BTreeMap;

use sluice_jdbc::{AivenJdbcSource, JdbcSource};
use sluice_kit::postgres::Postgres;
use sluice_plugin::{AnySourceConnector, Kind as ErrorKind, Watched};
use tokio::time::timeout;

use crate::databases::{
    Database, KINDS, Kind, PATIENCE, Split as _, missing, numbers, properties, take,
};

const INCREMENTING: [(&str, &str); 2] =
    [("mode", "incrementing"), ("incrementing.column.name", "id")];

#[tokio::test]
async fn a_table_that_comes_later_is_read_once_the_work_is_split_anew() {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "later").await;
        let create = |table: &str| format!("CREATE TABLE {table} (id INTEGER NOT NULL)");
        database.run(&[&create("a"), "INSERT INTO a VALUES (1)"]).await;
        let settings = database.with(&INCREMENTING);
        assert_eq!(JdbcSource.split_(&settings, 2).await.expect("tasks").len(), 1);

        database.run(&[&create("b"), "INSERT INTO b VALUES (2)"]).await;
        let watching = timeout(PATIENCE, AnySourceConnector::watch(&JdbcSource, &settings));
        let watched = watching.await.expect("an answer in time").expect("no error");
        assert_eq!(watched, Watched::Changed);
        assert_eq!(JdbcSource.split_(&settings, 2).await.expect("tasks").len(), 2);
        let mut task = database.task(&INCREMENTING).await.expect("a task");
        let records = take(&mut *task, 2).await;
        let mut topics: Vec<&str> = records.iter().map(|it| &*it.topic).collect();
        topics.sort_unstable();
        assert_eq!(topics, ["shop-a", "shop-b"], "{kind:?}");
    }
}

#[tokio::test]
async fn a_name_without_a_schema_is_read_once_where_the_search_path_finds_it() {
    sluice_kit::require!(Postgres::missing());
    let mut database = Database::new(Kind::Postgres, "unqualified").await;
    for schema in ["one", "two"] {
        database.run(&[&format!("CREATE SCHEMA {schema}")]).await;
        for table in ["a", "b"] {
            database.run(&[&format!("CREATE TABLE {schema}.{table} (id INTEGER NOT NULL)")]).await;
        }
    }
    database.run(&["INSERT INTO one.a VALUES (1)", "INSERT INTO two.a VALUES (2)"]).await;
    database.run(&["INSERT INTO one.b VALUES (3)", "INSERT INTO two.b VALUES (4)"]).await;
    let url = format!("{}?currentSchema=two", database.settings["connection.url"]);
    let keys = [
        INCREMENTING[0],
        INCREMENTING[1],
        ("table.names.qualify", "false"),
        ("connection.url", &url),
    ];
    let tasks = AivenJdbcSource.split_(&database.with(&keys), 9).await.expect("tasks");
    let tables: Vec<&str> = tasks.iter().map(|it| &*it["tables"]).collect();
    assert_eq!(tables, ["\"a\"", "\"b\""]);
    let task = database.task_of(&AivenJdbcSource, &keys, BTreeMap::new()).await;
    let mut found = numbers(&take(&mut *task.expect("a task"), 2).await, "id");
    found.sort_unstable();
    assert_eq!(found, [2, 4]);
}

#[tokio::test]
async fn a_file_elsewhere_is_refused_before_it_is_looked_into() {
    let database = Database::new(Kind::Sqlite, "elsewhere").await;
    let settings = database.with(&INCREMENTING);
    let connectors: [&dyn AnySourceConnector; 2] = [&JdbcSource, &AivenJdbcSource];
    for connector in connectors {
        connector.permitted(&settings, &database.worker).expect("it is allowed");
        for worker in [properties(&[]), properties(&[("sluice.file.paths", "/nowhere")])] {
            let error = connector.permitted(&settings, &worker).expect_err("it is not allowed");
            assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
            let told = error.to_string();
            assert!(
                told.contains("connection.url") && told.contains("sluice.file.paths"),
                "{told}"
            );
        }
    }
}
