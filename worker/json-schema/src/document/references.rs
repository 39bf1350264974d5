//! Where references lead: within a text by JSON pointers, anchors and ids, to other texts by their names or ids.

use percent_encoding::percent_decode_str;

use crate::json::Json;

/// How deep anchors and ids are looked for.
const DEEPEST: usize = 512;

/// The text of a schema, which is the first, and those that it names.
pub(super) struct Texts {
    all: Vec<(String, Json)>,
}

impl Texts {
    pub(super) fn new(root: Json) -> Self {
        Self { all: vec![(String::new(), root)] }
    }

    /// Adds one under the name that the registry gives it.
    pub(super) fn add(&mut self, name: &str, json: Json) {
        self.all.push((name.to_owned(), json));
    }

    pub(super) fn root(&self) -> &Json {
        &self.all[0].1
    }

    /// What a reference of one text means, and in which.
    pub(super) fn find(&self, from: usize, reference: &str) -> Option<(usize, &Json)> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
        let (text, json) = if base.is_empty() {
            (from, &self.all[from].1)
        } else if let Some(text) = self.named(from, base) {
            (text, &self.all[text].1)
        } else {
            // A part that has an id of its own.
            (
                from,
                part(&self.all[from].1, &|it: &Json| id(it).is_some_and(|it| same(it, base)), 0)?,
            )
        };
        let found = if fragment.is_empty() {
            Some(json)
        } else if fragment.starts_with('/') {
            pointed(json, &fragment)
        } else {
            let anchor = format!("#{fragment}");
            let is_it = |it: &Json| {
                it.get("$anchor").and_then(Json::text) == Some(&*fragment)
                    || id(it) == Some(anchor.as_str())
            };
            part(json, &is_it, 0)
        };
        found.map(|it| (text, it))
    }

    fn named(&self, from: usize, base: &str) -> Option<usize> {
        let whole = |text: usize| id(&self.all[text].1).unwrap_or_default();
        // Ids are URLs, relative ones to the text that names them.
        let wanted = [base.to_owned(), joined(whole(from), base), joined(&self.all[from].0, base)];
        (0..self.all.len()).find(|text| {
            let name = &self.all[*text].0;
            let names = [name.clone(), joined(whole(0), name), whole(*text).to_owned()];
            names
                .iter()
                .any(|name| !name.is_empty() && wanted.iter().any(|wanted| same(name, wanted)))
        })
    }
}

fn id(json: &Json) -> Option<&str> {
    json.get("$id").or_else(|| json.get("id")).and_then(Json::text)
}

/// Whether two names of a text mean the same.
fn same(left: &str, right: &str) -> bool {
    let bare = |it: &str| {
        let it = it.strip_suffix('#').unwrap_or(it);
        it.strip_prefix("./").unwrap_or(it).to_owned()
    };
    bare(left) == bare(right)
}

/// A name relative to another.
fn joined(base: &str, name: &str) -> String {
    if name.contains("://") {
        return name.to_owned();
    }
    let name = name.strip_prefix("./").unwrap_or(name);
    let path = base.find("://").map_or(0, |it| it + 3);
    match (name.strip_prefix('/'), base[path..].find('/'), base[path..].rfind('/')) {
        (Some(absolute), Some(first), _) => format!("{}/{absolute}", &base[..path + first]),
        (None, _, Some(last)) => format!("{}/{name}", &base[..path + last]),
        _ => name.to_owned(),
    }
}

/// What a JSON pointer leads to (RFC 6901).
fn pointed<'a>(json: &'a Json, pointer: &str) -> Option<&'a Json> {
    let walk = |pointer: &str| {
        pointer.split('/').skip(1).try_fold(json, |json, part| {
            let name = part.replace("~1", "/").replace("~0", "~");
            match json {
                Json::List(items) => items.get(name.parse::<usize>().ok()?),
                other => other.get(&name),
            }
        })
    };
    // Definitions may stand under the name of either draft.
    walk(pointer).or_else(|| walk(&format!("/definitions/{}", pointer.strip_prefix("/$defs/")?)))
}

/// The first part of a text of which something holds.
fn part<'a>(json: &'a Json, is_it: &dyn Fn(&Json) -> bool, depth: usize) -> Option<&'a Json> {
    if depth > DEEPEST {
        return None;
    }
    if is_it(json) {
        return Some(json);
    }
    match json {
        Json::Object(members) => members.iter().find_map(|(_, it)| part(it, is_it, depth + 1)),
        Json::List(items) => items.iter().find_map(|it| part(it, is_it, depth + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_within_a_text_and_to_others() {
        let root = r##"{"$id":"http://a/schemas/root.json","definitions":{"x/y":{"title":"1"},"b":{"$id":"#b","title":"2"},"c":{"$id":"part.json","title":"3"}}}"##;
        let mut texts = Texts::new(Json::parse(root).unwrap());
        let other = r#"{"title":"4","definitions":{"d":{"title":"5","$anchor":"d"}}}"#;
        texts.add("other.json", Json::parse(other).unwrap());
        texts.add("http://b/third.json", Json::parse(r#"{"title":"6"}"#).unwrap());
        for (from, reference, expected) in [
            (0, "#/definitions/x~1y", Some("1")),
            (0, "#/definitions/x%7E1y", Some("1")),
            (0, "#/$defs/b", Some("2")),
            (0, "#b", Some("2")),
            (0, "part.json", Some("3")),
            (0, "other.json", Some("4")),
            (0, "./other.json#", Some("4")),
            (0, "http://a/schemas/other.json", Some("4")),
            (0, "other.json#/definitions/d", Some("5")),
            (0, "other.json#d", Some("5")),
            (1, "#/definitions/d", Some("5")),
            (1, "http://b/third.json", Some("6")),
            (0, "#/definitions/none", None),
            (0, "http://c/other", None),
            (1, "#b", None),
        ] {
            let found = texts.find(from, reference).map(|(_, it)| it);
            let title = found.and_then(|it| it.get("title")).and_then(Json::text);
            assert_eq!(title, expected, "{reference}");
        }
    }
}
