//! What the converter owes, against the registry of this process.

mod conformance;
mod registry;
