//! Java's properties format, in which the worker file is written and Log4j's levels are read.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Renders a worker file: one setting a line, in the order of the keys, ASCII only.
pub fn render(settings: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (key, value) in settings {
        escape(key, true, &mut text);
        text.push('=');
        escape(value, false, &mut text);
        text.push('\n');
    }
    text
}

fn escape(part: &str, is_key: bool, text: &mut String) {
    for (index, character) in part.chars().enumerate() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            ' ' if is_key || index == 0 => text.push_str("\\ "),
            '=' | ':' if is_key => text.extend(['\\', character]),
            '#' | '!' if is_key && index == 0 => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04X}").expect("a String takes all");
                }
            }
        }
    }
}

/// Reads keys and values; what follows the last of equal keys counts. Escapes other than of line ends, tabs and signs
/// (`\\uXXXX`) stay as they are.
pub fn parse(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut whole = line.to_owned();
        while goes_on(&whole) {
            whole.pop();
            whole.push_str(lines.next().unwrap_or_default());
        }
        let (key, value) = divided(&whole);
        found.insert(unescaped(key), unescaped(value));
    }
    found
}

/// Whether a line ends with a backslash that is not itself escaped.
fn goes_on(line: &str) -> bool {
    line.chars().rev().take_while(|it| *it == '\\').count() % 2 == 1
}

/// A key ends at the first `=`, `:` or blank that is not escaped.
fn divided(line: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = line.find(|it: char| {
        let ends = !is_escaped && (it == '=' || it == ':' || it.is_whitespace());
        is_escaped = it == '\\' && !is_escaped;
        ends
    });
    let Some(end) = end else { return (line, "") };
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim())
}

fn unescaped(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let mut rest = part.chars();
    while let Some(next) = rest.next() {
        match (next, if next == '\\' { rest.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some('u')) => text.push_str("\\u"),
            ('\\', Some(sign)) => text.push(sign),
            ('\\', None) => {}
            (plain, _) => text.push(plain),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_read_as_java_reads_them() {
        let text = "# a comment\n! another\n\na=b\n c : d\ne f g\nh\ni=1,\\\n   2\nj\\:k=\\tx\nl=\\\\\na=last";
        let read = parse(text);
        let expected = [
            ("a", "last"),
            ("c", "d"),
            ("e", "f g"),
            ("h", ""),
            ("i", "1,2"),
            ("j:k", "\tx"),
            ("l", "\\"),
        ];
        let read: Vec<(&str, &str)> = read.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn what_java_would_misread_is_escaped() {
        let table = [
            ("a.b", "x", "a.b=x\n"),
            ("a b", " x y ", "a\\ b=\\ x y \n"),
            ("a=b:c", "d=e:f", "a\\=b\\:c=d=e:f\n"),
            ("#a", "#b", "\\#a=#b\n"),
            ("a", "c:\\d\ne", "a=c:\\\\d\\ne\n"),
            ("a", "ä😀", "a=\\u00E4\\uD83D\\uDE00\n"),
        ];
        for (key, value, expected) in table {
            let settings = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            assert_eq!(render(&settings), expected);
        }
    }
}
