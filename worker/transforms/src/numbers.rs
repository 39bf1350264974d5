//! Numbers as `java.lang.Number` narrows them and as Java reads them from text.

use sluice_plugin::model::{Decimal, digits};

/// `BigDecimal.floatValue`: the nearest float.
pub(crate) fn float_value(decimal: &Decimal) -> f32 {
    decimal.to_string().parse().unwrap_or(f32::NAN)
}

/// `Long.parseLong`: a sign and digits of any script, nothing else.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    digits::ascii(text).parse().ok()
}

/// `Double.parseDouble` and `Float.parseFloat`: blanks around it, a suffix `f` or `d`, `NaN`, `Infinity`; no `inf`.
pub(crate) fn parse_floating<F: std::str::FromStr>(text: &str) -> Option<F> {
    let text = text.trim_matches(|it: char| it <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, "NaN" | "Infinity") {
        return text.parse().ok();
    }
    let number = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let is_number = number.bytes().any(|it| it.is_ascii_digit())
        && number.bytes().all(|it| it.is_ascii_digit() || b"+-.eE".contains(&it));
    is_number.then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_is_read_as_java_reads_it() {
        for (text, expected) in [
            (" 1.5 ", Some(1.5)),
            ("1.", Some(1.0)),
            (".5", Some(0.5)),
            ("+1e3", Some(1000.0)),
            ("1.5f", Some(1.5)),
            ("1D", Some(1.0)),
            ("1e999", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("inf", None),
            ("infinity", None),
            ("", None),
            ("f", None),
            ("1_0", None),
            ("1ff", None),
            (".", None),
        ] {
            assert_eq!(parse_floating::<f64>(text), expected, "{text}");
        }
        assert!(parse_floating::<f32>("NaN").is_some_and(f32::is_nan));
    }
}
