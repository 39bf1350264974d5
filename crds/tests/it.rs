//! The generated CRDs: fresh, small, described, and with rules that hold.

#[path = "it/definitions.rs"]
mod definitions;
#[path = "it/rules.rs"]
mod rules;
