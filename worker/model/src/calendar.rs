//! Days since the epoch as year, month and day: the calendar that `java.util.GregorianCalendar` has, which is the Julian
//! one before 15 October 1582.

/// The first day of the Gregorian calendar, in days since the epoch.
const CUT_OVER: i64 = -141_427;

/// Year (0 is 1 BC), month from 1, day from 1.
pub(crate) const fn civil(days: i64) -> (i64, i64, i64) {
    if days >= CUT_OVER { gregorian(days) } else { julian(days) }
}

/// Counts from 1 March of year 0, so that the leap day ends a year.
const fn gregorian(days: i64) -> (i64, i64, i64) {
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
        }
    }
}
