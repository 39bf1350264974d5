//! Dates of `java.util.GregorianCalendar`, which has Julian ones before 15 October 1582.

use sluice_plugin::model::{calendar, logical::DAY};

/// The year in which the calendar changed.
pub(super) const CUT_OVER_YEAR: i32 = 1582;

/// A date with what a calendar says about it. Months and days count from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Civil {
    days: i64,
    /// 0 is 1 BC.
    year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

impl Civil {
    /// The date of a moment in milliseconds since the epoch.
    pub(super) const fn of(millis: i64) -> Self {
        let days = millis.div_euclid(DAY);
        let (year, month, day) = calendar::civil(days);
        Self { days, year, month, day }
    }

    /// Years are counted from 1 in both directions.
    pub(super) const fn year_of_era(&self) -> i64 {
        if self.is_before_christ() { 1 - self.year } else { self.year }
    }

    pub(super) const fn is_before_christ(&self) -> bool {
        self.year <= 0
    }

    /// From 1 for Sunday.
    pub(super) const fn weekday(&self) -> i64 {
        weekday(self.days)
    }

    pub(super) const fn day_of_year(&self) -> i64 {
        self.days - first_of_year(self.year) + 1
    }

    /// Weeks begin on Sunday; the first is the one with the first day of the year, and so is the last of the year before.
    pub(super) const fn week_of_year(&self) -> i64 {
        let week = week_number(first_of_year(self.year), self.days);
        if week >= 52 {
            let next = first_of_year(self.year + 1);
            let sunday = on_or_before(next + 6, 1);
            if sunday > next && self.days >= sunday - 7 {
                return 1;
            }
        }
        week
    }

    pub(super) const fn week_of_month(&self) -> i64 {
        week_number(self.first_of_month(), self.days)
    }

    /// Which of the month's days of that name it is.
    pub(super) const fn weekday_in_month(&self) -> i64 {
        (self.days - self.first_of_month()) / 7 + 1
    }

    /// The year that the week counts in; 0 is 1 BC.
    pub(super) const fn week_year(&self) -> i64 {
        let is_in_next = if self.is_before_christ() {
            // Where Java looks for the next year before Christ, it finds the one of that number after Christ.
            let found = first_of_year(-self.year);
            first_of_year(self.year + 1) - self.days < weekday(found)
        } else {
            self.month == 12 && self.week_of_year() == 1
        };
        if is_in_next { self.year + 1 } else { self.year }
    }

    const fn first_of_month(&self) -> i64 {
        if self.year == CUT_OVER_YEAR as i64 && self.month == 10 {
            // The gap of ten days lies within this month.
            return calendar::julian_day(self.year, 10, 1);
        }
        self.days - self.day + 1
    }
}

const fn first_of_year(year: i64) -> i64 {
    if year > CUT_OVER_YEAR as i64 {
        calendar::gregorian_day(year, 1, 1)
    } else {
        calendar::julian_day(year, 1, 1)
    }
}

/// From 1 for Sunday.
const fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7) + 1
}

/// The last day with the weekday that is not after `days`.
pub(super) const fn on_or_before(days: i64, wanted: i64) -> i64 {
    days - (days + 4 - (wanted - 1)).rem_euclid(7)
}

const fn week_number(first: i64, days: i64) -> i64 {
    let sunday = on_or_before(first + 6, 1);
    let start = if sunday > first { sunday - 7 } else { sunday };
    (days - start).div_euclid(7) + 1
}

/// The same date some years on.
pub(super) const fn years_later(millis: i64, years: i64) -> i64 {
    let date = Civil::of(millis);
    let days = calendar::gregorian_day(date.year + years, date.month, date.day);
    days * DAY + millis.rem_euclid(DAY)
}

/// The day of the week in the first week of a period.
pub(super) const fn first_week(start: i64, weekday: i64) -> i64 {
    let sunday = on_or_before(start + 6, 1);
    let sunday = if sunday > start { sunday - 7 } else { sunday };
    on_or_before(sunday + 6, weekday)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `SimpleDateFormat("YYYY")` writes.
    #[test]
    fn weeks_at_the_end_of_years_before_christ_are_in_the_year_that_java_says() {
        for (millis, expected) in [
            (-62_136_288_000_000, 0),
            (-62_136_115_200_000, 1),
            (-62_167_996_800_000, -1),
            (-62_167_910_400_000, 0),
            (-62_199_014_400_000, -2),
            (-62_230_809_600_000, -3),
            (-62_230_550_400_000, -2),
            (-62_325_676_800_000, -6),
            (-62_325_504_000_000, -5),
            (-112_028_486_400_000, -1581),
            (-112_060_022_400_000, -1581),
            (-112_596_912_000_000, -1599),
            (-112_596_739_200_000, -1598),
            (-125_976_902_400_000, -2023),
            (-1_580_150_726_346_388_097, -50_069_986),
            (-5_781_305_361_415_937_770, -183_196_543),
        ] {
            assert_eq!(Civil::of(millis).week_year(), expected, "{millis}");
        }
    }
}
