//! Texts between quotes, with their escapes.

use std::borrow::Cow;

use super::{Malformed, Scanner};
use crate::json::plain::plain_length;

/// Longest text.
const TEXT: usize = 100_000_000;

impl<'a> Scanner<'a> {
    /// A text between quotes, without a copy where nothing is escaped. It begins here.
    #[inline]
    pub(in crate::json) fn text(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.quoted(TEXT)
    }

    #[inline]
    pub(super) fn quoted(&mut self, limit: usize) -> Result<Cow<'a, str>, Malformed> {
        let start = self.at + 1;
        let end = start + plain_length(&self.bytes[start..]);
        if self.bytes.get(end) == Some(&b'"') && end - start <= limit {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.document.text[start..end]));
        }
        self.escaped(limit)
    }

    /// The same where something is escaped, or wrong.
    #[cold]
    fn escaped(&mut self, limit: usize) -> Result<Cow<'a, str>, Malformed> {
        self.at += 1;
        let mut unescaped: Option<String> = None;
        loop {
            let start = self.at;
            self.at += plain_length(&self.bytes[start..]);
            match self.peek() {
                Some(b'"') => {
                    let rest = self.piece(start);
                    self.at += 1;
                    let text = match unescaped {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    };
                    if text.len() > limit {
                        return Err(self.limit("a text is too long"));
                    }
                    return Ok(text);
                }
                Some(b'\\') => {
                    let piece = self.piece(start);
                    let text = unescaped.get_or_insert_default();
                    text.push_str(piece);
                    text.push(self.escape()?);
                }
                Some(_) => return Err(self.error("a text has a control character")),
                None => return Err(self.error("a text does not end, or is not UTF-8")),
            }
        }
    }

    /// What was read from `start` on. Both ends lie beside ASCII.
    pub(super) fn piece(&self, start: usize) -> &'a str {
        &self.document.text[start..self.at]
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        let escaped = self.bytes.get(self.at + 1).copied();
        self.at += 2;
        Ok(match escaped {
            Some(it @ (b'"' | b'\\' | b'/')) => char::from(it),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.code_point()?,
            _ => return Err(self.error("an unknown escape")),
        })
    }

    /// After `\u`. Half of a surrogate pair stands for no character: it is replaced.
    fn code_point(&mut self) -> Result<char, Malformed> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, Malformed> {
        let digits = self.bytes.get(self.at..self.at + 4);
        let code = digits.and_then(|it| {
            it.iter().try_fold(0, |code, it| Some(code << 4 | char::from(*it).to_digit(16)?))
        });
        let code = code.ok_or_else(|| self.error("an escape has no four digits"))?;
        self.at += 4;
        Ok(code)
    }
}
