//! Dates, times and timestamps in text: Java's lenient `SimpleDateFormat` for the three patterns of `Values`.

use std::borrow::Cow;

use crate::{
    Logical, Schema, SchemaAndValue, SchemaRef, Value, calendar,
    digits::{self, digit},
    logical::DAY,
};

/// One step of a pattern: a field that is a number, or a character that must be there.
enum Step {
    Field(usize),
    Literal(char),
}

use Step::{Field, Literal};

/// Year, month, day, hour, minute, second, millisecond of the epoch: what a pattern does not have.
const EPOCH: [i32; 7] = [1970, 1, 1, 0, 0, 0, 0];
/// `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'`.
const TIMESTAMP: [Step; 14] = [
    Field(0),
    Literal('-'),
    Field(1),
    Literal('-'),
    Field(2),
    Literal('T'),
    Field(3),
    Literal(':'),
    Field(4),
    Literal(':'),
    Field(5),
    Literal('.'),
    Field(6),
    Literal('Z'),
];
/// `yyyy-MM-dd`: how much of the whole it is.
const DATE: usize = 5;
/// Where `HH:mm:ss.SSS'Z'` begins in the whole.
const TIME: usize = 6;

/// No longer text can be one, in bytes: 24 UTF-16 units have three bytes each at most, an escaped colon has two.
pub(super) const LONGEST: usize = 3 * 24;

/// The date, time or timestamp that a text is. Its length in UTF-16 says which of them it could be; what stands behind
/// the last field is not looked at, and numbers beyond their range count on.
pub(super) fn parse(text: &str) -> Option<SchemaAndValue> {
    // Who escaped the colons did so because they are delimiters.
    let text = if text.contains("\\:") { text.replace("\\:", ":").into() } else { Cow::from(text) };
    let (logical, steps) = match text.encode_utf16().take(25).count() {
        10 => (Logical::Date, &TIMESTAMP[..DATE]),
        13 => (Logical::Time, &TIMESTAMP[TIME..]),
        24 => (Logical::Timestamp, &TIMESTAMP[..]),
        _ => return None,
    };
    let millis = read(&text, steps)?;
    Some(SchemaAndValue { schema: Some(schema(logical)), value: Value::Date(millis) })
}

fn schema(logical: Logical) -> SchemaRef {
    use std::sync::LazyLock;
    static SCHEMAS: LazyLock<[Schema; 3]> =
        LazyLock::new(|| [Logical::Date, Logical::Time, Logical::Timestamp].map(|it| it.schema(0)));
    let [date, time, timestamp] = LazyLock::force(&SCHEMAS);
    SchemaRef::constant(match logical {
        Logical::Date => date,
        Logical::Time => time,
        _ => timestamp,
    })
}

/// Milliseconds since the epoch.
fn read(mut text: &str, steps: &[Step]) -> Option<i64> {
    let mut fields = EPOCH;
    for step in steps {
        match step {
            Literal(expected) => text = text.strip_prefix(*expected)?,
            Field(index) => (fields[*index], text) = number(text.trim_start_matches([' ', '\t']))?,
        }
    }
    let [year, month, day, hour, minute, second, millis] = fields.map(i64::from);
    let of_day = ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    // Java's calendar counts months from 0 in 32 bits.
    let month = i64::from((month as i32).wrapping_sub(1)) + 1;
    let days = calendar::days(year, month, day + of_day.div_euclid(DAY));
    Some(days.wrapping_mul(DAY).wrapping_add(of_day.rem_euclid(DAY)))
}

/// A number at the beginning of a text, and the rest: `DecimalFormat` for integers, which knows exponents, NaN and
/// infinity, and `Number.intValue` of what it finds.
fn number(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix("NaN") {
        return Some((0, rest));
    }
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |it| (true, it));
    if let Some(rest) = text.strip_prefix('∞') {
        return Some((if is_negative { i32::MIN } else { i32::MAX }, rest));
    }
    let (whole, rest) = split_digits(text)?;
    let (exponent, rest) = exponent(rest).unwrap_or((0, rest));
    let number: f64 = format!("{whole}e{exponent}").parse().ok()?;
    // A fraction is a double in Java, and so is what exceeds 64 bits: their conversion ends at the limits. Integers are
    // cut to their lower bits.
    let digits = whole.trim_start_matches('0').trim_end_matches('0');
    let zeros = whole.len() - whole.trim_end_matches('0').len();
    let scale = i64::try_from(zeros).ok()?.saturating_add(exponent);
    let integer = (digits.is_empty()).then_some(0).or_else(|| {
        let power = 10_i64.checked_pow(u32::try_from(scale).ok()?)?;
        digits.parse::<i64>().ok()?.checked_mul(power)
    });
    let number = match integer {
        Some(integer) if is_negative => -integer as i32,
        Some(integer) => integer as i32,
        None if is_negative => -number as i32,
        None => number as i32,
    };
    Some((number, rest))
}

/// An exponent with at least one digit.
fn exponent(text: &str) -> Option<(i64, &str)> {
    let text = text.strip_prefix('E')?;
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |it| (true, it));
    let (digits, rest) = split_digits(text)?;
    let exponent = digits.parse::<i64>().unwrap_or(i64::MAX);
    Some((if is_negative { -exponent } else { exponent }, rest))
}

/// The digits at the beginning, if there are any, and the rest.
fn split_digits(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(|it| digit(it).is_none()).unwrap_or(text.len());
    (end > 0).then(|| (digits::ascii(&text[..end]), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_says_which_and_the_rest_is_lenient() {
        for (text, expected) in [
            ("1970-01-02", Some((Logical::Date, DAY))),
            ("1970-1-2xx", Some((Logical::Date, DAY))),
            ("1970-01- 2", Some((Logical::Date, DAY))),
            ("1970-13-01", Some((Logical::Date, 365 * DAY))),
            ("197E1-1-02", Some((Logical::Date, DAY))),
            ("00:00:00.001Z", Some((Logical::Time, 1))),
            ("00\\:00\\:00.001Z", Some((Logical::Time, 1))),
            ("24:00:00.000Z", Some((Logical::Time, DAY))),
            ("1970-01-01T00:00:01.000Z", Some((Logical::Timestamp, 1000))),
            ("1970-01-01T00:00:01.000 ", None),
            ("1970-01-1", None),
            ("1970/01/01", None),
            ("+970-01-01", None),
        ] {
            let found = parse(text).map(|it| (it.schema.map(|it| (*it).clone()), it.value));
            let expected = expected.map(|(logical, millis): (Logical, i64)| {
                (Some(logical.schema(0)), Value::Date(millis))
            });
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn numbers_end_where_java_s_do() {
        for (text, expected) in [
            ("12-", Some((12, "-"))),
            ("-12", Some((-12, ""))),
            ("1E2E3", Some((100, "E3"))),
            ("1E", Some((1, "E"))),
            ("15E-1", Some((1, ""))),
            ("4294967297", Some((1, ""))),
            ("1E99", Some((i32::MAX, ""))),
            ("-1E99", Some((i32::MIN, ""))),
            ("\u{661}2", Some((12, ""))),
            ("NaN", Some((0, ""))),
            ("x", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
