//! The order in which a `java.util.HashMap` or `HashSet` hands out its entries.
//!
//! It shows: in keys of the offsets topic, which Java workers look up by their exact bytes, in lists of values, and in the
//! answer to a validation.

/// Orders names as a `HashMap` to which all were added does. Names that share a bucket keep the given order.
pub fn ordered<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    let buckets = table_size(names.len());
    names.sort_by_key(|name| spread(hash_code(name)) & (buckets - 1));
    names
}

/// Orders names as a `HashMap` that was made as a copy does (`new HashMap<>(map)`, since Java 19): its table is as large as
/// it has to be. The given order is that of the map which was copied.
pub fn copied<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    let buckets = (names.len() as u32 * 4).div_ceil(3).next_power_of_two();
    names.sort_by_key(|name| spread(hash_code(name)) & (buckets - 1));
    names
}

/// `String.hashCode`: over UTF-16 units.
fn hash_code(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// `HashMap.hash`.
const fn spread(hash: u32) -> u32 {
    hash ^ (hash >> 16)
}

/// A map starts with 16 buckets and doubles when more than three quarters are taken.
const fn table_size(entries: usize) -> u32 {
    let mut size = 16;
    while entries > size / 4 * 3 {
        size *= 2;
    }
    size as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_java_s_order() {
        for (names, expected) in [
            (vec!["table", "protocol"], vec!["protocol", "table"]),
            (vec!["topic", "partition", "cluster"], vec!["cluster", "partition", "topic"]),
            (vec!["filename"], vec!["filename"]),
            (vec!["b", "a", "p"], vec!["p", "a", "b"]),
            (vec!["q", "a"], vec!["q", "a"]),
            (vec!["server", "database"], vec!["server", "database"]),
        ] {
            assert_eq!(ordered(names.iter().copied()), expected, "{names:?}");
        }
    }

    #[test]
    fn a_copy_is_as_large_as_it_has_to_be() {
        for (names, expected) in [
            (vec![], vec![]),
            (vec!["id", "note"], vec!["note", "id"]),
            (vec!["a", "b", "p", "q"], vec!["p", "a", "q", "b"]),
        ] {
            assert_eq!(copied(names.into_iter()), expected);
        }
    }

    #[test]
    fn hashes_are_java_s() {
        for (text, expected) in
            [("", 0), ("a", 97), ("hello", 99_162_322), ("😀", 55_357 * 31 + 56_832)]
        {
            assert_eq!(hash_code(text), expected, "{text}");
        }
    }

    #[test]
    fn the_table_grows_as_java_s() {
        for (entries, expected) in [(0, 16), (12, 16), (13, 32), (24, 32), (25, 64)] {
            assert_eq!(table_size(entries), expected, "{entries}");
        }
    }
}
