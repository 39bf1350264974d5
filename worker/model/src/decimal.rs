//! `java.math.BigDecimal`: an integer of any size and a decimal scale.

mod radix;

use std::{borrow::Cow, fmt};

use num_bigint::{BigInt, Sign};

use crate::{digits, logical::LogicalError};

/// `unscaled * 10^-scale`. Equality compares both parts, as in Java: 1.0 and 1.00 differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled: BigInt,
    scale: i32,
}

impl Decimal {
    /// A decimal of its parts.
    pub const fn new(unscaled: BigInt, scale: i32) -> Self {
        Self { unscaled, scale }
    }

    /// Reads the unscaled integer in two's complement, most significant byte first. No bytes are no number.
    pub fn from_bytes(unscaled: &[u8], scale: i32) -> Option<Self> {
        let unscaled = (!unscaled.is_empty()).then(|| BigInt::from_signed_bytes_be(unscaled))?;
        Some(Self { unscaled, scale })
    }

    /// The unscaled integer in two's complement, most significant byte first, as short as it can be.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.unscaled.to_signed_bytes_be()
    }

    /// The same for a schema with this scale, which must be the decimal's own.
    pub fn to_scaled_bytes(&self, scale: i32) -> Result<Vec<u8>, LogicalError> {
        if self.scale != scale {
            return Err(LogicalError::Scale { schema: scale, value: self.scale });
        }
        Ok(self.to_bytes())
    }

    /// The integer before the scale is applied.
    pub const fn unscaled(&self) -> &BigInt {
        &self.unscaled
    }

    /// Digits after the point.
    pub const fn scale(&self) -> i32 {
        self.scale
    }

    /// Reads a number as `new BigDecimal(text)` does.
    pub fn parse(text: &str) -> Option<Self> {
        Notation::read(text).map(Self::from)
    }

    /// The integer part, as `BigDecimal.toBigInteger` cuts it. None if it has more than `digits` digits.
    pub fn truncated(&self, digits: u32) -> Option<BigInt> {
        let ten = BigInt::from(10);
        if self.unscaled == BigInt::ZERO {
            return Some(BigInt::ZERO);
        }
        if self.scale <= 0 {
            let zeros = self.scale.unsigned_abs();
            return (zeros <= digits).then(|| &self.unscaled * ten.pow(zeros));
        }
        let length = self.unscaled.magnitude().to_string().len();
        if self.scale as usize >= length {
            return Some(BigInt::ZERO);
        }
        Some(&self.unscaled / ten.pow(self.scale.unsigned_abs()))
    }
}

/// A number as it is written, `[+-]digits[.digits][e[+-]digits]` with the digits of any script, before it is calculated.
pub(crate) struct Notation<'a> {
    /// The whole of it, with the digits of ASCII.
    pub(crate) text: Cow<'a, str>,
    pub(crate) is_negative: bool,
    /// All digits without the point.
    pub(crate) digits: String,
    /// How many of the digits stand behind the point.
    pub(crate) scale: i32,
}

impl<'a> Notation<'a> {
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let text = digits::ascii(text);
        let (number, exponent) = match text.find(['e', 'E']) {
            None => (&*text, 0),
            Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_negative = whole.starts_with('-');
        let whole = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let scale = i32::try_from(scale).ok()?;
        Some(Self { text, is_negative, digits, scale })
    }

    pub(crate) fn of(decimal: &Decimal) -> Self {
        Self {
            text: decimal.to_string().into(),
            is_negative: decimal.unscaled.sign() == Sign::Minus,
            digits: decimal.unscaled.magnitude().to_string(),
            scale: decimal.scale,
        }
    }

