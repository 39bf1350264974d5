//! Moments from text. Reading is lenient: numbers may be out of range, and what follows the last field is left alone.

use sluice_plugin::model::digits;

use super::{
    fields::{Fields, Name},
    pattern::Item,
    write::{MONTHS, WEEKDAYS, ZONE_NAME},
};

const MINUTE: i32 = 60_000;

/// A text by its UTF-16 units, which are what Java counts.
enum Text<'a> {
    Ascii(&'a [u8]),
    Wide(Vec<u16>),
}

impl Text<'_> {
    fn at(&self, index: usize) -> Option<char> {
        match self {
            Self::Ascii(bytes) => bytes.get(index).map(|it| char::from(*it)),
            Self::Wide(units) => {
                let unit = units.get(index)?;
                Some(char::from_u32(u32::from(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ascii(bytes) => bytes.len(),
            Self::Wide(units) => units.len(),
        }
    }

    /// Whether a name of ASCII letters stands here, in any case.
    fn has(&self, start: usize, name: &str) -> bool {
        name.chars().enumerate().all(|(index, it)| {
            self.at(start + index).is_some_and(|found| found.eq_ignore_ascii_case(&it))
        })
    }
}

pub(super) fn read(items: &[Item], century_start: i64, text: &str) -> Option<i64> {
    let text = if text.is_ascii() {
        Text::Ascii(text.as_bytes())
    } else {
        Text::Wide(text.encode_utf16().collect())
    };
    let mut reader =
        Reader { text, at: 0, fields: Fields::default(), century_start, is_ambiguous: false };
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Literal(literal) => reader.literal(literal)?,
            Item::Field(letter, count) => {
                let is_cut = matches!(items.get(index + 1), Some(Item::Field(next, count))
                    if takes_digits(*next, *count));
                reader.field(*letter, *count, is_cut)?;
            }
        }
    }
    if reader.at == 0 {
        return None;
    }
    let millis = reader.fields.millis();
    if reader.is_ambiguous && millis < century_start {
        reader.fields.add_century();
        return Some(reader.fields.millis());
    }
    Some(millis)
}

/// Whether digits follow a field at once, so that it must not take more than its own.
const fn takes_digits(next: u8, count: usize) -> bool {
    match next {
        b'M' | b'L' => count <= 2,
        b'G' | b'E' | b'a' | b'z' | b'Z' | b'X' => false,
        _ => true,
    }
}

struct Reader<'a> {
    text: Text<'a>,
    at: usize,
    fields: Fields,
    century_start: i64,
    is_ambiguous: bool,
}

