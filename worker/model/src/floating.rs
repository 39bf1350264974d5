//! Floating point numbers as text: `Double.toString` and `Float.toString` as they are since Java 19. Allocates nothing.

use std::fmt::{self, LowerExp, Write};
use std::str::FromStr;

/// Powers of ten that short numbers are whole multiples of, once divided.
const POWERS: [f64; 5] = [1.0, 1e1, 1e2, 1e3, 1e4];

/// What the two widths differ in.
pub(crate) trait Floating: LowerExp + FromStr + PartialEq + Copy {
    /// Fewest digits of a text that can lie half way between its neighbours: as many as hold half of the precision's units.
    const TIE_DIGITS: usize;
    /// Most binary digits after the point of a number that lies there: with more, it has too many decimal ones.
    const TIE_FRACTION: i32;

    /// Whether it is this quotient but for its sign, and the dividend has so few digits that none is lost.
    fn is_quotient(self, dividend: f64, divisor: f64) -> bool;

    /// Whether it has lost precision to its smallness.
    fn is_tiny(self) -> bool;

    /// The same number.
    fn wide(self) -> f64;
}

impl Floating for f64 {
    const TIE_DIGITS: usize = 15;
    const TIE_FRACTION: i32 = 26;

    fn is_quotient(self, dividend: f64, divisor: f64) -> bool {
        dividend < 1e15 && self.abs().to_bits() == (dividend / divisor).to_bits()
    }

    fn is_tiny(self) -> bool {
        self.is_subnormal()
    }

    fn wide(self) -> f64 {
        self
    }
}

impl Floating for f32 {
    const TIE_DIGITS: usize = 6;
    const TIE_FRACTION: i32 = 15;

    fn is_quotient(self, dividend: f64, divisor: f64) -> bool {
        dividend < 1e6 && self.abs().to_bits() == (dividend as f32 / divisor as f32).to_bits()
    }

    fn is_tiny(self) -> bool {
        self.is_subnormal()
    }

    fn wide(self) -> f64 {
        self.into()
    }
}

/// Writes a number: in decimal notation from 10^-3 up to 10^7, else in `E` notation; always with a digit after the point.
pub(crate) fn write(out: &mut impl Write, number: impl Floating) -> fmt::Result {
    let wide = number.wide();
    if wide.is_nan() {
        return out.write_str("NaN");
    }
    if wide.is_infinite() {
        return out.write_str(if wide < 0.0 { "-Infinity" } else { "Infinity" });
    }
    if let Some((digits, places)) = short(number) {
        return write_short(out, wide.is_sign_negative(), digits, places);
    }
    write_general(out, &shortest(number, may_tie))
}

fn write_general(out: &mut impl Write, scientific: &Scratch) -> fmt::Result {
    let (mantissa, exponent) = scientific.parts();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |it| ("-", it));
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.write_str(sign)?;
    let Ok(shift @ -3..7) = exponent.parse::<i8>() else {
        let zero = zero_for(rest);
        return write!(out, "{first}.{rest}{zero}E{exponent}");
    };
    let zeros = |count: usize| &"000000"[..count];
    if shift < 0 {
        return write!(out, "0.{}{first}{rest}", zeros(usize::from(shift.unsigned_abs()) - 1));
    }
    let shift = usize::from(shift.unsigned_abs());
    let (whole, rest) = rest.split_at(shift.min(rest.len()));
    let (padding, zero) = (zeros(shift - whole.len()), zero_for(rest));
    for part in [first, whole, padding, ".", rest, zero] {
        out.write_str(part)?;
    }
    Ok(())
}

/// The number without its sign as a whole number of 10^-n, for some small n, if there is one that has few digits. So few
/// digits tell apart all numbers that they stand for: if these lead to the number, no others are as short.
fn short(number: impl Floating) -> Option<(u64, usize)> {
    let magnitude = number.wide().abs();
    if magnitude == 0.0 {
        return Some((0, 0));
    }
    let in_range = (1e-3..1e7).contains(&magnitude);
    let leads_back = |places: usize| {
        // The product may be off by less than a quarter. The cast cuts, which rounds without a call.
        let digits = (magnitude * POWERS[places] + 0.5) as u64;
        number.is_quotient(digits as f64, POWERS[places]).then_some((digits, places))
    };
    if in_range { (0..POWERS.len()).find_map(leads_back) } else { None }
}

fn write_short(out: &mut impl Write, is_negative: bool, digits: u64, places: usize) -> fmt::Result {
    // One digit after the point at least.
    let (mut rest, places) = if places == 0 { (digits * 10, 1) } else { (digits, places) };
    let mut text = [0; 24];
    let mut at = text.len();
    let mut count = 0;
    while count <= places || rest > 0 {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
        if count == places {
            at -= 1;
            text[at] = b'.';
        }
    }
    if is_negative {
        at -= 1;
        text[at] = b'-';
    }
    out.write_str(std::str::from_utf8(&text[at..]).unwrap_or_default())
}

