//! Tasks as the herder runs them, against a broker in the same process that can be told to go wrong.

#![allow(clippy::unwrap_used, reason = "a test may say so when its ground is missing")]

mod allocations;
mod commits;
mod errors;
mod exactly_once;
mod headers;
mod lifecycle;
mod overrides;
mod plugins;
mod previews;
mod rebalances;
mod records;
mod sending;
mod settling;
mod sinks;
mod sources;
mod spans;
mod stage;
