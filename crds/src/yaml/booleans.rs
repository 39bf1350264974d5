//! Finds plain words that one YAML parser reads as text and another as a boolean.

/// A word that is ambiguous.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Line, from 1.
    pub line: usize,
    /// The word as written.
    pub word: String,
    /// What kubectl makes of it.
    pub means: bool,
}

/// The first ambiguous word that stands as a value: behind a colon, behind a dash, or in a flow list or map.
pub(super) fn find(text: &str) -> Option<Found> {
    let mut scanner = Scanner::default();
    text.lines().enumerate().find_map(|(index, line)| {
        let (word, means) = scanner.line(line)?;
        Some(Found { line: index + 1, word: word.to_owned(), means })
    })
}

/// Puts ambiguous words into quotes, in text with at most one value a line, as the library writes it.
pub(super) fn quote(text: &str) -> String {
    let mut scanner = Scanner::default();
    let mut quoted = String::with_capacity(text.len());
    for line in text.lines() {
        match scanner.line(line) {
            Some((word, _)) => {
                quoted.push_str(line.strip_suffix(word).unwrap_or(line));
                quoted.extend(["'", word, "'"]);
            }
            None => quoted.push_str(line),
        }
        quoted.push('\n');
    }
    quoted
}

/// Where the lines so far have left us.
#[derive(Default)]
struct Scanner {
    /// Inside a block scalar (`|` or `>`) that belongs to a line of this indentation.
    block: Option<usize>,
    /// Inside quotes that go on from line to line.
    quote: Option<char>,
}

impl Scanner {
    fn line<'a>(&mut self, line: &'a str) -> Option<(&'a str, bool)> {
        let indent = line.len() - line.trim_start().len();
        if let Some(parent) = self.block {
            if line.trim().is_empty() || indent > parent {
                return None;
            }
            self.block = None;
        }
        let words = self.plain_words(line);
        if words.last().is_some_and(|word| is_block_header(word)) {
            self.block = Some(indent);
        }
        words.into_iter().find_map(|word| Some((word, boolean(word)?)))
    }

    /// The plain scalars in a line that stand as values. Keys, quoted text and comments are no values.
    fn plain_words<'a>(&mut self, line: &'a str) -> Vec<&'a str> {
        let mut words = Vec::new();
        // Where the current plain scalar starts; none while it cannot be a value.
        let mut start = None;
        let mut previous = ' ';
        let mut characters = line.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map_or(' ', |(_, next)| *next);
            if let Some(quote) = self.quote {
                if character == quote && previous != '\\' {
                    self.quote = None;
                }
            } else if character == '#' && previous.is_whitespace() {
                words.extend(start.take().map(|from| line[from..at].trim()));
                return words;
            } else if matches!(character, '"' | '\'') && opens(line, start, at) {
                self.quote = Some(character);
                start = None;
            } else if next.is_whitespace()
                && (character == ':' || (character == '-' && line[..at].trim().is_empty()))
            {
                start = Some(at + 1);
            } else if matches!(character, '[' | '{' | ',' | ']' | '}') {
                words.extend(start.take().map(|from| line[from..at].trim()));
                if matches!(character, '[' | ',') {
                    start = Some(at + 1);
                }
            }
            previous = character;
        }
        words.extend(start.map(|from| line[from..].trim()));
        words
    }
}

/// Whether a quotation mark starts a scalar: only if nothing of it stands before the mark.
fn opens(line: &str, start: Option<usize>, at: usize) -> bool {
    let before = &line[start.unwrap_or(0)..at];
    before.trim().is_empty() || before.trim_end().ends_with(['{', '-', ','])
}

fn is_block_header(word: &str) -> bool {
    word.starts_with(['|', '>'])
        && word[1..].chars().all(|it| it.is_ascii_digit() || "+-".contains(it))
}

fn boolean(word: &str) -> Option<bool> {
    match word {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_as_values_are_found() {
        let table = [
            ("a: yes", 1, "yes"),
            ("a:\n  b: Off # why", 2, "Off"),
            ("- on", 1, "on"),
            ("- a: NO", 1, "NO"),
            ("a: [x, no]", 1, "no"),
            ("a: {b: y}", 1, "y"),
            ("a: |\n  on\nb: on", 3, "on"),
            ("a: \"x\n  y\"\nb: n", 3, "n"),
            ("it's: on", 1, "on"),
        ];
        for (text, line, word) in table {
            let found = find(text).unwrap_or_else(|| panic!("missed in {text:?}"));
            assert_eq!((found.line, found.word.as_str()), (line, word), "{text:?}");
        }
    }

    #[test]
    fn other_text_passes() {
        let table = [
            "a: \"yes\"",
            "a: 'on'",
            "on: true",
            "a: yes please",
            "a: north # no",
            "# a: on",
            "a: |\n  b: on\n\n  no\n",
            "a: >-\n  on",
            "a: \"x\n  - on\"",
            "a: [\"no\", 'off']",
            "a: x:on",
            "a: it's\nb: 'no'",
        ];
        for text in table {
            assert_eq!(find(text), None, "{text:?}");
        }
    }
}
