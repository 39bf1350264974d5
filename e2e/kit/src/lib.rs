//! The test kit: starts the real servers that tests need, each from packages that lock files pin, and ends them with the
//! test process.

pub mod cache;
pub mod image;
pub mod kubernetes;
