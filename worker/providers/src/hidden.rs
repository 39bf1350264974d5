//! Values that must not show: whoever prints text that others wrote asks here first.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, RwLock},
};

use sluice_config::placeholder::Variable;

/// What stands in place of a value.
const MASK: &str = "[hidden]";

/// Shorter values stand in too many texts by chance.
const SHORTEST: usize = 4;

/// A line of a longer value counts by itself from this length on, as the lines of a key do.
const SHORTEST_LINE: usize = 16;

/// The values that were read in place of placeholders; cheap to clone, all clones are one.
#[derive(Clone, Default)]
pub struct Hidden(Arc<RwLock<BTreeMap<Variable, Vec<String>>>>);

impl fmt::Debug for Hidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hidden")
    }
}

impl Hidden {
    /// Remembers a value, and the one before it, which a task may still use.
    pub fn hide(&self, variable: &Variable, value: &str) {
        let Ok(mut known) = self.0.write() else { return };
        let values = known.entry(variable.clone()).or_default();
        if values.last().is_some_and(|it| it == value) {
            return;
        }
        values.push(value.to_owned());
        if values.len() > 2 {
            values.remove(0);
        }
    }

    /// The text without the values.
    pub fn mask(&self, text: &str) -> String {
        let Ok(known) = self.0.read() else { return MASK.to_owned() };
        let mut forms: Vec<String> = known.values().flatten().flat_map(|it| forms(it)).collect();
        // A value that is part of another must not keep that one from being found.
        forms.sort_by_key(|it| std::cmp::Reverse(it.len()));
        let mut masked = text.to_owned();
        for form in &forms {
            if masked.contains(form.as_str()) {
                masked = masked.replace(form.as_str(), MASK);
            }
        }
        masked
    }

    /// Whether nothing has to be hidden.
    pub fn is_empty(&self) -> bool {
        self.0.read().is_ok_and(|it| it.is_empty())
    }
}

/// The value as texts may have it: as it is, trimmed, with its quotes and ends of lines escaped, line by line.
fn forms(value: &str) -> Vec<String> {
    let trimmed = value.trim();
    let mut forms = vec![value.to_owned(), trimmed.to_owned(), trimmed.escape_debug().to_string()];
    let lines = trimmed.lines().map(str::trim).filter(|it| it.len() >= SHORTEST_LINE);
    forms.extend(lines.map(str::to_owned));
    forms.retain(|it| it.len() >= SHORTEST);
    forms.sort();
    forms.dedup();
    forms
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
            ("abc", "abc"),
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
