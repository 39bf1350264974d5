//! `java.text.SimpleDateFormat` in UTC with English names.

mod civil;
mod fields;
mod pattern;
mod read;
mod write;

use pattern::{Item, items};

/// A pattern, ready to write and to read dates. Reading is lenient, as it is in Java unless told otherwise.
pub(crate) struct DateFormat {
    pattern: String,
    items: Vec<Item>,
    /// Two-digit years mean the hundred years from this moment on.
    century_start: i64,
}

impl DateFormat {
    /// Reads a pattern; an error is the text of Java's `IllegalArgumentException`. `now` is in milliseconds since the
    /// epoch: two-digit years are those from 80 years before to 20 years after.
    pub(crate) fn new(pattern: &str, now: i64) -> Result<Self, String> {
        let century_start = civil::years_later(now, -80);
        Ok(Self { items: items(pattern)?, pattern: pattern.to_owned(), century_start })
    }

    /// The pattern as it was given.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Appends a moment, in milliseconds since the epoch.
    pub(crate) fn write(&self, millis: i64, out: &mut String) {
        write::write(&self.items, millis, out);
    }

    /// The moment that the beginning of a text names, in milliseconds since the epoch.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        read::read(&self.items, self.century_start, text)
    }
}
