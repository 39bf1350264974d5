//! Java's properties format, as the worker file is written in.

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

#[cfg(test)]
mod tests {
    use super::*;

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
