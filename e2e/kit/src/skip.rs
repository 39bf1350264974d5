//! Tests that cannot have their part say so, and the summary at the end of `make test` counts them.

use std::fs::OpenOptions;
use std::io::Write;
use std::{env, thread};

/// Ends the test as skipped if the expression names something that is missing.
///
/// ```ignore
/// sluice_kit::require!(sluice_kit::java::missing());
/// ```
#[macro_export]
macro_rules! require {
    ($missing:expr) => {
        if let Some(reason) = $missing {
            return $crate::skip::skipped(module_path!(), &reason);
        }
    };
}

/// What a skipped test returns.
pub trait Outcome {
    /// A test that did not fail.
    fn passed() -> Self;
}

impl Outcome for () {
    fn passed() -> Self {}
}

impl<E> Outcome for Result<(), E> {
    fn passed() -> Self {
        Ok(())
    }
}

/// Prints the line and adds it to the file that `$SLUICE_SKIPPED` names.
pub fn skipped<T: Outcome>(module: &str, reason: &str) -> T {
    let package = module.split("::").next().unwrap_or(module);
    let thread = thread::current();
    let line = format!("SKIPPED {package}::{}: {reason}\n", thread.name().unwrap_or("test"));
    eprint!("{line}");
    if let Some(file) = env::var_os("SLUICE_SKIPPED") {
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok(), "a skipped test must be counted: {written:?}");
    }
    T::passed()
}
