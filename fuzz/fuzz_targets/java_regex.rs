//! Any text as a Java regular expression, matched with any other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_config::regex::JavaRegex;

fuzz_target!(|input: (&str, &str, &str)| {
    let (pattern, text, replacement) = input;
    let Ok(regex) = JavaRegex::new(pattern) else { return };
    let _ = regex.matches(text);
    let _ = regex.replace_first(text, replacement);
});
