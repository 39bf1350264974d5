//! A way in for `fuzz/`: what reads bytes from brokers is private otherwise.

pub use crate::fetched::read_batches;
