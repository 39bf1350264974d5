//! Points in time as text: what Debezium writes for columns with a zone (ISO 8601 with an offset).

use sluice_plugin::model::calendar;

/// Microseconds since the epoch of a date and time with an offset; what is finer is cut off. None if it is no such text.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let (micros, offset) = zoned_time(time)?;
    let days = date_days(date)?;
    let seconds = days.checked_mul(86_400)?.checked_sub(offset.into())?;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// Microseconds of the day, and the offset in seconds, of a time with an offset.
pub(crate) fn zoned_time(text: &str) -> Option<(i64, i32)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time_micros(time)?, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (time, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let mut parts = offset[1..].split(':');
    let hours = two_digits(parts.next()?)?;
    let minutes = parts.next().map_or(Some(0), two_digits)?;
    let seconds = parts.next().map_or(Some(0), two_digits)?;
    if parts.next().is_some() || hours > 18 || minutes > 59 || seconds > 59 {
        return None;
    }
    let offset = i32::try_from(hours * 3_600 + minutes * 60 + seconds).ok()?;
    Some((time_micros(time)?, sign * offset))
}

fn time_micros(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let hours = two_digits(parts.next()?)?;
    let minutes = two_digits(parts.next()?)?;
    let seconds = parts.next().map_or(Some(0), two_digits)?;
    let is_clock =
        hours < 24 && minutes < 60 && seconds < 60 || (hours, minutes, seconds) == (24, 0, 0);
    if parts.next().is_some() || !is_clock || !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some((hours * 3_600 + minutes * 60 + seconds) * 1_000_000 + micros)
}

fn date_days(text: &str) -> Option<i64> {
    // Years before 0 and beyond 9999 have a sign.
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (-1, unsigned),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = unsigned.split('-');
    let year = parts.next().filter(|it| (4..=9).contains(&it.len()))?;
    let year =
        sign * year.bytes().all(|it| it.is_ascii_digit()).then(|| year.parse::<i64>().ok())??;
    let month = two_digits(parts.next()?)?;
    let day = two_digits(parts.next()?)?;
    let days = calendar::gregorian_day(year, month, day);
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let is_date = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && parts.next().is_none()
        && days < calendar::gregorian_day(next.0, next.1, 1);
    is_date.then_some(days)
}

fn two_digits(text: &str) -> Option<i64> {
    let is_two = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
    is_two.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T00:00Z", Some(0)),
            ("1970-01-01 01:00:00+01:00", Some(0)),
            ("1969-12-31T23:59:59.999999999Z", Some(-1)),
            ("2024-02-29T00:00:00-00:30", Some(1_709_166_600_000_000)),
            ("+12024-01-01T00:00:00Z", Some(317_273_587_200_000_000)),
            ("-0001-01-01T00:00:00Z", Some(-62_198_755_200_000_000)),
            ("2023-02-29T00:00:00Z", None),
            ("2024-13-01T00:00:00Z", None),
            ("2024-00-01T00:00:00Z", None),
            ("2024-01-01T25:00:00Z", None),
            ("2024-01-01T00:00:00", None),
            ("2024-01-01", None),
            ("2024-01-01T00:00:00.x1Z", None),
            ("2024-01-01T00:00:00+1:00", None),
            ("+999999999-01-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(instant(text), micros, "{text}");
        }
    }
}
