//! JSON text as a tree, read by Jackson's rules: what `ObjectMapper.readTree` accepts, with its limits.
//!
//! Only the first value of a text is read; what follows is not looked at. Numbers may begin with zeros.

use std::borrow::Cow;

/// Deepest nesting (`StreamReadConstraints`).
const DEPTH: usize = 1000;
/// Longest number, in characters.
const NUMBER: usize = 1000;
/// Longest name of a member, in bytes here, in UTF-16 units in Java.
const NAME: usize = 50_000;
/// Longest text.
const TEXT: usize = 100_000_000;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Boolean(bool),
    /// A number without a point and an exponent that fits.
    Integer(i64),
    /// One that does not.
    BigInteger(&'a str),
    /// Any other number, as it stands.
    Fraction(&'a str),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// Members in order; of those with one name the last value, at the place of the first.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// The text is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(super) struct Malformed {
    what: &'static str,
    at: usize,
}

impl Node<'_> {
    /// `JsonNode.getNodeType`.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Boolean(_) => "BOOLEAN",
            Self::Integer(_) | Self::BigInteger(_) | Self::Fraction(_) => "NUMBER",
            Self::Text(_) => "STRING",
            Self::Array(_) => "ARRAY",
            Self::Object(_) => "OBJECT",
        }
    }

    /// The member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// Reads the first value of a text; none if there is nothing but white space.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Node<'_>>, Malformed> {
    Scanner::new(bytes).document()
}

/// Reads JSON text from front to back.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// Where it stands.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// Goes over text that is known to be a value.
    pub(super) fn skip_known(&mut self, text: &[u8]) -> bool {
        let is_there = self.bytes[self.at..].starts_with(text);
        if is_there {
            self.at += text.len();
        }
        is_there
    }

    fn document(&mut self) -> Result<Option<Node<'a>>, Malformed> {
        if self.bytes.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        self.space();
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let is_number = matches!(self.peek(), Some(b'-' | b'0'..=b'9'));
        let value = self.value()?;
        // Jackson wants space between values of a stream, and notices at once only behind a number.
        if is_number && !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
            return Err(self.error("a number runs into what follows it"));
        }
        Ok(Some(value))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    const fn error(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes this byte, after space.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.at += 1;
        }
        is_there
    }

    pub(super) fn value(&mut self) -> Result<Node<'a>, Malformed> {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.text(TEXT).map(Node::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Boolean(true)),
            Some(b'f') => self.word("false", Node::Boolean(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(_) => Err(self.error("no value begins like this")),
            None => Err(self.error("the text ends where a value is expected")),
        }
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, Malformed> {
        if !self.skip_known(word.as_bytes()) {
            return Err(self.error("an unknown word"));
        }
        match self.peek() {
            Some(it) if it >= b'0' && it != b']' && it != b'}' && is_in_word(it) => {
                Err(self.error("an unknown word"))
            }
            _ => Ok(node),
        }
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error("arrays and objects nest too deep"));
        }
        self.at += 1;
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    fn array(&mut self) -> Result<Node<'a>, Malformed> {
        self.nested(|it| {
            let mut items = Vec::new();
            if it.takes(b']') {
                return Ok(Node::Array(items));
            }
            loop {
                items.push(it.value()?);
                if it.takes(b']') {
                    return Ok(Node::Array(items));
                }
                if !it.takes(b',') {
                    return Err(it.error("an array goes on with neither , nor ]"));
                }
            }
        })
    }

    fn object(&mut self) -> Result<Node<'a>, Malformed> {
        self.nested(|it| {
            let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
            if it.takes(b'}') {
                return Ok(Node::Object(members));
            }
            loop {
                let name = it.name()?;
                let value = it.value()?;
                match members.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => members.push((name, value)),
                }
                if it.takes(b'}') {
                    return Ok(Node::Object(members));
                }
                if !it.takes(b',') {
                    return Err(it.error("an object goes on with neither , nor }"));
                }
            }
        })
    }

    /// The name of a member and its colon.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.error("the name of a member is no text"));
        }
        let name = self.text(NAME)?;
        if self.takes(b':') { Ok(name) } else { Err(self.error("a member has no colon")) }
    }

    fn number(&mut self) -> Result<Node<'a>, Malformed> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
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
            return Err(self.error("a number is too long"));
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        if !is_integer {
            return Ok(Node::Fraction(text));
        }
        Ok(text.parse().map_or(Node::BigInteger(text), Node::Integer))
    }

    fn digits(&mut self, missing: &'static str) -> Result<(), Malformed> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error(missing)) } else { Ok(()) }
    }

    /// A text between quotes, without a copy where nothing is escaped.
    fn text(&mut self, limit: usize) -> Result<Cow<'a, str>, Malformed> {
        self.at += 1;
        let mut unescaped: Option<String> = None;
        let mut start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = self.piece(start)?;
                    self.at += 1;
                    let text = match unescaped {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    };
                    if text.len() > limit {
                        return Err(self.error("a text is too long"));
                    }
                    return Ok(text);
                }
                Some(b'\\') => {
                    let piece = self.piece(start)?;
                    let text = unescaped.get_or_insert_default();
                    text.push_str(piece);
                    let escaped = self.escape()?;
                    text.push(escaped);
                    start = self.at;
                }
                Some(0..0x20) => return Err(self.error("a text has a control character")),
                Some(_) => self.at += 1,
                None => return Err(self.error("a text does not end")),
            }
        }
    }

    fn piece(&self, start: usize) -> Result<&'a str, Malformed> {
        std::str::from_utf8(&self.bytes[start..self.at])
            .map_err(|_| self.error("a text is not UTF-8"))
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
        self.at += 4;
        code.ok_or_else(|| self.error("an escape has no four digits"))
    }
}

/// Letters, digits, `_`, `$`: what `Character.isJavaIdentifierPart` takes of the first 128; Jackson looks no further.
const fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x7f) || byte >= 0x80
}
