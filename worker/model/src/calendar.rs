//! Days since the epoch as year, month and day: the calendar that `java.util.GregorianCalendar` has, which is the Julian
//! one before 15 October 1582.

/// The first day of the Gregorian calendar, in days since the epoch.
pub const CUT_OVER: i64 = -141_427;

/// Year (0 is 1 BC), month from 1, day from 1.
pub const fn civil(days: i64) -> (i64, i64, i64) {
    if days >= CUT_OVER { gregorian(days) } else { julian(days) }
}

/// The year in which the Gregorian calendar began.
const CUT_OVER_YEAR: i64 = 1582;

/// The day that a date is; months and days beyond their range count on into the next year or month, as in a lenient
/// `GregorianCalendar`. `year` 0 is 1 BC. What begins in an old year is counted in the old calendar, however far.
pub(crate) const fn days(year: i64, month: i64, day: i64) -> i64 {
    let is_old = year < CUT_OVER_YEAR;
    // Java keeps the year in 32 bits.
    let year = (year + (month - 1).div_euclid(12)) as i32 as i64;
    let month = (month - 1).rem_euclid(12) + 1;
    let gregorian = gregorian_day(year, month, day);
    if !is_old && gregorian >= CUT_OVER { gregorian } else { julian_day(year, month, day) }
}

/// Year (0 is 1 BC), month from 1, day from 1 by the Gregorian calendar, whenever that was.
pub const fn gregorian(days: i64) -> (i64, i64, i64) {
    // From 1 March of year 0, so that the leap day ends a year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    from_march(year_of_era + era * 400, day_of_year)
}

const fn julian(days: i64) -> (i64, i64, i64) {
    let days = days + 719_470;
    let era = days.div_euclid(1_461);
    let day_of_era = days.rem_euclid(1_461);
    let year_of_era = (day_of_era - day_of_era / 1_460) / 365;
    from_march(year_of_era + era * 4, day_of_era - 365 * year_of_era)
}

/// Days since the epoch of a date by the Gregorian calendar, whenever that was. Months and days count from 1.
pub const fn gregorian_day(year: i64, month: i64, day: i64) -> i64 {
    let (year, day_of_year) = to_march(year, month, day);
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + 365 * year + year / 4 - year / 100 + day_of_year - 719_468
}

/// Days since the epoch of a date by the Julian calendar. Months and days count from 1.
pub const fn julian_day(year: i64, month: i64, day: i64) -> i64 {
    let (year, day_of_year) = to_march(year, month, day);
    365 * year + year.div_euclid(4) + day_of_year - 719_470
}

/// A year that begins on 1 March, and the day in it from 0.
const fn to_march(year: i64, month: i64, day: i64) -> (i64, i64) {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    (year, (153 * month + 2) / 5 + day - 1)
}

/// `year` begins on 1 March; `day` counts from there.
const fn from_march(year: i64, day: i64) -> (i64, i64, i64) {
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (CUT_OVER, (1582, 10, 15)),
            (CUT_OVER - 1, (1582, 10, 4)),
            (-719_162, (1, 1, 3)),
            (-719_164, (1, 1, 1)),
            (-719_165, (0, 12, 31)),
        ] {
            assert_eq!(civil(days), date, "{days}");
            assert_eq!(super::days(date.0, date.1, date.2), days, "{date:?}");
            let back = if days < CUT_OVER { julian_day } else { gregorian_day };
            assert_eq!(back(date.0, date.1, date.2), days);
        }
    }

    #[test]
    fn dates_beyond_their_month_count_on() {
        for (date, days) in [
            ((2020, 13, 1), super::days(2021, 1, 1)),
            ((2020, 0, 1), super::days(2019, 12, 1)),
            ((2020, 2, 30), super::days(2020, 3, 1)),
            ((2020, 3, 0), super::days(2020, 2, 29)),
            ((1970, 1, -1), -2),
            ((1581, 24, 31), CUT_OVER + 77 + 10),
            // The ten days that the calendar left out are Julian ones.
            ((1582, 10, 10), CUT_OVER + 5),
        ] {
            assert_eq!(super::days(date.0, date.1, date.2), days, "{date:?}");
        }
    }
}
