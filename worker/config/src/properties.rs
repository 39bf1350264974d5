//! Java's `.properties` format, as `java.util.Properties.load` reads it.

use crate::Properties;

/// Why a file is no properties file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: a \\u escape needs four hexadecimal digits")]
pub struct PropertiesError {
    /// Number of the (first physical) line, from 1.
    pub line: usize,
}

/// Reads a file. Bytes are ISO-8859-1; other characters are written `\uXXXX`. The last value of a key counts.
pub fn parse(bytes: &[u8]) -> Result<Properties, PropertiesError> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    parse_text(&text)
}

/// Reads the text of a file whose encoding the caller knows, as `Properties.load(Reader)` does.
pub fn parse_text(text: &str) -> Result<Properties, PropertiesError> {
    let mut properties = Properties::new();
    for (line, logical) in logical_lines(text) {
        let (key, value) = split(&logical);
        let unescape = |text: &[char]| unescape(text).ok_or(PropertiesError { line });
        properties.insert(unescape(key)?, unescape(value)?);
    }
    Ok(properties)
}

/// Lines joined where they end in an odd number of backslashes; blank lines and comments left out.
fn logical_lines(text: &str) -> Vec<(usize, Vec<char>)> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = Vec::new();
    let mut open: Option<(usize, Vec<char>)> = None;
    for (index, physical) in text.split('\n').enumerate() {
        let physical = physical.trim_start_matches([' ', '\t', '\u{c}']);
        if open.is_none() && (physical.is_empty() || physical.starts_with(['#', '!'])) {
            continue;
        }
        let (_, line) = open.get_or_insert_with(|| (index + 1, Vec::new()));
        let backslashes = physical.chars().rev().take_while(|it| *it == '\\').count();
        if backslashes % 2 == 1 {
            line.extend(physical[..physical.len() - 1].chars());
        } else {
            line.extend(physical.chars());
            lines.extend(open.take());
        }
    }
    lines.extend(open);
    lines
}

/// Key and value: divided by the first unescaped `=`, `:` or blank, with blanks around it.
fn split(line: &[char]) -> (&[char], &[char]) {
    let is_blank = |it: &char| matches!(it, ' ' | '\t' | '\u{c}');
    let mut end = 0;
    while end < line.len() && !is_blank(&line[end]) && !matches!(line[end], '=' | ':') {
        end += if line[end] == '\\' { 2 } else { 1 };
    }
    let end = end.min(line.len());
    let skip_blanks =
        |from: usize| from + line[from..].iter().take_while(|it| is_blank(it)).count();
    let mut start = skip_blanks(end);
    if line.get(start).is_some_and(|it| matches!(it, '=' | ':')) {
        start = skip_blanks(start + 1);
    }
    (&line[..end], &line[start..])
}

fn unescape(text: &[char]) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    let mut buffer = [0; 2];
    while let Some(character) = rest.next() {
        let plain = match character {
            '\\' => match rest.next() {
                None => break,
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    let digits: String = rest.by_ref().take(4).collect();
                    let is_hex =
                        digits.len() == 4 && digits.chars().all(|it| it.is_ascii_hexdigit());
                    units.push(is_hex.then(|| u16::from_str_radix(&digits, 16).ok())??);
                    continue;
                }
                Some(other) => *other,
            },
            other => *other,
        };
        units.extend_from_slice(plain.encode_utf16(&mut buffer));
    }
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_java_reads_them() {
        for (text, expected) in [
            ("a=b", vec![("a", "b")]),
            ("a = b ", vec![("a", "b ")]),
            ("a:b\nc d\ne", vec![("a", "b"), ("c", "d"), ("e", "")]),
            ("# no\n! no\n\n  a=1", vec![("a", "1")]),
            ("a=b\\\n   c\r\nd=e", vec![("a", "bc"), ("d", "e")]),
            ("a\\=b=c", vec![("a=b", "c")]),
            ("a=\\u00e9\\ud83d\\ude00", vec![("a", "é😀")]),
            ("a=x\\ty\\\\z", vec![("a", "x\ty\\z")]),
            ("a=1\na=2", vec![("a", "2")]),
            ("a==b", vec![("a", "=b")]),
        ] {
            let expected: Properties = expected
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
        assert_eq!(parse(b"a=1\nb=\\u12"), Err(PropertiesError { line: 2 }));
        assert_eq!(parse(b"a=\xe9"), Ok(Properties::from([("a".to_owned(), "é".to_owned())])));
    }
}
