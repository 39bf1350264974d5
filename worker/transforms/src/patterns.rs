//! What becomes of a record whose topic a pattern does not get done with.

use sluice_config::regex::RegexError;
use sluice_plugin::Error;

/// The error for a topic that takes too long to match. Java runs out of stack, or does not end.
pub(crate) fn too_long(error: &RegexError) -> Error {
    Error::bad_record(error.to_string()).named("java.lang.StackOverflowError")
}
