//! The few statistics that the tables use.

/// The middle value; of two, their mean. NaN if there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

/// The largest value. NaN if there is none.
pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}

/// The smallest value. NaN if there is none.
pub(crate) fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

/// The value below or at which this part of all sorted values lies. None if there is none.
pub(crate) fn quantile<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    // Rounding up is the definition of the nearest rank; floats of counts of this size are exact.
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// How far apart runs of the same thing lie: the largest over the smallest, less one.
pub(crate) fn spread(values: &[f64]) -> f64 {
    largest(values) / smallest(values) - 1.0
}

/// A ratio in words; one within the spread of equal runs is none.
pub(crate) fn verdict(ratio: f64, spread: f64) -> String {
    let distance = if ratio < 1.0 { 1.0 / ratio } else { ratio } - 1.0;
    if !distance.is_finite() {
        "not measured".to_owned()
    } else if distance <= spread {
        format!("no difference ({ratio:.2}x)")
    } else if ratio < 1.0 {
        format!("{ratio:.2}x (worse)")
    } else {
        format!("**{ratio:.2}x**")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn the_median_needs_no_order() {
        for (values, expected) in
            [(vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 3.0], 2.5)]
        {
            assert!(near(median(&values), expected), "{values:?}");
        }
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn quantiles_are_values_that_were_there() {
        let hundred: Vec<u32> = (1..=100).collect();
        for (part, expected) in [(0.0, 1), (0.5, 50), (0.99, 99), (0.999, 100), (1.0, 100)] {
            assert_eq!(quantile(&hundred, part), Some(expected), "{part}");
        }
        assert_eq!(quantile(&[7], 0.5), Some(7));
        assert_eq!(quantile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn the_spread_is_of_the_outermost_values() {
        assert!(near(spread(&[1.1, 1.0, 1.25]), 0.25));
        assert!(near(spread(&[2.0]), 0.0));
        assert!(spread(&[]).is_nan());
    }

    #[test]
    fn a_ratio_within_the_spread_is_no_difference() {
        for (ratio, spread, expected) in [
            (1.5, 0.1, "**1.50x**"),
            (1.05, 0.1, "no difference (1.05x)"),
            (0.95, 0.1, "no difference (0.95x)"),
            (0.5, 0.1, "0.50x (worse)"),
            (f64::NAN, 0.1, "not measured"),
        ] {
            assert_eq!(verdict(ratio, spread), expected);
        }
    }
}
