//! PostgreSQL's NUMERIC in its binary form (`numeric_send` of the server): a count of base-10000 digits, the weight of the
//! first one, the sign, and the digits behind the point that are shown.

use std::fmt::Write as _;

use num_bigint::{BigInt, Sign};
use sluice_plugin::model::Decimal;

use crate::Cell;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITE: u16 = 0xD000;
const NEGATIVE_INFINITE: u16 = 0xF000;

/// Reads a number; none if the bytes are no number.
pub(super) fn decode(bytes: &[u8]) -> Option<Cell> {
    let words: Vec<u16> =
        bytes.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]])).collect();
    let [count, weight, sign, shown, digits @ ..] = &words[..] else { return None };
    let is_negative = match *sign {
        0 => false,
        NEGATIVE => true,
        NAN => return Some(Cell::NoNumber(f64::NAN)),
        INFINITE => return Some(Cell::NoNumber(f64::INFINITY)),
        NEGATIVE_INFINITE => return Some(Cell::NoNumber(f64::NEG_INFINITY)),
        _ => return None,
    };
    if digits.len() != usize::from(*count) || digits.iter().any(|it| *it > 9999) {
        return None;
    }
    let (weight, scale) = (i64::from(*weight as i16), i64::from(*shown));
    // The last digit stands for multiples of 10^last; the number shows 10^-scale.
    let last = (weight - i64::from(*count) + 1) * 4;
    let magnitude = magnitude(digits, last + scale)?;
    let sign = if is_negative { Sign::Minus } else { Sign::Plus };
    let unscaled = BigInt::from_biguint(sign, magnitude);
    Some(Cell::Decimal(Decimal::new(unscaled, i32::from(*shown))))
}

/// The integer of base-10000 digits, times ten to some power; digits that are cut by a negative one are zeros.
fn magnitude(digits: &[u16], power: i64) -> Option<num_bigint::BigUint> {
    let mut text = String::with_capacity(digits.len() * 4 + 1);
    for digit in digits {
        let _ = write!(text, "{digit:04}");
    }
    if let Ok(zeros) = usize::try_from(power) {
        text.extend(std::iter::repeat_n('0', zeros));
    } else {
        let cut = usize::try_from(-power).ok()?.min(text.len());
        text.truncate(text.len() - cut);
    }
    if text.is_empty() {
        text.push('0');
    }
    num_bigint::BigUint::parse_bytes(text.as_bytes(), 10)
}

/// Writes a number. None if it has more digits than the form can say.
pub(super) fn encode(decimal: &Decimal) -> Option<Vec<u8>> {
    let scale = i64::from(decimal.scale());
    let mut text = decimal.unscaled().magnitude().to_string();
    if scale < 0 {
        text.extend(std::iter::repeat_n('0', usize::try_from(-scale).ok()?));
    }
    let behind = usize::try_from(scale.max(0)).ok()?;
    if text.len() <= behind {
        text.insert_str(0, &"0".repeat(behind + 1 - text.len()));
    }
    let (whole, fraction) = text.split_at(text.len() - behind);
    let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let fraction = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let all = format!("{whole}{fraction}");
    let mut words: Vec<u16> = all
        .as_bytes()
        .chunks(4)
        .map(|it| it.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        .collect();
    let mut weight = i16::try_from(whole.len() / 4).ok()? - 1;
    while words.first() == Some(&0) {
        words.remove(0);
        weight -= 1;
    }
    while words.last() == Some(&0) {
        words.pop();
    }
    if words.is_empty() {
        weight = 0;
    }
    let sign = if decimal.unscaled().sign() == Sign::Minus { NEGATIVE } else { 0 };
    let count = u16::try_from(words.len()).ok()?;
    let shown = u16::try_from(behind).ok().filter(|it| *it <= 0x3FFF)?;
    let mut bytes = Vec::with_capacity(8 + 2 * words.len());
    for word in [count, weight as u16, sign, shown].into_iter().chain(words) {
        bytes.extend_from_slice(&word.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_are_written() {
        for text in [
            "0",
            "0.00",
            "1",
            "-1",
            "9999",
            "10000",
            "-10000.0001",
            "123456789012345678901234567890.5",
            "0.000000000000000000000000000000000001",
            "100000000",
            "-0.10",
            "1234.5678",
            "12345.60",
        ] {
            let decimal = Decimal::parse(text).expect(text);
            let bytes = encode(&decimal).expect(text);
            assert_eq!(decode(&bytes), Some(Cell::Decimal(decimal)), "{text}");
        }
        let thousand = Decimal::parse("1e3").expect("a number");
        let plain = Decimal::parse("1000").expect("a number");
        assert_eq!(encode(&thousand), encode(&plain));
    }

    #[test]
    fn what_is_no_number_is_told_apart() {
        for (words, expected) in [
            (vec![0, 0, NAN, 0], "NaN"),
            (vec![0, 0, INFINITE, 0], "inf"),
            (vec![0, 0, NEGATIVE_INFINITE, 0], "-inf"),
        ] {
            let bytes: Vec<u8> = words.iter().flat_map(|it: &u16| it.to_be_bytes()).collect();
            let Some(Cell::NoNumber(number)) = decode(&bytes) else { panic!("{words:?}") };
            assert_eq!(number.to_string(), expected);
        }
        for bytes in
            [&[][..], &[0; 7], &[0, 1, 0, 0, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff]]
        {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