impl Reader<'_> {
    fn literal(&mut self, literal: &str) -> Option<()> {
        let mut buffer = [0; 2];
        for expected in literal.chars() {
            for unit in expected.encode_utf16(&mut buffer) {
                let expected = char::from_u32(u32::from(*unit));
                let found = self.text.at(self.at)?;
                let is_same = expected.unwrap_or(char::REPLACEMENT_CHARACTER) == found;
                let are_spaces = expected.is_some_and(is_space) && is_space(found);
                (is_same || are_spaces).then_some(())?;
                self.at += 1;
            }
        }
        Some(())
    }

    fn field(&mut self, letter: u8, count: usize, is_cut: bool) -> Option<()> {
        let start = self.at;
        while matches!(self.text.at(self.at)?, ' ' | '\t') {
            self.at += 1;
        }
        let name = match letter {
            b'G' => return self.era(),
            b'M' | b'L' if count > 2 => return self.name_of(Name::Month, &MONTHS, 0),
            b'E' => return self.name_of(Name::DayOfWeek, &WEEKDAYS, 1),
            b'a' => {
                let half = ["AM", "PM"].iter().position(|it| self.text.has(self.at, it))?;
                self.fields.set(Name::AmPm, half as i32);
                self.at += 2;
                return Some(());
            }
            b'z' | b'Z' => return self.zone(),
            b'X' => return self.iso_zone(count),
            b'y' => Name::Year,
            b'Y' => Name::WeekYear,
            b'M' | b'L' => Name::Month,
            b'd' => Name::DayOfMonth,
            b'k' | b'H' => Name::HourOfDay,
            b'K' | b'h' => Name::Hour,
            b'm' => Name::Minute,
            b's' => Name::Second,
            b'S' => Name::Millisecond,
            b'D' => Name::DayOfYear,
            b'F' => Name::DayOfWeekInMonth,
            b'w' => Name::WeekOfYear,
            b'W' => Name::WeekOfMonth,
            _ => Name::DayOfWeek,
        };
        let end = if is_cut { Some(start + count) } else { None };
        if end.is_some_and(|it| it > self.text.len()) {
            return None;
        }
        let from = self.at;
        let number = self.number(end.unwrap_or_else(|| self.text.len()))?;
        let value = match letter {
            b'y' | b'Y' if count <= 2 && self.at - from == 2 && self.is_digit(from) => {
                self.in_century(number)
            }
            b'M' | b'L' => number.wrapping_sub(1),
            b'k' if number == 24 => 0,
            b'h' if number == 12 => 0,
            // Days that there are not stay as they are.
            b'u' if (1..=7).contains(&number) => number % 7 + 1,
            _ => number,
        };
        self.fields.set(name, value);
        Some(())
    }

    fn is_digit(&self, at: usize) -> bool {
        self.text.at(at).is_some_and(|it| it.is_ascii_digit())
    }

    /// A year of two digits.
    fn in_century(&mut self, number: i32) -> i32 {
        let start = super::civil::Civil::of(self.century_start).year_of_era() as i32;
        let turn = start % 100;
        self.is_ambiguous = number == turn;
        number + start / 100 * 100 + if number < turn { 100 } else { 0 }
    }

    /// An integer: a minus and digits. Bits that do not fit are lost, as in Java; beyond a long it stays at the limit.
    fn number(&mut self, end: usize) -> Option<i32> {
        let is_negative = self.at < end && self.text.at(self.at) == Some('-');
        let mut at = self.at + usize::from(is_negative);
        let first = at;
        let mut number: Option<i64> = Some(0);
        while at < end
            && let Some(digit) = self.text.at(at).and_then(digits::digit)
        {
            let digit = i64::from(digit);
            number = number.and_then(|it| it.checked_mul(10)?.checked_add(digit));
            at += 1;
        }
        if at == first {
            return None;
        }
        self.at = at;
        Some(match (number, is_negative) {
            (Some(number), false) => number as i32,
            (Some(number), true) => number.wrapping_neg() as i32,
            (None, false) => i32::MAX,
            (None, true) => i32::MIN,
        })
    }

    fn era(&mut self) -> Option<()> {
        let names = [("Before Christ", 0), ("Anno Domini", 1), ("BC", 0), ("AD", 1)];
        let (name, era) = names.into_iter().find(|(name, _)| self.text.has(self.at, name))?;
        self.fields.set(Name::Era, era);
        self.at += name.len();
        Some(())
    }

    /// A full name, or its first three letters.
    fn name_of(&mut self, field: Name, names: &[&str], first: i32) -> Option<()> {
        for length in [usize::MAX, 3] {
            let short = |it: &str| it.len().min(length);
            let found = names.iter().position(|it| self.text.has(self.at, &it[..short(it)]));
            if let Some(index) = found {
                self.fields.set(field, first + index as i32);
                self.at += short(names[index]);
                return Some(());
            }
        }
        None
    }

    /// `+hhmm`, `GMT`, `GMT+h:mm`, or a name of UTC.
    fn zone(&mut self) -> Option<()> {
        if let Some(sign) = self.sign() {
            self.at += 1;
            return self.offset(sign, 0, false);
        }
        if self.text.has(self.at, "GMT") {
            self.at += 3;
            let Some(sign) = self.sign() else {
                self.fields.set(Name::ZoneOffset, 0);
                return Some(());
            };
            self.at += 1;
            return self.offset(sign, 0, true);
        }
        let names = ["UTC", ZONE_NAME, "Greenwich Mean Time"];
        let name = names.into_iter().find(|it| self.text.has(self.at, it))?;
        self.at += name.len();
        Some(())
    }

    /// `Z` or `+hh`, `+hhmm`, `+hh:mm` for one, two or three letters.
    fn iso_zone(&mut self, count: usize) -> Option<()> {
        if self.text.at(self.at) == Some('Z') {
            self.at += 1;
            self.fields.set(Name::ZoneOffset, 0);
            return Some(());
        }
        let sign = self.sign()?;
        self.at += 1;
        self.offset(sign, count, count == 3)
    }

    fn sign(&self) -> Option<i32> {
        match self.text.at(self.at) {
            Some('+') => Some(1),
            Some('-') => Some(-1),
            _ => None,
        }
    }

    fn next_digit(&mut self) -> Option<i32> {
        let digit = self.text.at(self.at)?.to_digit(10)?;
        self.at += 1;
        Some(digit as i32)
    }

    /// Hours and, unless `count` is one, minutes (`subParseNumericZone`).
    fn offset(&mut self, sign: i32, count: usize, colon: bool) -> Option<()> {
        let mut hours = self.next_digit()?;
        // Java looks at the next character in any case.
        self.text.at(self.at)?;
        match self.next_digit() {
            Some(digit) => hours = hours * 10 + digit,
            None if count > 0 || !colon => return None,
            None => {}
        }
        if hours > 23 {
            return None;
        }
        let mut minutes = 0;
        if count != 1 {
            if colon {
                (self.text.at(self.at)? == ':').then_some(())?;
                self.at += 1;
            }
            minutes = self.next_digit()? * 10 + self.next_digit()?;
        }
        if minutes > 59 {
            return None;
        }
        self.fields.set(Name::ZoneOffset, sign * (hours * 60 + minutes) * MINUTE);
        Some(())
    }
}

