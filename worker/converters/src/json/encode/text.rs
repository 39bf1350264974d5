//! Texts between quotes.

use crate::json::plain::plain_narrow_length;

/// Writes text with the escapes that Jackson's byte generator uses: also for what lies beyond the first 65,536 characters.
pub(in crate::json) fn write_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    loop {
        let length = plain_narrow_length(rest.as_bytes());
        if length == rest.len() {
            break;
        }
        let (plain, marked) = rest.split_at(length);
        out.push_str(plain);
        let mut marked = marked.chars();
        marked.by_ref().take(1).for_each(|it| write_escape(out, it));
        rest = marked.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_escape(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                super::push(out, format_args!("\\u{unit:04X}"));
            }
        }
    }
}
