//! The kit's own tests, on the real servers that it starts.

mod connect;
mod kafka;
mod kubernetes;
mod registry;
