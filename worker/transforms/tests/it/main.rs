//! The transforms from outside.

mod allocations;
mod conformance;