/// What Unicode calls a space separator.
const fn is_space(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::super::DateFormat;

    #[test]
    fn texts_are_read_as_java_reads_them() {
        const NOW: i64 = 1_700_000_000_000;
        for (pattern, text, expected) in [
            ("yyyy-MM-dd", "2023-11-14", Some(1_699_920_000_000)),
            ("yyyy-MM-dd", "2023-11-14T22:00", Some(1_699_920_000_000)),
            ("yyyy-MM-dd", "2023-13-45", Some(1_707_868_800_000)),
            ("yyyyMMdd", "20231114", Some(1_699_920_000_000)),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2023-11-14T22:13:20.123Z", Some(1_700_000_000_123)),
            ("yyyy-MM-dd'T'HH:mm:ssXXX", "2023-11-14T23:13:20+01:00", Some(1_700_000_000_000)),
            ("yy", "23", Some(1_672_531_200_000)),
            ("yy", "44", Some(-820_540_800_000)),
            ("d MMM yyyy", "14 nov 2023", Some(1_699_920_000_000)),
            ("hh a", "12 AM", Some(0)),
            ("hh a", "12 PM", Some(43_200_000)),
            ("HH z", "05 GMT+01:00", Some(14_400_000)),
            ("HH z", "05 GMT+1", None),
            ("HH z", "05 UTC", Some(18_000_000)),
            ("HH Z", "05 +0100", Some(14_400_000)),
            ("yyyy-MM-dd", "-1-01-01", Some(-62_198_928_000_000)),
            ("yyyy", "x", None),
            ("yyyy-MM", "2023", None),
            ("yyyy", "", None),
        ] {
            let format = DateFormat::new(pattern, NOW).expect("a pattern");
            assert_eq!(format.read(text), expected, "{pattern} {text}");
        }
    }
}
