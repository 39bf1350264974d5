//! The fields of a moment, and the moment that they make: `java.util.GregorianCalendar.computeTime`, lenient.

use sluice_plugin::model::{calendar, logical::DAY};

use super::civil::{CUT_OVER_YEAR, first_week, on_or_before};

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

fn month_length(year: i32, month: i64) -> i32 {
    let is_leap = year % 4 == 0 && (year <= CUT_OVER_YEAR || year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
