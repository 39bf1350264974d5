//! Names of members as they came before: records of one producer have the same ones in the same order.
//!
//! Each name is expected behind the one that it followed last time, and compared as it stands in the text. One that is as
//! expected is neither searched for nor shared with the record: it is kept for good ([`kept_name`]).

use std::collections::{HashMap, HashSet};

use bytestring::ByteString;
use sluice_plugin::model::kept_name;

use super::plain::plain_length;
use super::scan::{Malformed, Scanner};

/// So many names are known to one converter, and so many that came once.
const MOST: usize = 1024;
/// The longest name that is learnt, in bytes.
const LONGEST: usize = 256;
/// So many names have a place in [`Seen`].
const FEW: usize = u64::BITS as usize;
/// Most entries that an object gets room for before they come.
const ROOM: usize = 32;
/// Room for entries that a transform adds.
const SPARE: usize = 2;

/// Names that came more than once.
pub(super) struct Keys {
    /// The first one has no name: it stands for the beginning of a record.
    known: Vec<Key>,
    places: HashMap<&'static str, usize>,
    /// Names that came once. Only what comes again is kept for good.
    met: HashSet<Box<str>>,
    /// The place of the name that came last.
    last: usize,
    /// How many names may be known.
    most: usize,
}

struct Key {
    name: &'static str,
    /// The name between quotes and its colon, as they stand in the text.
    quoted: Box<[u8]>,
    /// The place of the name that followed last time; 0 for none.
    next: usize,
    /// How many entries the object had that began with this name last time.
    entries: usize,
}

impl Keys {
    /// Learns the names that it reads.
    pub(super) fn new() -> Self {
        Self::knowing(MOST)
    }

    /// Learns nothing.
    pub(super) fn none() -> Self {
        Self::knowing(0)
    }

    fn knowing(most: usize) -> Self {
        let start = Key { name: "", quoted: Box::default(), next: 0, entries: 0 };
        let (places, met) = (HashMap::new(), HashSet::new());
        Self { known: vec![start], places, met, last: 0, most }
    }

    /// A record begins.
    pub(super) const fn begin(&mut self) {
        self.last = 0;
    }

    /// Reads the name of a member and its colon if it is the expected one; its place here.
    #[inline]
    pub(super) fn expected(&mut self, scanner: &mut Scanner<'_>) -> Option<usize> {
        scanner.space();
        let expected = self.known[self.last].next;
        if expected == 0 || !scanner.takes_all(&self.known[expected].quoted) {
            return None;
        }
        self.last = expected;
        Some(expected)
    }

    /// The name of a member: the expected one, or else the one that it reads now, with its colon.
    #[inline]
    pub(super) fn name(
        &mut self,
        expected: Option<usize>,
        scanner: &mut Scanner<'_>,
    ) -> Result<ByteString, Malformed> {
        match expected {
            Some(place) => Ok(ByteString::from_static(self.known[place].name)),
            None => self.search(scanner),
        }
    }

    /// Reads the name of a member and its colon where it is not the expected one.
    fn search(&mut self, scanner: &mut Scanner<'_>) -> Result<ByteString, Malformed> {
        let name = scanner.name()?;
        let known = self.places.get(&*name).copied().or_else(|| self.learn(&name));
        let Some(place) = known else { return Ok(scanner.share(name)) };
        self.known[self.last].next = place;
        self.last = place;
        Ok(ByteString::from_static(self.known[place].name))
    }

    /// Adds a name that has come before, unless something in it is escaped in the text.
    fn learn(&mut self, name: &str) -> Option<usize> {
        let is_plain = name.len() <= LONGEST && plain_length(name.as_bytes()) == name.len();
        if self.known.len() > self.most || !is_plain {
            return None;
        }
        if !self.met.remove(name) {
            if self.met.len() == self.most {
                self.met.clear();
            }
            self.met.insert(name.into());
            return None;
        }
        let name = kept_name(name)?;
        let place = self.known.len();
        let quoted = format!("\"{name}\":").into_bytes().into();
        self.known.push(Key { name, quoted, next: 0, entries: 0 });
        self.places.insert(name, place);
        Some(place)
    }

    /// How many entries to make room for in an object whose first name has this place.
    pub(super) fn room(&self, first: Option<usize>) -> usize {
        first.map_or(0, |it| self.known[it].entries + SPARE)
    }

    /// An object whose first name has this place had so many entries.
    pub(super) fn had(&mut self, first: Option<usize>, entries: usize) {
        if let Some(first) = first {
            self.known[first].entries = entries.min(ROOM);
        }
    }
}

/// Which names an object has already, as far as they were expected.
#[derive(Default)]
pub(super) struct Seen {
    names: u64,
    has_others: bool,
}

impl Seen {
    /// Takes the name at a place, or one that was not expected; whether the object cannot have it yet.
    pub(super) const fn is_first(&mut self, place: Option<usize>) -> bool {
        match place {
            Some(place) if place < FEW && !self.has_others => {
                let name = 1 << place;
                let is_first = self.names & name == 0;
                self.names |= name;
                is_first
            }
            _ => {
                self.has_others = true;
                false
            }
        }
    }
}
