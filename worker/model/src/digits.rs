//! Decimal digits of every script, as `java.lang.Character.digit` knows them for one UTF-16 unit.

use std::borrow::Cow;

/// The zero of each script with decimal digits in the basic plane; its other digits follow it.
const ZEROS: [u16; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10,
];

/// The digit that a character is. Characters beyond the basic plane are two units in Java, and no digits.
pub fn digit(character: char) -> Option<u8> {
    if character.is_ascii() {
        return character.is_ascii_digit().then(|| character as u8 - b'0');
    }
    let code = u16::try_from(u32::from(character)).ok()?;
    let zero = ZEROS.into_iter().rfind(|zero| *zero <= code)?;
    u8::try_from(code - zero).ok().filter(|digit| *digit < 10)
}

/// The text with the digits of all scripts as those of ASCII.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let replaced = |it| digit(it).map_or(it, |digit| char::from(b'0' + digit));
    Cow::Owned(text.chars().map(replaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_have_ten_digits_each() {
        for (character, expected) in [
            ('0', Some(0)),
            ('9', Some(9)),
            (':', None),
            ('\u{661}', Some(1)),
            ('\u{66a}', None),
            ('\u{ff19}', Some(9)),
            ('\u{1d7ce}', None),
            ('a', None),
            ('\0', None),
        ] {
            assert_eq!(digit(character), expected, "{character}");
        }
        assert_eq!(ascii("-\u{661}.\u{ff15}e"), "-1.5e");
    }
}
