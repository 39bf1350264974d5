//! Placeholders in settings, such as `${file:/etc/secrets.properties:password}`: where they stand and what they name.
//! The grammar is that of `ConfigTransformer.DEFAULT_PATTERN`.

use std::collections::BTreeSet;

/// What a placeholder names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Name of the config provider.
    pub provider: String,
    /// Where the provider looks; empty if the placeholder has no path.
    pub path: String,
    /// What it looks for.
    pub key: String,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// A placeholder: as it is written, and what it names.
    Placeholder(&'a str, Variable),
}

/// Divides a text at its placeholders. Joined again, the parts are the text.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    // Where the text begins that is in no part yet, and where the next placeholder may begin.
    let (mut done, mut from) = (0, 0);
    // The next of each at or after a place, looked for once only: a text may begin a placeholder at each of a million
    // places.
    let (mut brace, mut colon) = (Next::of('}'), Next::of(':'));
    while let Some(start) = text[from..].find("${").map(|it| from + it) {
        let Some(end) = brace.at_or_after(text, start) else { break };
        // Without a colon it is none, but another may begin within.
        let Some(colon) = colon.at_or_after(text, start + 2).filter(|colon| *colon < end) else {
            from = start + 2;
            continue;
        };
        let (provider, place) = (&text[start + 2..colon], &text[colon + 1..end]);
        let (path, key) = place.split_once(':').unwrap_or(("", place));
        if done < start {
            parts.push(Part::Text(&text[done..start]));
        }
        let variable =
            Variable { provider: provider.to_owned(), path: path.to_owned(), key: key.to_owned() };
        parts.push(Part::Placeholder(&text[start..=end], variable));
        (done, from) = (end + 1, end + 1);
    }
    if done < text.len() {
        parts.push(Part::Text(&text[done..]));
    }
    parts
}

/// Where a character stands next.
struct Next {
    wanted: char,
    has_looked: bool,
    /// What was found last; none if there is none any more.
    found: Option<usize>,
}

impl Next {
    const fn of(wanted: char) -> Self {
        Self { wanted, has_looked: false, found: None }
    }

    /// The first one at or after a place, which is never before that of the call before.
    fn at_or_after(&mut self, text: &str, from: usize) -> Option<usize> {
        let holds = self.has_looked && self.found.is_none_or(|it| it >= from);
        if !holds {
            self.found = text[from..].find(self.wanted).map(|it| from + it);
            self.has_looked = true;
        }
        self.found
    }
}

/// Whether a text has a placeholder.
pub fn has_any(text: &str) -> bool {
    parts(text).iter().any(|it| matches!(it, Part::Placeholder(..)))
}

/// What the placeholders of texts name, each once.
pub fn variables<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<Variable> {
    let of = |text| parts(text).into_iter();
    texts
        .into_iter()
        .flat_map(of)
        .filter_map(|it| match it {
            Part::Placeholder(_, variable) => Some(variable),
            Part::Text(_) => None,
        })
        .collect()
}

/// The text with values in place of placeholders; one without a value stays as it is. Values are not looked at again.
pub fn fill(text: &str, value: impl Fn(&Variable) -> Option<String>) -> String {
    let fill = |part: Part<'_>| match part {
        Part::Text(text) => text.to_owned(),
        Part::Placeholder(text, variable) => value(&variable).unwrap_or_else(|| text.to_owned()),
    };
    parts(text).into_iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_where_java_finds_them() {
        for (text, expected) in [
            ("", vec![]),
            ("plain", vec![]),
            ("${env:A}", vec![("env", "", "A")]),
            ("a${f:/p:k}b${f:/p:l}", vec![("f", "/p", "k"), ("f", "/p", "l")]),
            ("${f:/p:k:l}", vec![("f", "/p", "k:l")]),
            ("${f::k}", vec![("f", "", "k")]),
            ("${:}", vec![("", "", "")]),
            ("${nothing}", vec![]),
            ("${open:a", vec![]),
            ("${a${b:c}}", vec![("a${b", "", "c")]),
            ("${a ${} ${b:c}", vec![("b", "", "c")]),
            ("${${b:c}", vec![("${b", "", "c")]),
            ("$${b:\n}", vec![("b", "", "\n")]),
            ("${topic}-${env:X}é", vec![("env", "", "X")]),
        ] {
            let found: Vec<(String, String, String)> = parts(text)
                .into_iter()
                .filter_map(|it| match it {
                    Part::Placeholder(_, it) => Some((it.provider, it.path, it.key)),
                    Part::Text(_) => None,
                })
                .collect();
            let found: Vec<(&str, &str, &str)> =
                found.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(fill(text, |_| None), text);
        }
    }

    /// With a search to the end from each place this would take minutes.
    #[test]
    fn a_million_beginnings_take_no_time() {
        let beginnings = "${".repeat(1 << 20);
        for text in [format!("{beginnings}}}"), format!("{beginnings}:"), beginnings] {
            assert!(!has_any(&text) && fill(&text, |_| None) == text);
        }
    }

    #[test]
    fn values_are_put_in_once() {
        let value = |it: &Variable| (it.key != "gone").then(|| format!("${{x:{}}}", it.key));
        assert_eq!(fill("<${p:a}|${p:gone}>", value), "<${x:a}|${p:gone}>");
    }
}
