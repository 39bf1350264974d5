//! Quantities of Kubernetes by their amount: `500m` is `0.5`, and `1Gi` is `1073741824`.

/// Suffixes, and what they multiply by: tens to a power, or two.
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("", 0),
];
const BINARY: [(&str, i32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// Whether two quantities are the same amount. What is no quantity is like nothing but itself.
pub(super) fn are_equal(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    match (amount(left), amount(right)) {
        // Kubernetes rounds to thousandths of a core, and to bytes.
        (Some(left), Some(right)) => (left - right).abs() < 0.0005,
        _ => false,
    }
}

fn amount(text: &str) -> Option<f64> {
    if let Some((suffix, power)) = BINARY.iter().find(|(suffix, _)| text.ends_with(suffix)) {
        let number: f64 = text.strip_suffix(suffix)?.parse().ok()?;
        return Some(number * 2_f64.powi(*power));
    }
    // `1e3` has an exponent, `1E` a suffix.
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (suffix, power) = DECIMAL.iter().find(|(suffix, _)| text.ends_with(suffix))?;
    let number: f64 = text.strip_suffix(suffix)?.parse().ok()?;
    Some(number * 10_f64.powi(*power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_count_and_not_how_they_are_written() {
        for (left, right, expected) in [
            ("500m", "0.5", true),
            ("1", "1000m", true),
            ("1Gi", "1073741824", true),
            ("1Gi", "1024Mi", true),
            ("1G", "1e9", true),
            ("2E", "2e18", true),
            ("1500u", "1.5m", true),
            ("500m", "501m", false),
            ("1Gi", "1G", false),
            ("odd", "odd", true),
            ("odd", "1", false),
        ] {
            assert_eq!(are_equal(left, right), expected, "{left} {right}");
        }
    }
}
