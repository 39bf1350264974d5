//! Points in time as Java's `Instant.toString` writes them.

use sluice_plugin::model::calendar;

const DAY: i64 = 86_400_000;

/// A point in time, in milliseconds since the epoch, as ISO 8601 in UTC; a fraction only if there is one.
pub(crate) fn text(millis: i64) -> String {
    let (year, month, day) = calendar::civil(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    let fraction = match rest % 1_000 {
        0 => String::new(),
        millis => format!(".{millis:03}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_java_writes_them() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
        ] {
            assert_eq!(super::text(millis), text);
        }
    }
}
