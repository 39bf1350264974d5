//! Sessions with SQLite.

use std::time::Duration;

use sluice_jdbc::{
    Cell, Class, Dialect, JdbcUrl, Login, Names, Session, SqlType, TableFilter, TableId,
};

fn login(file: &std::path::Path) -> Login {
    let url = JdbcUrl::parse(&format!("jdbc:sqlite:{}", file.display())).expect("a URL");
    Login {
        url,
        user: None,
        password: None,
        attempts: 1,
        backoff: Duration::ZERO,
        read_only: false,
    }
}

async fn session() -> (tempfile::TempDir, Session) {
    let folder = tempfile::tempdir().expect("a folder");
    let session = Session::open(&login(&folder.path().join("a.db"))).await.expect("a session");
    (folder, session)
}

#[tokio::test]
async fn rows_come_with_the_types_that_their_columns_declare() {
    let (_folder, mut session) = session().await;
    let table = TableId::unqualified("a \"b\"");
    let name = Names::quoted(Dialect::Sqlite).table(&table);
    let sql = format!(
        "CREATE TABLE {name} (id INTEGER PRIMARY KEY, amount DECIMAL(10,2) NOT NULL, at TIMESTAMP, note TEXT)"
    );
    session.execute(&sql, Vec::new()).await.expect("a table");
    let insert = format!("INSERT INTO {name} (amount, at, note) VALUES (?1, ?2, ?3)");
    for (amount, at, note) in
        [("1.5", "2024-01-31 12:00:00", "\u{1F600}"), ("-2", "bad", "'; DROP TABLE x")]
    {
        let cells = [amount, at, note].map(|it| Cell::Text(it.into())).to_vec();
        assert_eq!(session.execute(&insert, cells).await.expect("a row"), 1);
    }
    let columns = session.columns(&table).await.expect("columns");
    let seen: Vec<_> =
        columns.iter().map(|it| (&*it.name, it.nullable, it.auto_increment, it.key)).collect();
    let expected = [
        ("id", false, true, Some(1)),
        ("amount", false, false, None),
        ("at", true, false, None),
        ("note", true, false, None),
    ];
    assert_eq!(seen, expected);

    let mut rows = session
        .query(&format!("SELECT * FROM {name} ORDER BY id"), Vec::new())
        .await
        .expect("rows");
    let types: Vec<_> = rows.columns().iter().map(|it| it.r#type).collect();
    let numeric = SqlType::Numeric { digits: Some((10, 2)) };
    assert_eq!(
        types,
        [
            SqlType::BigInt { unsigned: false },
            numeric,
            SqlType::Timestamp { zoned: false },
            SqlType::Text
        ]
    );
    let error = loop {
        match rows.next().await {
            Ok(row) => assert_eq!(
                row.expect("a row before the bad one")[3],
                Cell::Text("\u{1F600}".into())
            ),
            Err(error) => break error,
        }
    };
    assert_eq!(error.class, Class::Data);
    assert!(error.to_string().contains("column at"), "{error}");
    let filter = TableFilter { types: vec!["TABLE".to_owned()], ..TableFilter::default() };
    assert_eq!(session.tables(&filter).await.expect("tables"), [table]);
}

#[tokio::test]
async fn a_result_of_any_length_is_read_as_it_comes_and_can_be_given_up() {
    let (_folder, mut session) = session().await;
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";
    let mut rows = session.query(sql, Vec::new()).await.expect("rows");
    for expected in 1..=300 {
        assert_eq!(rows.next().await.expect("a row"), Some(vec![Cell::Int(expected)]));
    }
    drop(rows);
    assert_eq!(session.rows(sql, Vec::new()).await.expect("rows").len(), 100_000);
}

#[tokio::test]
async fn refusals_say_what_can_be_done() {
    let (folder, mut session) = session().await;
    session.execute("CREATE TABLE t (a TEXT UNIQUE NOT NULL)", Vec::new()).await.expect("a table");
    session
        .execute("INSERT INTO t VALUES (?1)", vec![Cell::Text("x@y".into())])
        .await
        .expect("a row");
    for (sql, cell, class, told) in [
        ("INSERT INTO t VALUES (?1)", Cell::Text("x@y".into()), Class::Data, "t.a"),
        ("INSERT INTO t VALUES (?1)", Cell::Null, Class::Data, "t.a"),
        ("INSERT INTO missing VALUES (?1)", Cell::Null, Class::Missing, "missing"),
        ("ATTACH DATABASE ?1 AS other", Cell::Text("b.db".into()), Class::Other, "attached"),
    ] {
        let error = session.execute(sql, vec![cell]).await.expect_err(sql);
        assert_eq!(error.class, class, "{error}");
        assert!(error.to_string().contains(told) && !error.to_string().contains("x@y"), "{error}");
    }
    let read_only = Login { read_only: true, ..login(&folder.path().join("none.db")) };
    let error = Session::open(&read_only).await.err().expect("no file");
    assert_eq!(error.class, Class::Connection, "{error}");
    assert!(!folder.path().join("none.db").exists());
}
