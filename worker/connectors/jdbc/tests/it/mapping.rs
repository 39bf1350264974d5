//! What columns of each database become.

use sluice_plugin::{
    Kind as ErrorKind,
    model::{Logical, SourceRecord, Type, Value},
};

use crate::databases::{Database, Kind, failure, missing, take};

/// Each field as name, type and value.
pub(crate) fn told(record: &SourceRecord) -> Vec<String> {
    let schema = record.value.schema.as_ref().expect("a schema");
    let Value::Struct(row) = &record.value.value else { panic!("a struct") };
    let field = |(field, value): (&sluice_plugin::model::Field, &Value)| {
        let kind = Logical::of(&field.schema)
            .map_or_else(|| format!("{:?}", field.schema.r#type), |it| format!("{it:?}"));
        let optional = if field.schema.optional { "?" } else { "" };
        let value = match value {
            Value::Decimal(it) => it.to_string(),
            Value::String(it) => it.to_string(),
            other => format!("{other:?}"),
        };
        format!("{} {kind}{optional} {value}", field.name)
    };
    schema.fields().iter().zip(row.values()).map(field).collect()
}

#[tokio::test]
async fn columns_of_postgresql_are_read() {
    sluice_kit::require!(missing());
    let mut database = Database::new(Kind::Postgres, "types").await;
    database
        .run(&["CREATE TYPE mood AS ENUM ('ok')", "CREATE DOMAIN amount AS NUMERIC(6,2)"])
        .await;
    database
        .run(&["CREATE TABLE t (a SMALLINT NOT NULL, b INTEGER, c BIGINT, d REAL, e DOUBLE PRECISION, f NUMERIC(10,2), g \
                BOOLEAN, h BIT(1), i BIT(4), j CHAR(3), k VARCHAR(9), l TEXT, m BYTEA, n DATE, o TIME, p TIMESTAMP, q \
                TIMESTAMPTZ, r UUID, s JSON, t JSONB, u mood, v amount, w INTEGER[], x XML)"])
        .await;
    database
        .run(&["INSERT INTO t VALUES (-1, 2, 3, 1.5, 2.25, -12345678.90, true, B'1', B'1010', 'ab', 'c', E'\\U0001F600', \
                '\\x00ff', '1969-12-31', '12:00:01.5', '2024-01-31 12:00:00.123456', '2024-01-31 12:00:00+02', \
                'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{}', '{\"a\": 1}', 'ok', 1.50, '{1}', '<a/>')"])
        .await;
    let mut task =
        database.task(&[("mode", "bulk"), ("db.timezone", "Europe/Berlin")]).await.expect("a task");
    let record = take(&mut *task, 1).await.remove(0);
    assert_eq!(
        told(&record),
        [
            "a Int16 Int16(-1)",
            "b Int32? Int32(2)",
            "c Int64? Int64(3)",
            "d Float32? Float32(1.5)",
            "e Float64? Float64(2.25)",
            "f Decimal? -12345678.90",
            "g Boolean? Boolean(true)",
            "h Boolean? Boolean(true)",
            "i Int8? Int8(10)",
            "j String? ab ",
            "k String? c",
            "l String? \u{1F600}",
            "m Bytes? Bytes(b\"\\0\\xff\")",
            "n Date? Date(-86400000)",
            "o Time? Date(43201500)",
            "p Timestamp? Date(1706698800123)",
            "q Timestamp? Date(1706695200000)",
            "r String? a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "s String? {}",
            "t String? {\"a\": 1}",
            "u String? ok",
            "v Decimal? 1.50",
            "x String? <a/>",
        ]
    );
    let more = [
        ("mode", "bulk"),
        ("numeric.mapping", "best_fit"),
        ("timestamp.granularity", "micros_long"),
    ];
    let record = take(&mut *database.task(&more).await.expect("a task"), 1).await.remove(0);
    let told = told(&record);
    assert!(told.contains(&"f Float64? Float64(-12345678.9)".to_owned()), "{told:?}");
    assert!(told.contains(&"p Int64? Int64(1706702400123456)".to_owned()), "{told:?}");
}

#[tokio::test]
async fn columns_of_mariadb_are_read() {
    sluice_kit::require!(missing());
    let mut database = Database::new(Kind::MariaDb, "types").await;
    database
        .run(&["CREATE TABLE t (a TINYINT UNSIGNED NOT NULL, b SMALLINT, c MEDIUMINT, d INT UNSIGNED, e BIGINT, f \
                DECIMAL(30,10), g BIT(4), h FLOAT, i DOUBLE, j CHAR(3), k VARCHAR(9), l TEXT, m BLOB, n DATE, o TIME(3), p \
                DATETIME(6), q TIMESTAMP(6) NULL, r YEAR, s ENUM('x'), t JSON, u TINYINT(1), v VARBINARY(4))"])
        .await;
    database
        .run(&["INSERT INTO t VALUES (255, -2, 3, 4294967295, 5, -12345678901234567890.0000000001, B'1010', 1.5, 2.25, \
                'ab', 'c', '\u{1F600}', x'00ff', '1500-01-01', '12:00:01.5', '2024-01-31 12:00:00.123456', '2024-01-31 \
                12:00:00', 2024, 'x', '{}', 1, x'01')"])
        .await;
    let mut task =
        database.task(&[("mode", "bulk"), ("db.timezone", "Europe/Berlin")]).await.expect("a task");
    let record = take(&mut *task, 1).await.remove(0);
    assert_eq!(
        told(&record),
        [
            "a Int16 Int16(255)",
            "b Int16? Int16(-2)",
            "c Int32? Int32(3)",
            "d Int64? Int64(4294967295)",
            "e Int64? Int64(5)",
            "f Decimal? -12345678901234567890.0000000001",
            "g Int8? Int8(10)",
            "h Float32? Float32(1.5)",
            "i Float64? Float64(2.25)",
            "j String? ab",
            "k String? c",
            "l String? \u{1F600}",
            "m Bytes? Bytes(b\"\\0\\xff\")",
            "n Date? Date(-14830992000000)",
            "o Time? Date(43201500)",
            "p Timestamp? Date(1706698800123)",
            "q Timestamp? Date(1706702400000)",
            "r Date? Date(1704067200000)",
            "s String? x",
            "t String? {}",
            "u Int8? Int8(1)",
            "v Bytes? Bytes(b\"\\x01\")",
        ]
    );
}

#[tokio::test]
async fn what_no_record_can_hold_fails_the_task_and_names_the_column() {
    sluice_kit::require!(missing());
    let mut postgres = Database::new(Kind::Postgres, "unfit").await;
    let mut mariadb = Database::new(Kind::MariaDb, "unfit").await;
    mariadb.run(&["SET sql_mode = ''"]).await;
    for (kind, column, value, expected) in [
        (Kind::Postgres, "NUMERIC(5,2)", "'NaN'", "best_fit_eager_double"),
        (Kind::Postgres, "NUMERIC", "1.5", "CAST"),
        (Kind::Postgres, "TIMESTAMP", "'infinity'", "infinity"),
        (Kind::MariaDb, "DATE", "'0000-00-00'", "zeroDateTimeBehavior"),
        (Kind::MariaDb, "TIME", "'-01:00:00'", "duration"),
        (Kind::MariaDb, "BIGINT UNSIGNED", "18446744073709551615", "does not fit"),
    ] {
        let database = if kind == Kind::Postgres { &mut postgres } else { &mut mariadb };
        database.run(&["DROP TABLE IF EXISTS t", &format!("CREATE TABLE t (odd {column})")]).await;
        database.run(&[&format!("INSERT INTO t VALUES ({value})")]).await;
        let mut task = database.task(&[("mode", "bulk")]).await.expect("a task");
        let error = failure(&mut *task).await;
        let told = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Fatal, "{told}");
        assert!(
            told.contains("column odd") && told.contains(expected) && told.contains(".t"),
            "{told}"
        );
    }
    let url = format!("{}?zeroDateTimeBehavior=convertToNull", mariadb.settings["connection.url"]);
    mariadb
        .run(&["DROP TABLE t", "CREATE TABLE t (odd DATE)", "INSERT INTO t VALUES ('0000-00-00')"])
        .await;
    let mut task =
        mariadb.task(&[("mode", "bulk"), ("connection.url", &url)]).await.expect("a task");
    assert_eq!(told(&take(&mut *task, 1).await[0]), ["odd Date? Null"]);
    assert_eq!(Type::Int32, Logical::Date.schema(0).r#type);
}

#[tokio::test]
async fn dates_of_zeros_are_rounded_to_the_first_day_there_is() {
    sluice_kit::require!(missing());
    let mut mariadb = Database::new(Kind::MariaDb, "zeros").await;
    mariadb
        .run(&[
            "SET sql_mode = ''",
            "CREATE TABLE t (a DATE, b DATETIME, c TIMESTAMP NULL)",
            "INSERT INTO t VALUES ('0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00')",
        ])
        .await;
    let url = format!("{}?zeroDateTimeBehavior=round", mariadb.settings["connection.url"]);
    let keys = [("mode", "bulk"), ("connection.url", &*url)];
    let mut task = mariadb.task(&keys).await.expect("a task");
    // 0001-01-01 of the Julian calendar, as java.util.Date has it.
    let expected = ["a Date?", "b Timestamp?", "c Timestamp?"];
    let expected = expected.map(|it| format!("{it} Date(-62135769600000)"));
    assert_eq!(told(&take(&mut *task, 1).await[0]), expected);
}

#[tokio::test]
async fn bits_are_read_where_the_database_says_how_many() {
    sluice_kit::require!(missing());
    let database = Database::new(Kind::Postgres, "bits").await;
    let query = "SELECT 1 AS id, B'1010' AS bits, CAST(B'1010' AS BIT(4)) AS four, CAST(B'1' AS BIT(1)) AS one";
    let keys = [("mode", "bulk"), ("query", query)];
    let mut task = database.task(&keys).await.expect("a task");
    let expected = ["id Int32? Int32(1)", "four Int8? Int8(10)", "one Boolean? Boolean(true)"];
    assert_eq!(told(&take(&mut *task, 1).await[0]), expected);
}
