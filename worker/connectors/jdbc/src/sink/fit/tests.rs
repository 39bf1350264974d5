//! What fits into which column.

use super::*;

fn column(r#type: SqlType, type_name: &str) -> Column {
    Column {
        name: "c".to_owned(),
        r#type,
        type_name: type_name.to_owned(),
        nullable: true,
        auto_increment: false,
    }
}

#[test]
fn kinds_fit_columns_that_hold_all_of_their_values_or_refuse_some() {
    let int = SqlType::Integer { unsigned: false };
    let limits = Step::Integer(-2_147_483_648, 2_147_483_647);
    let numeric = SqlType::Numeric { digits: Some((10, 2)) };
    let stamp = |zoned| SqlType::Timestamp { zoned };
    let ints = || Kind::Array(Box::new(Kind::Int32));
    for (dialect, kind, r#type, name, expected) in [
        (Dialect::Postgres, Kind::Int64, int, "int4", Some(limits)),
        (Dialect::Postgres, Kind::Decimal { scale: 0 }, int, "int4", Some(limits)),
        (Dialect::Postgres, Kind::Text, int, "int4", None),
        (Dialect::Postgres, Kind::Float64, int, "int4", None),
        (Dialect::Postgres, Kind::Boolean, int, "int4", None),
        (Dialect::MySql, Kind::Boolean, int, "LONG", Some(limits)),
        (Dialect::Postgres, Kind::Boolean, SqlType::Bit(1), "bool", Some(Step::Same)),
        (Dialect::Postgres, Kind::Boolean, SqlType::Bit(1), "bit", None),
        (
            Dialect::Postgres,
            Kind::Decimal { scale: 4 },
            numeric,
            "numeric",
            Some(Step::Decimal { scale: Some(2) }),
        ),
        (Dialect::Postgres, Kind::Int32, SqlType::Text, "text", None),
        (Dialect::Postgres, Kind::Text, SqlType::Other, "inet", Some(Step::Read)),
        (Dialect::Postgres, Kind::Int32, SqlType::Other, "inet", None),
        (Dialect::Postgres, ints(), SqlType::Other, "_int4", Some(Step::Read)),
        (Dialect::Postgres, ints(), int, "int4", None),
        (Dialect::Postgres, Kind::Text, SqlType::Other, "_text", None),
        (Dialect::Postgres, Kind::Timestamp, stamp(true), "timestamptz", Some(Step::Instant)),
        (Dialect::Postgres, Kind::Timestamp, SqlType::Date, "date", None),
        (Dialect::MySql, Kind::Date, stamp(false), "DATETIME", Some(Step::Local)),
        (Dialect::MySql, Kind::Text, SqlType::Other, "?", None),
    ] {
        let found = fit(&kind, &column(r#type, name), dialect);
        assert_eq!(found.as_ref().ok().copied(), expected, "{dialect} {kind} {name}: {found:?}");
        if let Err(error) = found {
            assert!(
                error.contains(&format!("the column c is {name}, and the field is {kind}")),
                "{error}"
            );
        }
    }
}

#[test]
fn sqlite_gets_what_it_keeps_as_it_is() {
    let int = SqlType::BigInt { unsigned: false };
    let numeric = SqlType::Numeric { digits: Some((10, 2)) };
    for (kind, r#type, name, expected) in [
        (Kind::Text, int, "INTEGER", None),
        (Kind::Text, SqlType::Text, "TEXT", Some(Step::Same)),
        (Kind::Text, SqlType::Text, "STRING", Some(Step::NoNumber)),
        (Kind::Text, SqlType::Date, "DATE", Some(Step::NoNumber)),
        (Kind::Text, numeric, "DECIMAL(10,2)", Some(Step::NoNumber)),
        (Kind::Text, SqlType::Double, "REAL", None),
        (Kind::Text, SqlType::Boolean, "BOOLEAN", None),
        (Kind::Float64, SqlType::Text, "VARCHAR(9)", None),
        (Kind::Float64, int, "INTEGER", Some(Step::Same)),
        (Kind::Int64, SqlType::Double, "REAL", Some(Step::Floating { single: false })),
        (Kind::AnyDecimal, SqlType::Text, "STRING", None),
        (Kind::AnyDecimal, SqlType::Text, "TEXT", Some(Step::Digits)),
        (Kind::AnyDecimal, numeric, "NUMERIC", None),
        (Kind::Timestamp, numeric, "NUMERIC", Some(Step::Millis)),
    ] {
        let found = fit(&kind, &column(r#type, name), Dialect::Sqlite);
        assert_eq!(found.as_ref().ok().copied(), expected, "{kind} {name}: {found:?}");
    }
}

/// What SQLite says that a value is in a column.
fn kept(declared: &str, value: &dyn rusqlite::ToSql) -> String {
    let connection = rusqlite::Connection::open_in_memory().expect("memory");
    connection.execute(&format!("CREATE TABLE t (c {declared})"), []).expect("a table");
    connection.execute("INSERT INTO t VALUES (?1)", [value]).expect("a row");
    connection.query_row("SELECT typeof(c) FROM t", [], |row| row.get(0)).expect("a row")
}

#[test]
fn affinities_are_those_of_sqlite() {
    for declared in [
        "",
        "INT",
        "BIGINT",
        "FLOATING POINT",
        "VARCHAR(9)",
        "CLOB",
        "TEXT",
        "BLOB",
        "REAL",
        "DOUBLE",
        "FLOAT",
        "STRING",
        "UUID",
        "JSON",
        "DECIMAL(10,2)",
        "BOOLEAN",
        "DATE",
        "DATETIME",
        "TIME",
    ] {
        let found = (kept(declared, &"007"), kept(declared, &1.5));
        let expected = match affinity(declared) {
            Affinity::Integer | Affinity::Numeric => ("integer", "real"),
            Affinity::Real => ("real", "real"),
            Affinity::Text => ("text", "text"),
            Affinity::Blob => ("text", "real"),
        };
        assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{declared}");
    }
}

#[test]
fn text_that_sqlite_takes_for_a_number_is_refused_and_no_other() {
    for text in [
        "",
        " ",
        "7",
        "007",
        " 7\n",
        "\u{b}7\u{c}",
        "+7",
        "-7",
        "--7",
        "7.",
        ".7",
        ".",
        "1e5",
        "1e",
        "1E+5",
        "e5",
        "0x10",
        "inf",
        "nan",
        "Infinity",
        "7 7",
        "7a",
        "1_000",
        "2024-01-01",
        "12:30",
        "9223372036854775808",
        "1e999",
        "\u{a0}7",
        "\u{ff17}",
    ] {
        let cell = crate::Cell::Text(text.into());
        let passes = Step::NoNumber.apply(cell, &super::super::zone::Zone::UTC).is_ok();
        assert_eq!(passes, kept("STRING", &text) == "text", "{text:?}");
    }
}
