//! Names that stay for as long as the process, so that records share them without a count.
//!
//! Records of one kind have the same names over and over, and counting who shares them is much of what a small map costs.
//! Names that come again are kept for good, each once, up to a fixed size; what comes beyond that is counted as any text.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use bytestring::ByteString;

/// The longest name that is kept, in bytes.
const LONGEST: usize = 256;
/// What all names may take together, in bytes.
const MOST: usize = 1 << 20;
/// What a name takes beside its text.
const BESIDE: usize = 32;

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(Kept::new(MOST)));

struct Kept {
    names: HashSet<&'static str>,
    room: usize,
}

/// The same text for as long as the process; none where there is no room for it.
pub fn kept_name(name: &str) -> Option<&'static str> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).name(name)
}

/// The same text, kept for as long as the process where there is room for it. For texts of settings that go into every
/// record.
pub fn kept_text(text: &str) -> ByteString {
    kept_name(text).map_or_else(|| text.into(), ByteString::from_static)
}

impl Kept {
    fn new(room: usize) -> Self {
        Self { names: HashSet::new(), room }
    }

    fn name(&mut self, name: &str) -> Option<&'static str> {
        if let Some(known) = self.names.get(name) {
            return Some(known);
        }
        if name.len() > LONGEST {
            return None;
        }
        self.room = self.room.checked_sub(name.len() + BESIDE)?;
        let kept: &'static str = Box::leak(name.into());
        self.names.insert(kept);
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_while_there_is_room() {
        let mut kept = Kept::new(2 * (BESIDE + 2));
        let first = kept.name("id").unwrap();
        assert!(std::ptr::eq(first, kept.name(&String::from("id")).unwrap()));
        assert_eq!(kept.name("no"), Some("no"));
        assert_eq!(kept.name("city"), None);
        assert_eq!(kept.name("id"), Some("id"));
        assert_eq!(Kept::new(MOST).name(&"x".repeat(LONGEST + 1)), None);
    }
}
