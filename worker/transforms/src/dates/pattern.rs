//! The letters of a pattern.

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Text that stands for itself.
    Literal(String),
    /// A letter, so many times.
    Field(u8, usize),
}

/// The letters that there are.
const LETTERS: &str = "GyMdkHmsSEDFwWahKzZYuXL";

/// So many letters no ISO 8601 time zone has.
const TOO_LONG_ISO_ZONE: usize = 4;

/// Takes a pattern apart. Text between quotes stands for itself, two quotes for one.
pub(super) fn items(pattern: &str) -> Result<Vec<Item>, String> {
    let mut items: Vec<Item> = Vec::new();
    // Whether the last item is a run that the next character may go on with.
    let (mut run, mut quoted) = (false, false);
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        if next == '\'' {
            if rest.next_if_eq(&'\'').is_some() {
                literal(&mut items, '\'');
            } else {
                quoted = !quoted;
            }
            run = false;
        } else if quoted || !next.is_ascii_alphabetic() {
            literal(&mut items, next);
            run = false;
        } else if !LETTERS.contains(next) {
            return Err(format!("Illegal pattern character '{next}'"));
        } else {
            let letter = next as u8;
            match items.last_mut() {
                Some(Item::Field(last, count)) if run && *last == letter => *count += 1,
                _ => items.push(Item::Field(letter, 1)),
            }
            run = true;
        }
    }
    if quoted {
        return Err("Unterminated quote".to_owned());
    }
    for item in &items {
        if let Item::Field(b'X', count @ TOO_LONG_ISO_ZONE..) = item {
            return Err(format!("invalid ISO 8601 format: length={count}"));
        }
    }
    Ok(items)
}

fn literal(items: &mut Vec<Item>, character: char) {
    if let Some(Item::Literal(text)) = items.last_mut() {
        text.push(character);
    } else {
        items.push(Item::Literal(character.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_taken_apart() {
        let text = |it: &str| Item::Literal(it.to_owned());
        for (pattern, expected) in [
            ("yyyy-MM", vec![Item::Field(b'y', 4), text("-"), Item::Field(b'M', 2)]),
            ("'T'HH", vec![text("T"), Item::Field(b'H', 2)]),
            ("h 'o''clock'", vec![Item::Field(b'h', 1), text(" o'clock")]),
            ("y''y", vec![Item::Field(b'y', 1), text("'"), Item::Field(b'y', 1)]),
            ("yyMM", vec![Item::Field(b'y', 2), Item::Field(b'M', 2)]),
        ] {
            assert_eq!(items(pattern), Ok(expected), "{pattern}");
        }
        for (pattern, error) in [
            ("b", "Illegal pattern character 'b'"),
            ("yyyy'", "Unterminated quote"),
            ("XXXX", "invalid ISO 8601 format: length=4"),
        ] {
            assert_eq!(items(pattern), Err(error.to_owned()), "{pattern}");
        }
    }
}
