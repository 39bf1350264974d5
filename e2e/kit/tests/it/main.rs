//! The kit's own tests, on the real servers that it starts.

mod kafka;
mod kubernetes;
