//! The generated CRDs: fresh, small, described, and with rules that hold.

mod definitions;
mod rules;
