//! What becomes of values.

use super::*;

fn decimal(text: &str) -> Cell {
    Cell::Decimal(Decimal::parse(text).expect(text))
}

#[test]
fn values_pass_whole_or_not_at_all() {
    let (zone, west) = (Zone::UTC, Zone::named("-03:00").expect("a zone"));
    assert_eq!(Step::InZone.apply(Cell::Date(1), &west), Ok(Cell::Date(0)));
    assert_eq!(Step::InZone.apply(Cell::Time(5), &west), Ok(Cell::Time(75_600_000_000_005)));
    assert_eq!(Step::InZone.apply(Cell::Time(5), &zone), Ok(Cell::Time(5)));
    let moment = |millis| Moment::of_millis(millis);
    let scale = |scale| Step::Decimal { scale: Some(scale) };
    let floating = |single| Step::Floating { single };
    for (step, cell, expected) in [
        (Step::Integer(-128, 127), Cell::Int(127), Some(Cell::Int(127))),
        (Step::Integer(-128, 127), Cell::Int(-128), Some(Cell::Int(-128))),
        (Step::Integer(-128, 127), Cell::Int(128), None),
        (Step::Integer(0, 255), Cell::Int(-1), None),
        (
            Step::Integer(0, i128::from(u64::MAX)),
            decimal("18446744073709551615"),
            Some(Cell::Unsigned(u64::MAX)),
        ),
        (Step::Integer(-128, 127), decimal("12.00"), Some(Cell::Int(12))),
        (Step::Integer(-128, 127), decimal("1.2e1"), Some(Cell::Int(12))),
        (Step::Integer(-128, 127), decimal("12.5"), None),
        (floating(true), Cell::Double(0.5), Some(Cell::Single(0.5))),
        (floating(true), Cell::Double(0.1), None),
        (floating(true), Cell::Int(16_777_217), None),
        (floating(false), Cell::Int(9_007_199_254_740_993), None),
        (floating(false), Cell::Int(i64::MAX), None),
        (floating(false), Cell::Single(0.5), Some(Cell::Double(0.5))),
        (scale(2), decimal("1.25"), Some(decimal("1.25"))),
        (scale(2), decimal("1.250"), Some(decimal("1.250"))),
        (scale(2), decimal("0.0000"), Some(decimal("0.0000"))),
        (scale(2), decimal("1.255"), None),
        (scale(0), Cell::Double(0.5), None),
        (scale(1), Cell::Double(0.5), Some(decimal("0.5"))),
        (Step::Local, Cell::Instant(moment(5)), Some(Cell::Local(moment(5)))),
        (Step::Local, Cell::Date(1), Some(Cell::Local(moment(86_400_000)))),
        (Step::Instant, Cell::Local(moment(5)), Some(Cell::Instant(moment(5)))),
        (Step::Millis, Cell::Instant(moment(-5)), Some(Cell::Int(-5))),
        (Step::Millis, Cell::Local(Moment::of_micros(5)), None),
        (Step::Millis, Cell::Time(5_000_000), Some(Cell::Int(5))),
        (Step::Millis, Cell::Date(-1), Some(Cell::Int(-86_400_000))),
        (Step::Digits, decimal("1.50"), Some(Cell::Text("1.50".into()))),
        (Step::NoNumber, Cell::Text("007".into()), None),
        (Step::NoNumber, Cell::Text(" -1.5e3\n".into()), None),
        (Step::NoNumber, Cell::Text("1.".into()), None),
        (Step::NoNumber, Cell::Text("".into()), Some(Cell::Text("".into()))),
        (Step::NoNumber, Cell::Text("inf".into()), Some(Cell::Text("inf".into()))),
        (Step::NoNumber, Cell::Text("7 a".into()), Some(Cell::Text("7 a".into()))),
        (Step::NoNumber, Cell::Text("2024-01-01".into()), Some(Cell::Text("2024-01-01".into()))),
        (Step::Integer(0, 1), Cell::Null, Some(Cell::Null)),
    ] {
        assert_eq!(step.apply(cell.clone(), &zone).ok(), expected, "{step:?} {cell:?}");
    }
}
