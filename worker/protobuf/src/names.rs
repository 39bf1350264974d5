//! Names of Connect schemas as names of Protobuf, with the suffixes and defaults of `ProtobufData`.

use std::{borrow::Cow, fmt::Write};

/// The name of a schema that has none, before its number.
const DEFAULT_NAME: &str = "ConnectDefault";
/// What the message of a map's entries ends with.
pub(crate) const MAP_ENTRY_SUFFIX: &str = "Entry";

/// Names the parts of one schema.
#[derive(Debug)]
pub(crate) struct Names {
    scrub: bool,
    defaults: u32,
}

impl Names {
    pub(crate) const fn new(scrub: bool) -> Self {
        Self { scrub, defaults: 0 }
    }

    /// Package and name of a full name; a schema without a name gets the next default.
    pub(crate) fn split(&mut self, full: Option<&str>) -> (Option<String>, String) {
        let full = self.or_default(full);
        let mut parts: Vec<Cow<'_, str>> = full.split('.').map(|it| self.scrubbed(it)).collect();
        let name = parts.pop().unwrap_or_default().into_owned();
        ((!parts.is_empty()).then(|| parts.join(".")), name)
    }

    /// The last part of a full name; a schema without a name gets the next default.
    pub(crate) fn unqualified(&mut self, full: Option<&str>) -> String {
        let full = self.or_default(full);
        self.scrubbed(full.rsplit('.').next().unwrap_or_default()).into_owned()
    }

    /// A name without what Protobuf does not allow, if that is wished for.
    pub(crate) fn scrubbed<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.scrub { scrub(name) } else { Cow::Borrowed(name) }
    }

    fn or_default<'a>(&mut self, full: Option<&'a str>) -> Cow<'a, str> {
        if let Some(full) = full.filter(|it| !it.is_empty()) {
            return Cow::Borrowed(full);
        }
        self.defaults += 1;
        Cow::Owned(format!("{DEFAULT_NAME}{}", self.defaults))
    }
}

/// Replaces what is no letter, digit or underscore by its URL encoding, whose signs become underscores.
fn scrub(name: &str) -> Cow<'_, str> {
    if is_identifier(name) && !name.starts_with('_') || name.is_empty() {
        return Cow::Borrowed(name);
    }
    let mut scrubbed = String::with_capacity(name.len() + 8);
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' => scrubbed.push(char::from(byte)),
            // What URLs leave as it is, and the space, which they write as a plus.
            b'.' | b'-' | b'*' | b' ' => scrubbed.push('_'),
            // Writing to a text cannot fail.
            other => drop(write!(scrubbed, "_{other:02X}")),
        }
    }
    if scrubbed.starts_with(|it: char| it.is_ascii_digit() || it == '_') {
        // Java looks at the encoded text: a sign that it replaces afterwards is no underscore yet.
        let is_sign = !name.starts_with(|it: char| it.is_ascii_digit() || it == '_');
        if !is_sign {
            scrubbed.insert(0, 'x');
        }
    }
    Cow::Owned(scrubbed)
}

/// Whether a text is a name in Protobuf: letters, digits and underscores, and no digit first.
pub(crate) fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|it: char| it.is_ascii_digit())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

/// The name of the message of a map's entries.
pub(crate) fn map_entry(name: &str) -> String {
    if !name.contains('_') {
        return format!("{name}{MAP_ENTRY_SUFFIX}");
    }
    let words = name.split('_').map(|word| {
        let mut characters = word.chars();
        let first = characters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(characters.map(|it| it.to_ascii_lowercase())).collect::<String>()
    });
    format!("{}{MAP_ENTRY_SUFFIX}", words.collect::<String>())
}

/// The name of a map by the full name of the message of its entries.
pub(crate) fn map_field(entry: &str) -> String {
    let (scope, last) = entry.rsplit_once('.').map_or(("", entry), |(scope, last)| (scope, last));
    let Some(upper) = last.strip_suffix(MAP_ENTRY_SUFFIX) else {
        return entry.to_owned();
    };
    let mut lower = String::with_capacity(entry.len());
    for (index, character) in upper.chars().enumerate() {
        if index > 0 && character.is_ascii_uppercase() {
            lower.push('_');
        }
        lower.push(character.to_ascii_lowercase());
    }
    if scope.is_empty() { lower } else { format!("{scope}.{lower}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_scrubbed_as_in_java() {
        for (name, expected) in [
            ("", ""),
            ("abc_1", "abc_1"),
            ("a-b", "a_b"),
            ("a.b c*", "a_b_c_"),
            ("a$b", "a_24b"),
            ("é", "_C3_A9"),
            ("1a", "x1a"),
            ("_a", "x_a"),
            ("-a", "_a"),
        ] {
            assert_eq!(Names::new(true).scrubbed(name), expected, "{name}");
            assert_eq!(Names::new(false).scrubbed(name), name);
        }
    }

    #[test]
    fn what_has_no_name_is_numbered() {
        let mut names = Names::new(false);
        assert_eq!(names.split(Some("a.b.C")), (Some("a.b".to_owned()), "C".to_owned()));
        assert_eq!(names.split(None), (None, "ConnectDefault1".to_owned()));
        assert_eq!(names.unqualified(None), "ConnectDefault2");
        assert_eq!(names.unqualified(Some("x.Y")), "Y");
    }

    #[test]
    fn maps_are_named_by_their_entries_and_back() {
        for (name, entry, back) in [
            ("foo", "fooEntry", "foo"),
            ("foo_barBaz", "FooBarbazEntry", "foo_barbaz"),
            ("ConnectDefault2", "ConnectDefault2Entry", "connect_default2"),
            ("AB", "ABEntry", "a_b"),
        ] {
            assert_eq!(map_entry(name), entry);
            assert_eq!(map_field(entry), back);
        }
        assert_eq!(map_field("p.M.FooEntry"), "p.M.foo");
        assert_eq!(map_field("Foo"), "Foo");
    }
}
