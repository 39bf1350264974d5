//! A way in for `fuzz/`: what reads bytes from the offsets topic is private otherwise.

pub use crate::offsets::read_offset;
