//! Patterns for names of topics, and the errors that they bring about.

use sluice_config::regex::{JavaRegex, RegexError};
use sluice_plugin::Error;

/// Refuses what is no pattern (`RegexValidator`). What follows the first words is ours: Java draws a picture there.
pub(crate) fn check(text: &str) -> Result<(), String> {
    JavaRegex::new(text).map(drop).map_err(|error| format!("Invalid regex: {error}"))
}

/// The error for a record whose topic takes too long to match.
pub(crate) fn too_long(error: &RegexError) -> Error {
    Error::bad_record(error.to_string()).named("java.lang.StackOverflowError")
}
