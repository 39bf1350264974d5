//! JSON numbers as Java's types, by the rules of Jackson's number nodes.

use num_bigint::{BigInt, Sign};
use sluice_plugin::model::Decimal;

/// Digits beyond which the integer part of a number leaves nothing in the low 64 bits.
const DIGITS: u32 = 64;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number<'a> {
    /// One without a point and an exponent that fits.
    Integer(i64),
    /// One that does not.
    Big(&'a str),
    /// Any other, as it stands.
    Fraction(&'a str),
}

impl Number<'_> {
    /// `JsonNode.longValue`: the low 64 bits of the integer part.
    pub fn long(self) -> i64 {
        let number: Option<BigInt> = match self {
            Self::Integer(it) => return it,
            Self::Big(text) => text.parse().ok(),
            Self::Fraction(text) => Decimal::parse(text).and_then(|it| it.truncated(DIGITS)),
        };
        number.map_or(0, |it| low_64(&it))
    }

    /// `JsonNode.doubleValue`. A decimal has no negative zero.
    pub fn double(self) -> f64 {
        match self {
            Self::Integer(it) => it as f64,
            Self::Big(text) | Self::Fraction(text) => short(text).unwrap_or_else(|| {
                text.parse().map_or(0.0, |it: f64| if is_zero(text) { 0.0 } else { it })
            }),
        }
    }

    /// `JsonNode.floatValue`: rounded once, not by way of a double.
    pub fn float(self) -> f32 {
        match self {
            Self::Integer(it) => it as f32,
            Self::Big(text) | Self::Fraction(text) => {
                text.parse().map_or(0.0, |it: f32| if is_zero(text) { 0.0 } else { it })
            }
        }
    }

    /// `JsonNode.decimalValue`. None if the exponent is larger than any decimal's.
    pub fn decimal(self) -> Option<Decimal> {
        match self {
            Self::Integer(it) => Some(Decimal::new(BigInt::from(it), 0)),
            Self::Big(text) | Self::Fraction(text) => Decimal::parse(text),
        }
    }
}

/// Digits that a double holds whatever they are.
const EXACT: usize = 15;
const POWERS: [f64; EXACT + 1] =
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number of few digits and no exponent: the quotient of two doubles that are exact, and so rounded once.
fn short(text: &str) -> Option<f64> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |it| (true, it));
    let (mut digits, mut count, mut point) = (0_u64, 0, None);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if count < EXACT => {
                digits = digits * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'.' => point = Some(count),
            _ => return None,
        }
    }
    let number = digits as f64 / POWERS[count - point.unwrap_or(count)];
    Some(if is_negative && digits != 0 { -number } else { number })
}

fn low_64(number: &BigInt) -> i64 {
    let mut bytes = [if number.sign() == Sign::Minus { 0xff } else { 0 }; 8];
    for (to, from) in bytes.iter_mut().zip(number.to_signed_bytes_le()) {
        *to = from;
    }
    i64::from_le_bytes(bytes)
}

/// Whether a number is zero as it stands, not only after rounding.
fn is_zero(text: &str) -> bool {
    text.bytes().take_while(|it| !matches!(it, b'e' | b'E')).all(|it| !matches!(it, b'1'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_rounded_as_long_ones() {
        for digits in (0..1_000_000_000_000_000_u64).step_by(49_999_999_999_999).chain(0..3000) {
            let digits = digits.to_string();
            for place in 1..=digits.len() {
                let (whole, fraction) = digits.split_at(place);
                for text in [format!("{whole}.{fraction}0"), format!("-0{whole}.{fraction}")] {
                    let Some(read) = short(&text) else { continue };
                    let parsed: f64 = text.parse().unwrap();
                    assert_eq!(read.to_bits(), (parsed + 0.0).to_bits(), "{text}");
                }
            }
        }
        for text in ["1e1", "1.5E3", "1234567890.123456"] {
            assert_eq!(short(text), None);
        }
    }
}
