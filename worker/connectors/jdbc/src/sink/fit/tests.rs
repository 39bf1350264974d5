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
        (Dialect::Sqlite, Kind::Text, int, "INTEGER", None),
        (Dialect::Sqlite, Kind::Text, SqlType::Text, "TEXT", Some(Step::Same)),
        (Dialect::Sqlite, Kind::AnyDecimal, numeric, "NUMERIC", None),
        (Dialect::Sqlite, Kind::Timestamp, numeric, "NUMERIC", Some(Step::Millis)),
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
