//! The fields of a moment: `java.util.GregorianCalendar`, which has Julian dates before 15 October 1582.

use sluice_plugin::model::{calendar, logical::DAY};

/// The year in which the calendar changed.
const CUT_OVER_YEAR: i32 = 1582;

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
        if self.month == 12 && self.week_of_year() == 1 { self.year + 1 } else { self.year }
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
const fn on_or_before(days: i64, wanted: i64) -> i64 {
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

/// Fields of `java.util.Calendar` that a text can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Era,
    Year,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfMonth,
    DayOfYear,
    DayOfWeek,
    DayOfWeekInMonth,
    AmPm,
    Hour,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
    ZoneOffset,
    WeekYear,
}

const NAMES: usize = 17;

/// Fields that were set, and in which order: the latest win.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    values: [i32; NAMES],
    stamps: [u32; NAMES],
    latest: u32,
}

/// What decides the day within the year.
enum DayBy {
    Month,
    WeekOfMonth,
    DayOfWeekInMonth,
    DayOfYear,
    WeekOfYear,
}

impl Fields {
    pub(super) const fn set(&mut self, name: Name, value: i32) {
        self.latest += 1;
        self.values[name as usize] = value;
        self.stamps[name as usize] = self.latest;
    }

    /// The same, a hundred years on.
    pub(super) const fn add_century(&mut self) {
        self.values[Name::Year as usize] = self.get(Name::Year).wrapping_add(100);
        self.values[Name::WeekYear as usize] = self.get(Name::WeekYear).wrapping_add(100);
    }

    const fn get(&self, name: Name) -> i32 {
        self.values[name as usize]
    }

    const fn stamp(&self, name: Name) -> u32 {
        self.stamps[name as usize]
    }

    const fn is_set(&self, name: Name) -> bool {
        self.stamp(name) > 0
    }

    fn value_or(&self, name: Name, default: i32) -> i32 {
        if self.is_set(name) { self.get(name) } else { default }
    }

    /// The later of two fields, if both are set.
    fn both(&self, one: Name, other: Name) -> u32 {
        if self.is_set(one) && self.is_set(other) {
            self.stamp(one).max(self.stamp(other))
        } else {
            0
        }
    }

    /// Milliseconds since the epoch. Fields out of range flow over into the next larger ones.
    pub(super) fn millis(&self) -> i64 {
        let time = self.time_of_day();
        let days = if self.stamp(Name::WeekYear) > self.stamp(Name::Year) {
            self.week_date() + time.div_euclid(DAY)
        } else {
            self.days(time.div_euclid(DAY))
        };
        days.wrapping_mul(DAY)
            .wrapping_add(time.rem_euclid(DAY))
            .wrapping_sub(i64::from(self.get(Name::ZoneOffset)))
    }

    fn time_of_day(&self) -> i64 {
        let of = |name| i64::from(self.get(name));
        let by_halves = self.both(Name::Hour, Name::AmPm);
        let by_day = self.stamp(Name::HourOfDay);
        let hours = if by_day > 0 && by_day >= by_halves {
            of(Name::HourOfDay)
        } else {
            of(Name::Hour) + 12 * of(Name::AmPm)
        };
        ((hours * 60 + of(Name::Minute)) * 60 + of(Name::Second)) * 1000 + of(Name::Millisecond)
    }

    fn year(&self, year: i32) -> i32 {
        let is_before_christ = self.is_set(Name::Era) && self.get(Name::Era) == 0;
        if is_before_christ { 1_i32.wrapping_sub(year) } else { year }
    }

    /// Days since the epoch; `carry` are those that the time of day flows over by. Mirrors `computeTime`.
    fn days(&self, carry: i64) -> i64 {
        let by = self.day_by();
        let year = self.year(self.value_or(Name::Year, 1970));
        let gregorian = || carry + self.day_in(year, &by, calendar::gregorian_day);
        let julian = || carry + self.day_in(year, &by, calendar::julian_day);
        let is_new = |days: i64| days >= calendar::CUT_OVER;
        let new = if year >= CUT_OVER_YEAR { Some(gregorian()) } else { None };
        if year > CUT_OVER_YEAR
            && let Some(days) = new.filter(|it| is_new(*it))
        {
            return days;
        }
        let old = julian();
        let new = new.unwrap_or(old);
        if matches!(by, DayBy::DayOfYear | DayBy::WeekOfYear) || !is_new(old) {
            return old;
        }
        if is_new(new) { new } else { old }
    }

