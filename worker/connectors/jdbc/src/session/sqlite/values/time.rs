//! Dates and times as SQLite keeps them: text in the forms of its date functions, or milliseconds since the epoch, as
//! Java's driver writes them.

use sluice_plugin::model::calendar::{gregorian, gregorian_day};

use crate::{Cell, Moment};

const DAY: i64 = 86_400;

/// Text of a day.
pub(super) fn date_text(days: i64) -> String {
    let (year, month, day) = gregorian(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Text of a time of day, to the millisecond.
pub(super) fn time_text(nanos: i64) -> String {
    let (seconds, millis) = (nanos / 1_000_000_000, nanos / 1_000_000 % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Text of a date and time, to the millisecond, as Java's driver writes it.
pub(super) fn moment_text(moment: Moment) -> String {
    let (days, second) = (moment.seconds.div_euclid(DAY), moment.seconds.rem_euclid(DAY));
    let nanos = second * 1_000_000_000 + i64::from(moment.nanos);
    format!("{} {}", date_text(days), time_text(nanos))
}

/// The day of some milliseconds since the epoch.
pub(super) const fn date_of_millis(millis: i64) -> Cell {
    Cell::Date(millis.div_euclid(DAY * 1000))
}

/// The time of day of some milliseconds since the epoch.
pub(super) const fn time_of_millis(millis: i64) -> Cell {
    Cell::Time(millis.rem_euclid(DAY * 1000) * 1_000_000)
}

/// The point in time of some milliseconds since the epoch.
pub(super) const fn moment_of_millis(millis: i64) -> Cell {
    Cell::Instant(Moment::of_millis(millis))
}

/// A day as text; a time behind it is no day.
pub(super) fn date(text: &str) -> Option<Cell> {
    days(text).map(Cell::Date)
}

/// A time as text.
pub(super) fn time(text: &str) -> Option<Cell> {
    nanos(text).map(Cell::Time)
}

/// A date and time as text. With a zone behind it, it is a point in time.
pub(super) fn moment(text: &str) -> Option<Cell> {
    let (date, rest) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let days = days(date)?;
    let (time, zone) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => (&rest[..at], Some(offset(&rest[at..])?)),
        None => (rest, None),
    };
    let nanos = if time.is_empty() { 0 } else { nanos(time.trim_end())? };
    let seconds = days * DAY + nanos / 1_000_000_000;
    let moment = Moment { seconds, nanos: (nanos % 1_000_000_000) as u32 };
    Some(match zone {
        Some(east) => Cell::Instant(Moment { seconds: seconds - east, ..moment }),
        None => Cell::Local(moment),
    })
}

fn days(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && year.len() == 4 && month.len() == 2 && day.len() == 2;
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let days = gregorian_day(year, month, day);
    (is_whole && gregorian(days) == (year, month, day)).then_some(days)
}

fn nanos(text: &str) -> Option<i64> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let digits = format!("{fraction:0<9}");
    let fraction = number(digits.get(..9)?)?;
    let is_time = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    is_time.then_some((hour * 3600 + minute * 60 + second) * 1_000_000_000 + fraction)
}

/// `Z` or `+hh:mm` as seconds east.
fn offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    Some(sign * (number(hours)? * 3600 + number(minutes)? * 60))
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_the_forms_of_sqlite() {
        let local = |millis| Some(Cell::Local(Moment::of_millis(millis)));
        for (text, expected) in [
            ("1970-01-02", local(86_400_000)),
            ("1970-01-01 00:00:01", local(1000)),
            ("1970-01-01T00:01", local(60_000)),
            ("1970-01-01 00:00:01.5", local(1500)),
            ("1970-01-01 01:00:00+01:00", Some(Cell::Instant(Moment::of_millis(0)))),
            ("1970-01-01T00:00:00Z", Some(Cell::Instant(Moment::of_millis(0)))),
            ("1970-02-30 00:00:00", None),
            ("yesterday", None),
            ("1970-01-01 25:00:00", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for millis in [0, -1, 1_700_000_000_123, -62_135_596_800_000] {
            let at = Moment::of_millis(millis);
            assert_eq!(moment(&moment_text(at)), Some(Cell::Local(at)));
        }
        assert_eq!(time(&time_text(1_002_000_000)), Some(Cell::Time(1_002_000_000)));
    }
}
