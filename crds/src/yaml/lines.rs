//! Where a field stands in a text: for errors that are found after parsing, when positions are gone.

/// The line, from 1, of a field such as `spec.volumes[1].name`. Knows the block style that people write; of a field in
/// another style it finds the nearest one around it.
pub(super) fn locate(text: &str, path: &str) -> Option<usize> {
    let lines: Vec<Line<'_>> = text.lines().enumerate().filter_map(Line::read).collect();
    let mut place = Place { at: 0, parent: -1, in_item: false };
    let mut found = None;
    for step in steps(path) {
        let next = match step {
            Step::Key(key) => find_key(&lines, &place, key),
            Step::Item(index) => find_item(&lines, &place, index),
        };
        let Some(next) = next else { break };
        // A key's children come below it, an item's first one beside its dash.
        let at = if next.in_item { next.at } else { next.at + 1 };
        found = Some(lines[next.at].number);
        place = Place { at, ..next };
    }
    found
}

enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// Brackets hold the number of an item, or a key with dots in it.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (part, after) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        let is_item = rest.starts_with('[');
        match part.parse() {
            Ok(index) if is_item => steps.push(Step::Item(index)),
            _ if part.is_empty() => {}
            _ => steps.push(Step::Key(part)),
        }
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

/// A line with content.
struct Line<'a> {
    number: usize,
    indent: isize,
    /// Column of what follows the dashes.
    column: isize,
    content: &'a str,
}

impl<'a> Line<'a> {
    fn read((index, line): (usize, &'a str)) -> Option<Self> {
        let indented = line.trim_start();
        let content = indented.trim_start_matches("- ").trim_start();
        if content.is_empty() || content.starts_with('#') || line.starts_with("---") {
            return None;
        }
        let column = |rest: &str| (line.len() - rest.len()) as isize;
        Some(Self { number: index + 1, indent: column(indented), column: column(content), content })
    }

    fn is_item(&self) -> bool {
        self.column > self.indent || self.content.starts_with('-')
    }

    fn is_key(&self, key: &str) -> bool {
        let bare = self.content.strip_prefix(['"', '\'']).unwrap_or(self.content);
        let rest = bare.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'']));
        rest.is_some_and(|rest| rest.starts_with(':'))
    }
}

/// Where to go on looking, and how deep.
struct Place {
    at: usize,
    parent: isize,
    in_item: bool,
}

fn find_key(lines: &[Line<'_>], place: &Place, key: &str) -> Option<Place> {
    let mut column = None;
    for (at, line) in lines.iter().enumerate().skip(place.at) {
        let own = place.in_item && at == place.at;
        if line.indent <= place.parent && !own {
            return None;
        }
        if line.column == *column.get_or_insert(line.column) && line.is_key(key) {
            return Some(Place { at, parent: line.column, in_item: false });
        }
    }
    None
}

fn find_item(lines: &[Line<'_>], place: &Place, index: usize) -> Option<Place> {
    let mut indent = None;
    let mut items = 0;
    for (at, line) in lines.iter().enumerate().skip(place.at) {
        // The dashes of a list may stand right below its key.
        if line.indent < place.parent || (line.indent == place.parent && !line.is_item()) {
            return None;
        }
        if line.is_item() && line.indent == *indent.get_or_insert(line.indent) {
            if items == index {
                return Some(Place { at, parent: line.indent, in_item: true });
            }
            items += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\n---\nkind: X # spec:\nspec:\n  # a: no\n  b:\n    a: 1\n  a: 2\n  flat:\n  - x: 1\n    y: 2\n  - y: 3\n    x:\n    - z: 4\n  flow: {q: [1]}\n  keys:\n    x.y: 1\n    x.z: 2\n\"end\": 1\n";

    #[test]
    fn fields_are_found_at_their_depth() {
        let table = [
            ("kind", Some(3)),
            ("spec", Some(4)),
            ("spec.b.a", Some(7)),
            ("spec.a", Some(8)),
            ("spec.flat[0].y", Some(11)),
            ("spec.flat[1]", Some(12)),
            ("spec.flat[1].y", Some(12)),
            ("spec.flat[1].x[0].z", Some(14)),
            ("spec.flow.q[0]", Some(15)),
            ("spec.none", Some(4)),
            ("spec.keys[x.z]", Some(18)),
            ("spec.keys[x.q]", Some(16)),
            ("end", Some(19)),
            ("none", None),
        ];
        for (path, line) in table {
            assert_eq!(locate(TEXT, path), line, "{path}");
        }
    }
}
