//! The crate against a real Kafka.

mod consumer;
mod log;
mod security;
mod support;
