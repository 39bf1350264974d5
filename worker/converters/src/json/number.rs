//! JSON numbers as Java's types, by the rules of Jackson's number nodes.

use num_bigint::{BigInt, Sign};
use sluice_plugin::model::Decimal;

/// Digits beyond which the integer part of a number leaves nothing in the low 64 bits.
const DIGITS: u32 = 64;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number<'a> {
    /// One without a point and an exponent that fits.
    Integer(i64),
    /// One that does not.
    Big(&'a str),
    /// Any other, as it stands.
    Fraction(&'a str),
}

impl Number<'_> {
    /// `JsonNode.longValue`: the low 64 bits of the integer part.
    pub(super) fn long(self) -> i64 {
        let number: Option<BigInt> = match self {
            Self::Integer(it) => return it,
            Self::Big(text) => text.parse().ok(),
            Self::Fraction(text) => Decimal::parse(text).and_then(|it| it.truncated(DIGITS)),
        };
        number.map_or(0, |it| low_64(&it))
    }

    /// `JsonNode.doubleValue`. A decimal has no negative zero.
    pub(super) fn double(self) -> f64 {
        match self {
            Self::Integer(it) => it as f64,
            Self::Big(text) | Self::Fraction(text) => {
                text.parse().map_or(0.0, |it: f64| if is_zero(text) { 0.0 } else { it })
            }
        }
    }

    /// `JsonNode.floatValue`: rounded once, not by way of a double.
    pub(super) fn float(self) -> f32 {
        match self {
            Self::Integer(it) => it as f32,
            Self::Big(text) | Self::Fraction(text) => {
                text.parse().map_or(0.0, |it: f32| if is_zero(text) { 0.0 } else { it })
            }
        }
    }

    /// `JsonNode.decimalValue`. None if the exponent is larger than any decimal's.
    pub(super) fn decimal(self) -> Option<Decimal> {
        match self {
            Self::Integer(it) => Some(Decimal::new(BigInt::from(it), 0)),
            Self::Big(text) | Self::Fraction(text) => Decimal::parse(text),
        }
    }
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
