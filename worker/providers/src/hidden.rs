//! Values that must not show: whoever prints text that others wrote asks here first.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, RwLock},
};

use sluice_config::placeholder::Variable;

/// What stands in place of a value.
const MASK: &str = "[hidden]";

/// Shorter values stand in too many words by chance: they are hidden where they stand by themselves.
const SHORTEST: usize = 4;

/// One character is no secret, and in every sentence.
const SHORTEST_ALONE: usize = 2;

/// A line of a longer value counts by itself from this length on, as the lines of a key do.
const SHORTEST_LINE: usize = 16;

/// The values that were read in place of placeholders; cheap to clone, all clones are one.
#[derive(Clone, Default)]
pub struct Hidden(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    values: BTreeMap<Variable, Vec<String>>,
    /// The values as texts may have them, the longest first: a value that is part of another must not keep that one
    /// from being found.
    forms: Vec<String>,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hidden")
    }
}

impl Hidden {
    /// Remembers a value, and the one before it, which a task may still use.
    pub fn hide(&self, variable: &Variable, value: &str) {
        let Ok(mut known) = self.0.write() else { return };
        let values = known.values.entry(variable.clone()).or_default();
        if values.last().is_some_and(|it| it == value) {
            return;
        }
        values.push(value.to_owned());
        if values.len() > 2 {
            values.remove(0);
        }
        let mut all: Vec<String> =
            known.values.values().flatten().flat_map(|it| forms(it)).collect();
        all.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        all.dedup();
        known.forms = all;
    }

    /// The text without the values.
    pub fn mask(&self, text: &str) -> String {
        let Ok(known) = self.0.read() else { return MASK.to_owned() };
        let mut masked = text.to_owned();
        for form in known.forms.iter().filter(|it| text.contains(it.as_str())) {
            if form.len() >= SHORTEST {
                masked = masked.replace(form.as_str(), MASK);
            } else {
                masked = mask_alone(&masked, form);
            }
        }
        masked
    }

    /// Whether nothing has to be hidden.
    pub fn is_empty(&self) -> bool {
        self.0.read().is_ok_and(|it| it.values.is_empty())
    }
}

/// The value as texts may have it: as it is, trimmed, with its quotes and ends of lines escaped, line by line.
fn forms(value: &str) -> Vec<String> {
    let trimmed = value.trim();
    let mut forms = vec![value.to_owned(), trimmed.to_owned(), trimmed.escape_debug().to_string()];
    let lines = trimmed.lines().map(str::trim).filter(|it| it.len() >= SHORTEST_LINE);
    forms.extend(lines.map(str::to_owned));
    forms.retain(|it| it.len() >= SHORTEST_ALONE);
    forms.sort();
    forms.dedup();
    forms
}

/// The text without a short value, where that is a word of its own. A colon on one side ends a word, as in
/// `user:ab@host`; between two it is a time.
fn mask_alone(text: &str, value: &str) -> String {
    let ends = |it: Option<char>| {
        it.is_none_or(|it| it.is_whitespace() || "\"'`=,;()[]{}<>&/@|:".contains(it))
    };
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let left = before.chars().next_back().or_else(|| masked.chars().next_back());
        let right = after.chars().next();
        let is_time = left == Some(':') && right == Some(':');
        let is_alone = ends(left) && ends(right) && !is_time;
        masked.push_str(before);
        masked.push_str(if is_alone { MASK } else { value });
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_show() {
        let variable = |key: &str| Variable {
            provider: "f".to_owned(),
            path: String::new(),
            key: key.to_owned(),
        };
        let hidden = Hidden::default();
        assert!(hidden.is_empty());
        for (key, value) in [
            ("a", "hunter2\n"),
            ("b", "hunter2-and-more"),
            ("c", "abc"),
            ("d", "say \"it\""),
            ("e", "-----BEGIN KEY-----\nAAAABBBBCCCCDDDD\n-----END-----\n"),
        ] {
            hidden.hide(&variable(key), value);
        }
        for (text, expected) in [
            ("url://u:hunter2@h", "url://u:[hidden]@h"),
            ("hunter2-and-more!", "[hidden]!"),
            ("abc", "[hidden]"),
            ("url://u:abc@h?k=abc", "url://u:[hidden]@h?k=[hidden]"),
            (
                "{abc=\"abc\", abcd, xabc, abc.d, 10:abc:20}",
                "{[hidden]=\"[hidden]\", abcd, xabc, abc.d, 10:abc:20}",
            ),
            ("abcabc abc", "abcabc [hidden]"),
            (r#"{"m":"say \"it\""}"#, r#"{"m":"[hidden]"}"#),
            ("line AAAABBBBCCCCDDDD", "line [hidden]"),
        ] {
            assert_eq!(hidden.mask(text), expected);
        }
        hidden.hide(&variable("a"), "hunter3");
        assert_eq!(hidden.mask("hunter2 hunter3"), "[hidden] [hidden]");
        hidden.hide(&variable("a"), "hunter4");
        assert_eq!(hidden.mask("hunter2 hunter3 hunter4"), "hunter2 [hidden] [hidden]");
    }
}
