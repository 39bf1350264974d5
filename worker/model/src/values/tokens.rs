//! The tokens of a value's text: delimiters, and what stands between them (`Values.Parser`).

/// Cuts text at `: , { } [ ] "`, unless a backslash stands before them. The backslashes stay.
///
/// One token can be looked at before it is taken. Blank ones before a token that is looked for are passed over for good,
/// even if another is found: what [`Self::mark`] then returns lies behind them.
pub(super) struct Tokens<'a> {
    text: &'a str,
    /// Where the next token begins that has not been looked at, in bytes.
    at: usize,
    next: Option<&'a str>,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, next: None }
    }

    /// A place to come back to.
    pub(super) fn mark(&self) -> usize {
        self.at - self.next.map_or(0, str::len)
    }

    pub(super) const fn rewind(&mut self, mark: usize) {
        self.at = mark;
        self.next = None;
    }

    pub(super) const fn has_next(&self) -> bool {
        self.next.is_some() || self.at < self.text.len()
    }

    /// The next token; empty at the end.
    pub(super) fn take(&mut self) -> &'a str {
        self.next.take().unwrap_or_else(|| self.cut())
    }

    /// The text of the next `count` tokens, or none if there are not as many; then none is taken.
    pub(super) fn take_many(&mut self, count: usize) -> Option<&'a str> {
        let start = self.mark();
        for _ in 0..count {
            if !self.has_next() {
                self.rewind(start);
                return None;
            }
            self.take();
        }
        Some(&self.text[start..self.at])
    }

    /// Takes the next token if it is this one, apart from blanks around it.
    pub(super) fn take_if(&mut self, expected: &str) -> bool {
        if !self.has_next() {
            return false;
        }
        let mut token = self.take();
        while trim(token).is_empty() && self.at < self.text.len() {
            token = self.cut();
        }
        let is_expected = trim(token) == expected;
        self.next = (!is_expected).then_some(token);
        is_expected
    }

    fn cut(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let mut is_escaped = false;
        let mut length = rest.len();
        for (index, byte) in rest.bytes().enumerate() {
            match byte {
                b'\\' => is_escaped = !is_escaped,
                b':' | b',' | b'{' | b'}' | b'[' | b']' | b'"' if !is_escaped => {
                    length = index.max(1);
                    break;
                }
                _ => is_escaped = false,
            }
        }
        self.at += length;
        &rest[..length]
    }
}

/// `String.trim`: without control characters and spaces at both ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|it| it <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_cut_unless_escaped() {
        for (text, expected) in [
            ("", vec![]),
            ("a:b,", vec!["a", ":", "b", ","]),
            (r"a\:b\\:c", vec![r"a\:b\\", ":", "c"]),
            (r#"[{"é "}] x"#, vec!["[", "{", "\"", "é ", "\"", "}", "]", " x"]),
            (r"\", vec![r"\"]),
        ] {
            let mut tokens = Tokens::new(text);
            let mut found = Vec::new();
            while tokens.has_next() {
                found.push(tokens.take());
            }
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn blanks_are_lost_once_something_was_looked_for() {
        let mut tokens = Tokens::new(" ,x");
        assert_eq!(tokens.mark(), 0);
        assert!(!tokens.take_if("x"));
        assert_eq!(tokens.mark(), 1);
        assert!(tokens.take_if(","));
        assert_eq!(tokens.take_many(2), None);
        assert_eq!(tokens.take_many(1), Some("x"));
    }
}
