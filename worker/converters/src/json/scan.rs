//! JSON tokens, read by Jackson's rules: what `ObjectMapper.readTree` accepts, with its limits.
//!
//! Only the first value of a text is read; what follows is not looked at. What becomes of the tokens is the caller's:
//! a tree, values without a schema, or rows.

mod text;

use std::borrow::Cow;

use bytestring::ByteString;

use super::document::Document;
use super::number::Number;

/// Deepest nesting (`StreamReadConstraints`).
const DEPTH: usize = 1000;
/// Longest number, in characters.
const NUMBER: usize = 1000;
/// Longest name of a member, in bytes here, in UTF-16 units in Java.
pub(super) const NAME: usize = 50_000;
/// So many decimal digits fit 64 bits, whatever they are.
const SAFE_DIGITS: usize = 18;

/// The text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(super) struct Malformed {
    what: &'static str,
    at: usize,
    /// Jackson's name of the exception, which dead letters tell.
    pub(super) class: &'static str,
}

const SYNTAX: &str = "com.fasterxml.jackson.core.JsonParseException";
const END: &str = "com.fasterxml.jackson.core.io.JsonEOFException";
const LIMIT: &str = "com.fasterxml.jackson.core.exc.StreamConstraintsException";

/// How a value begins.
pub(super) enum Start {
    Object,
    Array,
    /// One without parts.
    Scalar,
}

/// A value without parts.
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Number(Number<'a>),
    Text(Cow<'a, str>),
}

/// Reads JSON text from front to back.
pub(super) struct Scanner<'a> {
    document: &'a Document<'a>,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(document: &'a Document<'a>) -> Self {
        Self { document, bytes: document.text.as_bytes(), at: 0, depth: 0 }
    }

    /// For text that stands inside of an object.
    pub(super) fn inside(document: &'a Document<'a>) -> Self {
        Self { depth: 1, ..Self::new(document) }
    }

    /// What it went over so far.
    pub(super) fn passed(&self) -> &'a [u8] {
        &self.bytes[..self.at]
    }

    /// The same text as part of the document, where it is one.
    pub(super) fn share(&self, text: Cow<'a, str>) -> ByteString {
        match text {
            Cow::Borrowed(part) => self.document.share(part),
            Cow::Owned(text) => text.into(),
        }
    }

    /// Reads the first value of the document; none if there is nothing but white space.
    pub(super) fn document<T, E: From<Malformed>>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        if self.bytes.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        self.space();
        let first = self.peek();
        let value = if first.is_some() { Some(read(self)?) } else { None };
        // Jackson wants space between values of a stream, and notices at once only behind a number.
        let is_number = matches!(first, Some(b'-' | b'0'..=b'9'));
        if is_number && !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
            return Err(self.error("a number runs into what follows it").into());
        }
        let is_closed = matches!(first, Some(b'{' | b'[' | b'"'));
        if self.document.is_cut && !is_closed && self.at == self.bytes.len() {
            return Err(self.error("the text is not UTF-8").into());
        }
        Ok(value)
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[cold]
    const fn error(&self, what: &'static str) -> Malformed {
        // What is not UTF-8 was cut off.
        let ends = self.at == self.bytes.len() && !self.document.is_cut;
        Malformed { what, at: self.at, class: if ends { END } else { SYNTAX } }
    }

    #[cold]
    const fn limit(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at, class: LIMIT }
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes this byte, after space.
    #[inline]
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes these bytes if they come next.
    #[inline]
    pub(super) fn takes_all(&mut self, expected: &[u8]) -> bool {
        let is_there = self.bytes[self.at..].starts_with(expected);
        if is_there {
            self.at += expected.len();
        }
        is_there
    }

    /// How the next value begins.
    #[inline]
    pub(super) fn start(&mut self) -> Start {
        self.space();
        match self.peek() {
            Some(b'{') => Start::Object,
            Some(b'[') => Start::Array,
            _ => Start::Scalar,
        }
    }

    /// A value that begins as neither object nor array.
    #[inline]
    pub(super) fn scalar(&mut self) -> Result<Scalar<'a>, Malformed> {
        match self.peek() {
            Some(b'"') => self.text().map(Scalar::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Scalar::Number),
            Some(b't') => self.word("true").map(|()| Scalar::Boolean(true)),
            Some(b'f') => self.word("false").map(|()| Scalar::Boolean(false)),
            Some(b'n') => self.word("null").map(|()| Scalar::Null),
            Some(_) => Err(self.error("no value begins like this")),
            None => Err(self.error("the text ends where a value is expected")),
        }
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), Malformed> {
        if !self.takes_all(word.as_bytes()) || self.peek().is_some_and(is_in_word) {
            return Err(self.error("an unknown word"));
        }
        Ok(())
    }

    /// Enters the array or object that begins here; whether there is anything in it. A loop of the caller goes through it,
    /// not a closure: what nests deep takes one frame less of the stack.
    pub(super) fn enter(&mut self, end: u8) -> Result<bool, Malformed> {
        self.at += 1;
        if self.depth == DEPTH {
            return Err(self.limit("arrays and objects nest too deep"));
        }
        let is_empty = self.takes(end);
        self.depth += usize::from(!is_empty);
        Ok(!is_empty)
    }

    /// Whether there is more in the array or object that was entered. If not, it is left.
    pub(super) fn goes_on(&mut self, end: u8) -> Result<bool, Malformed> {
        if self.takes(b',') {
            return Ok(true);
        }
        if !self.takes(end) {
            return Err(self.error("neither a comma nor the end of what was begun"));
        }
        self.depth -= 1;
        Ok(false)
    }

    /// The name of a member and its colon.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.error("the name of a member is no text"));
        }
        let name = self.quoted(NAME)?;
        if self.takes(b':') { Ok(name) } else { Err(self.error("a member has no colon")) }
    }

    /// A number that is nothing but digits and fits; none is left as it stands.
    #[inline]
    pub(super) fn small_integer(&mut self) -> Option<i64> {
        let start = self.at + usize::from(self.peek() == Some(b'-'));
        let (mut at, mut magnitude) = (start, 0_i64);
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(at) {
            magnitude = magnitude.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            at += 1;
        }
        let goes_on = matches!(self.bytes.get(at), Some(b'.' | b'e' | b'E'));
        if !(1..=SAFE_DIGITS).contains(&(at - start)) || goes_on {
            return None;
        }
        let is_negative = start > self.at;
        self.at = at;
        Some(if is_negative { -magnitude } else { magnitude })
    }

    /// A number. It begins here.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number<'a>, Malformed> {
        self.small_integer().map_or_else(|| self.long_number(), |it| Ok(Number::Integer(it)))
    }

    fn long_number(&mut self) -> Result<Number<'a>, Malformed> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        self.digits("a number has no digits")?;
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            is_integer = false;
            self.digits("a point has no digits after it")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            is_integer = false;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("an exponent has no digits")?;
        }
        if self.at - start > NUMBER {
            return Err(self.limit("a number is too long"));
        }
        let text = self.piece(start);
        if !is_integer {
            return Ok(Number::Fraction(text));
        }
        Ok(text.parse().map_or(Number::Big(text), Number::Integer))
    }

    fn digits(&mut self, missing: &'static str) -> Result<(), Malformed> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error(missing)) } else { Ok(()) }
    }
}

/// Letters, digits, `_`: what `Character.isJavaIdentifierPart` takes of the first 128 from the digits on; Jackson looks
/// no further.
const fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x7f) || byte >= 0x80
}
