//! Long decimal text as an integer. The library's own way takes time with the square of the length, a minute for what
//! fits a record; halves that are multiplied together take a fraction of a second.

use num_bigint::{BigInt, BigUint};

/// So many digits are left to the library.
const PART: usize = 500;

/// The integer that ASCII digits are; none are 0.
pub(super) fn integer(digits: &str) -> BigInt {
    let part = |part: &[u8]| BigUint::parse_bytes(part, 10).unwrap_or_default();
    // The lowest part comes first. All but the last one have `length` digits.
    let mut parts: Vec<BigUint> = digits.as_bytes().rchunks(PART).map(part).collect();
    let mut length = PART;
    // 10 to this power is 5 to this power, which is shorter, and a shift.
    let mut five = BigUint::from(5_u8).pow(PART as u32);
    while parts.len() > 1 {
        let join = |pair: &[BigUint]| match pair {
            [low, high] => ((high * &five) << length) + low,
            _ => pair.iter().sum(),
        };
        parts = parts.chunks(2).map(join).collect();
        if parts.len() > 1 {
            five = &five * &five;
            length *= 2;
        }
    }
    parts.pop().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_at_their_places() {
        for length in [0, 1, 499, 500, 501, 999, 1000, 1001, 1500, 2500, 7777, 40_000] {
            let digits: String =
                (0..length).map(|i| char::from(b'1' + (i * 7 % 9) as u8)).collect();
            let expected = if length == 0 { "0" } else { &digits };
            assert_eq!(integer(&digits).to_string(), expected, "{length}");
        }
        let zeros = format!("{}1{}", "0".repeat(1700), "0".repeat(1300));
        assert_eq!(integer(&zeros), BigInt::from(10).pow(1300));
    }
}