/// The digit that a fraction has at least.
const fn zero_for(fraction: &str) -> &'static str {
    if fraction.is_empty() { "0" } else { "" }
}

/// The shortest digits that lead back to the number, such as `1.5e-7`, chosen as Java does: where one digit would do, the
/// nearest number of two; of two that are as near, the one with an even last digit.
fn shortest<F: Floating>(number: F, may_tie: impl Fn(f64, i32) -> bool) -> Scratch {
    let shortest = Scratch::of(format_args!("{number:e}"));
    let leads_back = |text: &str| text.parse::<F>().is_ok_and(|it| it == number);
    let (mantissa, exponent) = shortest.parts();
    if !mantissa.contains('.') {
        // Anything larger is nearer to its one digit than to any other two.
        if !number.is_tiny() {
            return shortest;
        }
        let two = Scratch::of(format_args!("{number:.1e}"));
        let is_nearer = !two.text().contains(".0") && leads_back(two.text());
        return if is_nearer { two } else { shortest };
    }
    if mantissa.len() <= F::TIE_DIGITS || !may_tie(number.wide(), F::TIE_FRACTION) {
        return shortest;
    }
    let exact = Scratch::of(format_args!("{number:.60e}"));
    let is_tie =
        exact.text().get(mantissa.len()..).and_then(|rest| rest.split_once('e')).is_some_and(
            |(rest, _)| rest.starts_with('5') && rest[1..].bytes().all(|it| it == b'0'),
        );
    if is_tie && let Some(cut) = exact.text().get(..mantissa.len()) {
        let is_even = cut.bytes().next_back().is_some_and(|it| it % 2 == 0);
        let even = Scratch::of(format_args!("{cut}e{exponent}"));
        if is_even && leads_back(even.text()) {
            return even;
        }
    }
    shortest
}

/// Whether a number has so few binary digits after the point that it can lie half way between two decimal numbers that are
/// short enough to stand for it.
fn may_tie(number: f64, most: i32) -> bool {
    let bits = number.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
    let zeros = (bits | 1 << 52).trailing_zeros() as i32;
    exponent + zeros >= -most
}

/// A short text, in place.
struct Scratch {
    bytes: [u8; 80],
    length: usize,
}

impl Scratch {
    fn of(text: fmt::Arguments<'_>) -> Self {
        let mut scratch = Self { bytes: [0; 80], length: 0 };
        // There is room for the longest: a sign, 61 digits with their point, and the exponent.
        let _ = scratch.write_fmt(text);
        scratch
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    /// Mantissa and exponent.
    fn parts(&self) -> (&str, &str) {
        self.text().split_once('e').unwrap_or((self.text(), "0"))
    }
}

impl Write for Scratch {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: impl Floating) -> String {
        let mut out = String::new();
        write(&mut out, number).unwrap();
        out
    }

    #[test]
    fn floating_point_is_written_as_java_writes_it() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.001, "0.001"),
            (-0.001_25, "-0.00125"),
            (0.25, "0.25"),
            (0.000_99, "9.9E-4"),
            (100.0, "100.0"),
            (120_000.5, "120000.5"),
            (123_456.789, "123456.789"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (-1.25e10, "-1.25E10"),
            (1e-7, "1.0E-7"),
            (5e-324, "4.9E-324"),
            (1e-323, "9.9E-324"),
            (2e23, "2.0E23"),
            (f64::MAX, "1.7976931348623157E308"),
            (1e200, "1.0E200"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(number), expected);
        }
        assert_eq!(text(12_359_466.0_f32 / 8.0), "1544933.2");
        assert_eq!(text(0.1_f32), "0.1");
        assert_eq!(text(1e10_f32), "1.0E10");
        assert_eq!(text(f32::from_bits(1)), "1.4E-45");
    }

    #[test]
    fn short_numbers_are_written_as_all_others() {
        let general = |number: Scratch| {
            let mut out = String::new();
            write_general(&mut out, &number).unwrap();
            out
        };
        for digits in (0..2_000_000).step_by(311).chain(9_999_900..10_000_010) {
            for power in [1.0, 10.0, 100.0, 1000.0, 1e4, 1e6] {
                let (long, short) = (f64::from(digits) / -power, digits as f32 / power as f32);
                for long in [long, long.next_up()] {
                    assert_eq!(text(long), general(shortest(long, may_tie)));
                }
                for short in [short, short.next_up()] {
                    assert_eq!(text(short), general(shortest(short, may_tie)));
                }
            }
        }
    }

    /// Every way of having few binary digits, beside a look at each number as if it could be a tie.
    #[test]
    fn no_tie_is_overlooked() {
        let mut random = 1_u64;
        for round in 0..20_000 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let digits = random >> 11 >> (round % 53);
            let number = digits as f64 * 2_f64.powi((random & 127) as i32 - 64);
            let short = number as f32;
            let always = |_, _| true;
            assert_eq!(shortest(number, may_tie).text(), shortest(number, always).text());
            assert_eq!(shortest(short, may_tie).text(), shortest(short, always).text());
        }
    }
}
