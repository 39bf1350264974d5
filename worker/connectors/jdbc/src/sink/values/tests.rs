//! Values of each kind as cells.

use super::*;

fn decimal(text: &str) -> Cell {
    Cell::Decimal(Decimal::parse(text).expect(text))
}

#[test]
fn values_become_cells_by_their_kind() {
    let texts = || Kind::Array(Box::new(Kind::Text));
    for (value, kind, expected) in [
        (Value::Null, Kind::Int32, Ok(Cell::Null)),
        (Value::Int8(-1), Kind::Int8, Ok(Cell::Int(-1))),
        (Value::from("x"), Kind::Json, Ok(Cell::Text("x".into()))),
        (Value::Date(86_400_000), Kind::Date, Ok(Cell::Date(1))),
        (Value::Date(-86_400_000), Kind::Date, Ok(Cell::Date(-1))),
        (Value::Date(1), Kind::Time, Ok(Cell::Time(1_000_000))),
        (Value::Date(1), Kind::Timestamp, Ok(Cell::Instant(Moment::of_millis(1)))),
        (
            Value::Int64(-1),
            Kind::LocalTimestamp(Unit::Nanos),
            Ok(Cell::Local(Moment { seconds: -1, nanos: 999_999_999 })),
        ),
        (Value::Int64(5), Kind::TimeOfDay(Unit::Micros), Ok(Cell::Time(5_000))),
        (
            Value::from("2024-02-29T12:00:00.5+02:00"),
            Kind::ZonedTimestamp,
            Ok(Cell::Instant(Moment::of_millis(1_709_200_800_500))),
        ),
        (
            Value::Array(vec![Value::from("a\"b\\,"), Value::Null]),
            texts(),
            Ok(Cell::Text("{\"a\\\"b\\\\,\",NULL}".into())),
        ),
        (Value::Array(Vec::new()), texts(), Ok(Cell::Text("{}".into()))),
        (
            Value::Int64(i64::MAX),
            Kind::TimeOfDay(Unit::Millis),
            Err("the time lies outside of a day"),
        ),
        (Value::Int32(-1), Kind::TimeOfDay(Unit::Millis), Err("the time lies outside of a day")),
        (Value::from("soon"), Kind::ZonedTimestamp, Err("the text is no timestamp with a zone")),
        (Value::from("1"), Kind::Int32, Err("the value is STRING, and its schema says INT32")),
    ] {
        let found = cell(&value, &kind);
        assert_eq!(found, expected.map_err(str::to_owned), "{value:?} {kind:?}");
    }
}

#[test]
fn a_decimal_whose_zeros_would_take_all_memory_is_refused() {
    for (scale, is_taken) in
        [(16_383, true), (-16_383, true), (16_384, false), (i32::MIN, false), (i32::MAX, false)]
    {
        let fixed = Value::Decimal(Decimal::from_bytes(&[0], scale).expect("bytes").into());
        let found = cell(&fixed, &Kind::Decimal { scale });
        assert_eq!(found.is_ok(), is_taken, "{scale}: {found:?}");
        let any = any_decimal(Some(&Value::Int32(scale)), Some(&Value::Bytes(vec![0].into())));
        assert_eq!(any.is_ok(), is_taken, "{scale}: {any:?}");
    }
}

#[test]
fn keys_are_told_apart_as_a_database_does() {
    let identity = |cells: &[Cell]| {
        let mut bytes = Vec::new();
        for cell in cells {
            identify(cell, &mut bytes);
        }
        bytes
    };
    let text = |it: &'static str| Cell::Text(it.into());
    for (one, other, is_same) in [
        (vec![decimal("1.0")], vec![decimal("1.00")], true),
        (vec![decimal("10")], vec![decimal("1e1")], true),
        (vec![decimal("0.00")], vec![decimal("0")], true),
        (vec![decimal("-10")], vec![decimal("10")], false),
        (vec![text("ab"), text("c")], vec![text("a"), text("bc")], false),
        (vec![Cell::Null, text("")], vec![text(""), Cell::Null], false),
        (vec![Cell::Int(1)], vec![Cell::Int(1)], true),
        (vec![Cell::Single(0.5)], vec![Cell::Double(0.5)], true),
    ] {
        assert_eq!(identity(&one) == identity(&other), is_same, "{one:?} {other:?}");
    }
}