    /// Which of the ways to name a day was used last (`Calendar.selectFields`).
    fn day_by(&self) -> DayBy {
        use Name::{DayOfMonth, DayOfWeek, DayOfWeekInMonth, DayOfYear, WeekOfMonth, WeekOfYear};
        let mut of_month = self.stamp(DayOfMonth);
        let mut week_of_month = self.both(WeekOfMonth, DayOfWeek);
        let mut in_month = self.both(DayOfWeekInMonth, DayOfWeek);
        let of_year = self.stamp(DayOfYear);
        let mut week_of_year = self.both(WeekOfYear, DayOfWeek);
        let mut best = of_month.max(week_of_month).max(in_month).max(of_year).max(week_of_year);
        if best == 0 {
            week_of_month = self.stamp(WeekOfMonth);
            in_month = self.stamp(DayOfWeekInMonth).max(self.stamp(DayOfWeek));
            week_of_year = self.stamp(WeekOfYear);
            best = week_of_month.max(in_month).max(week_of_year);
            if best == 0 {
                of_month = self.stamp(Name::Month);
                best = of_month;
            }
        }
        let is_before_year = |name| self.stamp(name) >= self.stamp(WeekOfYear);
        if best == of_month {
            DayBy::Month
        } else if best == week_of_month && is_before_year(WeekOfMonth)
            || best == in_month && is_before_year(DayOfWeekInMonth)
        {
            let is_tie = week_of_month == in_month;
            let by_week = if is_tie {
                self.stamp(WeekOfMonth) >= self.stamp(DayOfWeekInMonth)
            } else {
                best == week_of_month
            };
            if by_week { DayBy::WeekOfMonth } else { DayBy::DayOfWeekInMonth }
        } else if best == of_year {
            DayBy::DayOfYear
        } else {
            DayBy::WeekOfYear
        }
    }

    /// Days since the epoch in one of the calendars (`GregorianCalendar.getFixedDate`).
    fn day_in(&self, year: i32, by: &DayBy, first: fn(i64, i64, i64) -> i64) -> i64 {
        let weekday = |default| i64::from(self.value_or(Name::DayOfWeek, default));
        match by {
            DayBy::DayOfYear => first(year.into(), 1, 1) + i64::from(self.get(Name::DayOfYear)) - 1,
            DayBy::WeekOfYear => {
                let start = first_week(first(year.into(), 1, 1), weekday(1));
                start + 7 * (i64::from(self.get(Name::WeekOfYear)) - 1)
            }
            DayBy::Month | DayBy::WeekOfMonth | DayBy::DayOfWeekInMonth => {
                let month = self.get(Name::Month);
                let year = year.wrapping_add(month.div_euclid(12));
                let month = i64::from(month.rem_euclid(12)) + 1;
                let start = first(year.into(), month, 1);
                match by {
                    DayBy::Month => start + i64::from(self.value_or(Name::DayOfMonth, 1)) - 1,
                    DayBy::WeekOfMonth => {
                        // Java multiplies in 32 bits as well.
                        let weeks = self.get(Name::WeekOfMonth).wrapping_sub(1).wrapping_mul(7);
                        first_week(start, weekday(1)) + i64::from(weeks)
                    }
                    _ => {
                        let which = self.value_or(Name::DayOfWeekInMonth, 1);
                        let days = if which >= 0 {
                            i64::from(which.wrapping_mul(7))
                        } else {
                            let length = month_length(year, month);
                            i64::from(length.wrapping_add(which.wrapping_add(1).wrapping_mul(7)))
                        };
                        on_or_before(start + days - 1, weekday(1))
                    }
                }
            }
        }
    }

    /// Days since the epoch of a week's day in the year that the week counts in (`GregorianCalendar.setWeekDate`).
    fn week_date(&self) -> i64 {
        let mut week = self.value_or(Name::WeekOfYear, 1);
        let mut day = self.value_or(Name::DayOfWeek, 1);
        if !(1..=7).contains(&day) {
            // A day of the week that there is not came by its ISO number.
            if day >= 8 {
                day -= 1;
                week = week.wrapping_add(day / 7);
                day = day % 7 + 1;
            } else {
                week = week.wrapping_add((day - 1).div_euclid(7));
                day = (day - 1).rem_euclid(7) + 1;
            }
            day = if day == 7 { 1 } else { day + 1 };
        }
        let mut of_first_week = Self::default();
        if self.is_set(Name::Era) {
            of_first_week.set(Name::Era, self.get(Name::Era));
        }
        of_first_week.set(Name::Year, self.get(Name::WeekYear));
        of_first_week.set(Name::WeekOfYear, 1);
        of_first_week.set(Name::DayOfWeek, 1);
        let days = week.wrapping_sub(1).wrapping_mul(7).wrapping_add(day - 1);
        of_first_week.days(0) + i64::from(days)
    }
}

/// The day of the week in the first week of a period.
const fn first_week(start: i64, weekday: i64) -> i64 {
    let sunday = on_or_before(start + 6, 1);
    let sunday = if sunday > start { sunday - 7 } else { sunday };
    on_or_before(sunday + 6, weekday)
}

fn month_length(year: i32, month: i64) -> i32 {
    let is_leap = year % 4 == 0 && (year <= CUT_OVER_YEAR || year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
