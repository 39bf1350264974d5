//! Clocks and calendars: what a clock of `db.timezone` shows, and days that the Julian calendar counts.

use jiff::{Timestamp, tz::TimeZone};
use sluice_plugin::model::calendar::{CUT_OVER, gregorian, julian_day};

use crate::Moment;

const DAY: i64 = 86_400;

/// The point in time at which clocks of the zone show this. Of an hour that comes twice it is the second, and one that is
/// left out counts on, as in `java.util.GregorianCalendar`. None beyond the years that zones are known for.
pub(super) fn instant(local: Moment, zone: &TimeZone) -> Option<Moment> {
    if *zone == TimeZone::UTC {
        return Some(local);
    }
    let civil = TimeZone::UTC.to_datetime(Timestamp::from_second(local.seconds).ok()?);
    let found = zone.to_ambiguous_timestamp(civil).later().ok()?;
    Some(Moment { seconds: found.as_second(), ..local })
}

/// What clocks of the zone show at a point in time.
pub(super) fn local(instant: Moment, zone: &TimeZone) -> Option<Moment> {
    if *zone == TimeZone::UTC {
        return Some(instant);
    }
    let east = zone.to_offset(Timestamp::from_second(instant.seconds).ok()?).seconds();
    Some(Moment { seconds: instant.seconds + i64::from(east), ..instant })
}

/// The day that `java.util.Date` makes of a date: before the Gregorian calendar began, the Julian one counts.
pub(super) const fn legacy_day(days: i64) -> i64 {
    if days >= CUT_OVER {
        return days;
    }
    let (year, month, day) = gregorian(days);
    julian_day(year, month, day)
}

/// The same for a date with its time.
pub(super) const fn legacy(moment: Moment) -> Moment {
    let (days, second) = (moment.seconds.div_euclid(DAY), moment.seconds.rem_euclid(DAY));
    Moment { seconds: legacy_day(days) * DAY + second, ..moment }
}

/// `yyyy-MM-ddTHH:mm:ss` and so many digits of the second.
pub(super) fn iso(moment: Moment, digits: usize) -> String {
    let (days, second) = (moment.seconds.div_euclid(DAY), moment.seconds.rem_euclid(DAY));
    let (year, month, day) = gregorian(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let nanos = format!("{:09}", moment.nanos);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{}", &nanos[..digits])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_read_as_java_reads_them() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        for (shown, expected) in [
            ("2024-01-31T12:00:00Z", "2024-01-31T11:00:00Z"),
            ("2024-07-31T12:00:00Z", "2024-07-31T10:00:00Z"),
            // Left out, and twice.
            ("2024-03-31T02:30:00Z", "2024-03-31T01:30:00Z"),
            ("2024-10-27T02:30:00Z", "2024-10-27T01:30:00Z"),
        ] {
            let moment = |text: &str| {
                let at: Timestamp = text.parse().expect(text);
                Moment { seconds: at.as_second(), nanos: 7 }
            };
            let found = instant(moment(shown), &berlin).expect("a time");
            assert_eq!(found, moment(expected), "{shown}");
            if !shown.contains("-03-31") {
                assert_eq!(local(found, &berlin), Some(moment(shown)));
            }
        }
        assert_eq!(instant(Moment { seconds: i64::MAX, nanos: 0 }, &berlin), None);
    }

    #[test]
    fn old_days_are_counted_in_the_julian_calendar() {
        assert_eq!(legacy_day(CUT_OVER), CUT_OVER);
        // 1500-01-01 was nine days earlier by the Gregorian calendar.
        assert_eq!(legacy_day(-171_664) - -171_664, 9);
        assert_eq!(iso(Moment { seconds: -1, nanos: 1_002_000 }, 6), "1969-12-31T23:59:59.001002");
    }
}
