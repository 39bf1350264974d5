//! The crate against a real Kafka.

mod assignors;
mod consumer;
mod log;
mod member;
mod security;
mod support;