    /// The lower 64 bits of the integer part (`BigDecimal.longValue`).
    pub(crate) fn low_bits(&self) -> i64 {
        // From 64 zeros at the end on, so many bits are zero.
        let zeros = usize::try_from(-i64::from(self.scale)).unwrap_or(0).min(64);
        let behind = usize::try_from(self.scale).unwrap_or(0);
        let whole = self.digits.len().saturating_sub(behind);
        let shifted = |sum: i64, digit: u8| sum.wrapping_mul(10).wrapping_add(digit.into());
        let digits = self.digits.bytes().take(whole).map(|it| it - b'0');
        let bits = digits.chain(std::iter::repeat_n(0, zeros)).fold(0, shifted);
        if self.is_negative { bits.wrapping_neg() } else { bits }
    }

    /// The nearest single (`BigDecimal.floatValue`).
    pub(crate) fn nearest_single(&self) -> f32 {
        if self.is_zero() { 0.0 } else { self.text.parse().unwrap_or(f32::NAN) }
    }

    /// The nearest double (`BigDecimal.doubleValue`). There is no negative zero, but numbers near to it become one.
    pub(crate) fn nearest(&self) -> f64 {
        if self.is_zero() { 0.0 } else { self.text.parse().unwrap_or(f64::NAN) }
    }

    fn is_zero(&self) -> bool {
        self.digits.bytes().all(|it| it == b'0')
    }
}

impl From<Notation<'_>> for Decimal {
    fn from(notation: Notation<'_>) -> Self {
        let magnitude = radix::integer(&notation.digits);
        let unscaled = if notation.is_negative { -magnitude } else { magnitude };
        Self { unscaled, scale: notation.scale }
    }
}

impl fmt::Display for Decimal {
    /// `BigDecimal.toString`: scientific notation for negative scales and for tiny numbers.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.magnitude().to_string();
        let sign = if self.unscaled.sign() == Sign::Minus { "-" } else { "" };
        let scale = i64::from(self.scale);
        let adjusted = -scale + (digits.len() as i64 - 1);
        if scale == 0 {
            return write!(out, "{sign}{digits}");
        }
        if scale > 0 && adjusted >= -6 {
            let width = scale as usize + 1;
            let padded = format!("{digits:0>width$}");
            let (whole, fraction) = padded.split_at(padded.len() - scale as usize);
            return write!(out, "{sign}{whole}.{fraction}");
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(out, "{sign}{first}{point}{rest}")?;
        if adjusted != 0 { write!(out, "E{adjusted:+}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_that_of_java() {
        for (text, expected) in [
            ("0", "0"),
            ("-1.50", "-1.50"),
            ("1e3", "1E+3"),
            ("-12e3", "-1.2E+4"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            ("0.00000012", "1.2E-7"),
            ("+7.", "7"),
            (".5", "0.5"),
            ("\u{661}\u{662}.\u{ff15}", "12.5"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        ] {
            assert_eq!(Decimal::parse(text).expect(text).to_string(), expected);
        }
        for text in ["", ".", "-", "1e", "1e+", "a", "1.2.3", "--1", "1e9999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_the_shortest_two_s_complement() {
        for (number, bytes) in [
            (0, vec![0]),
            (127, vec![127]),
            (128, vec![0, 128]),
            (-128, vec![128]),
            (-129, vec![255, 127]),
        ] {
            let decimal = Decimal::new(BigInt::from(number), 2);
            assert_eq!(decimal.to_bytes(), bytes);
            assert_eq!(Decimal::from_bytes(&bytes, 2), Some(decimal));
        }
        assert_eq!(Decimal::from_bytes(&[], 0), None);
    }

    #[test]
    fn the_integer_part_is_cut_not_rounded() {
        for (text, expected) in
            [("1.9", 1), ("-1.9", -1), ("12e2", 1200), ("0.001", 0), ("0e99", 0)]
        {
            let cut = Decimal::parse(text).expect(text).truncated(50);
            assert_eq!(cut, Some(BigInt::from(expected)), "{text}");
        }
        assert_eq!(Decimal::parse("1e99").expect("a number").truncated(50), None);
    }
}
