//! The internal topics as state: what their records mean, and the records that a change needs. No I/O.

pub mod config;
pub mod status;
pub mod topics;
