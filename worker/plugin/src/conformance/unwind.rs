//! Panics of a plugin as findings.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Broken, Obligation};

/// What a call gives; a panic breaks an obligation. `input` says what it was called with.
pub(super) fn caught<T>(input: impl Fn() -> String, call: impl FnOnce() -> T) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "no message".to_owned());
        Obligation::NeverPanics.broken(format!("it panicked with \"{text}\" for {}", input()))
    })
}
