//! Moments as text.

use std::fmt::Write;

use sluice_plugin::model::logical::DAY;

use super::{civil::Civil, pattern::Item};

/// Full names; short ones are their first three letters.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Full names from Sunday on; short ones are their first three letters.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) const ZONE_NAME: &str = "Coordinated Universal Time";

pub(super) fn write(items: &[Item], millis: i64, out: &mut String) {
    let date = Civil::of(millis);
    let time = millis.rem_euclid(DAY);
    for item in items {
        match item {
            Item::Literal(text) => out.push_str(text),
            Item::Field(letter, count) => field(*letter, *count, &date, time, out),
        }
    }
}

fn field(letter: u8, count: usize, date: &Civil, time: i64, out: &mut String) {
    let hour = time / 3_600_000;
    let number = match letter {
        b'G' => return out.push_str(if date.is_before_christ() { "BC" } else { "AD" }),
        b'y' => return year(date.year_of_era(), count, out),
        b'Y' => return year(date.week_year(), count, out),
        b'M' | b'L' if count >= 3 => {
            return name(&MONTHS, date.month, count, out);
        }
        b'E' => return name(&WEEKDAYS, date.weekday(), count, out),
        b'a' => return out.push_str(if hour < 12 { "AM" } else { "PM" }),
        b'z' => return out.push_str(if count < 4 { "UTC" } else { ZONE_NAME }),
        b'Z' => return out.push_str("+0000"),
        b'X' => return out.push('Z'),
        b'M' | b'L' => date.month,
        b'd' => date.day,
        b'k' => (hour + 23) % 24 + 1,
        b'H' => hour,
        b'K' => hour % 12,
        b'h' => (hour + 11) % 12 + 1,
        b'm' => time / 60_000 % 60,
        b's' => time / 1000 % 60,
        b'S' => time % 1000,
        b'D' => date.day_of_year(),
        b'F' => date.weekday_in_month(),
        b'w' => date.week_of_year(),
        b'W' => date.week_of_month(),
        b'u' => (date.weekday() + 5) % 7 + 1,
        _ => return,
    };
    padded(number, count, out);
}

fn name(names: &[&str], number: i64, count: usize, out: &mut String) {
    let name = usize::try_from(number - 1).ok().and_then(|it| names.get(it)).unwrap_or(&"");
    out.push_str(if count >= 4 { name } else { &name[..3] });
}

/// Two letters mean the last two digits.
fn year(year: i64, count: usize, out: &mut String) {
    padded(if count == 2 { year % 100 } else { year }, count, out);
}

fn padded(number: i64, count: usize, out: &mut String) {
    let sign = if number < 0 { "-" } else { "" };
    let digits = number.unsigned_abs();
    // Writing to a string cannot fail.
    let _ = write!(out, "{sign}{digits:0count$}");
}

#[cfg(test)]
mod tests {
    use super::super::DateFormat;

    #[test]
    fn moments_are_written_as_java_writes_them() {
        const THEN: i64 = 1_700_000_000_123;
        const LONG_AGO: i64 = -100_000_000_000_000;
        for (pattern, now, then) in [
            ("G", "AD", "BC"),
            ("yyyy", "2023", "1200"),
            ("yy", "23", "00"),
            ("y", "2023", "1200"),
            ("YYYY", "2023", "-1199"),
            ("MMM MMMM", "Nov November", "Feb February"),
            ("E EEEE", "Tue Tuesday", "Thu Thursday"),
            ("w", "46", "9"),
            ("W", "3", "4"),
            ("DDD", "318", "057"),
            ("F", "2", "4"),
            ("u", "2", "4"),
            ("k K h H", "22 10 10 22", "14 2 2 14"),
            ("mm:ss.SSS a", "13:20.123 PM", "13:20.000 PM"),
            (
                "z zzzz Z X",
                "UTC Coordinated Universal Time +0000 Z",
                "UTC Coordinated Universal Time +0000 Z",
            ),
        ] {
            let format = DateFormat::new(pattern, THEN).expect("a pattern");
            for (millis, expected) in [(THEN, now), (LONG_AGO, then)] {
                let mut out = String::new();
                format.write(millis, &mut out);
                assert_eq!(out, expected, "{pattern} {millis}");
            }
        }
    }
}
