//! The crate against a real Kafka.

mod assignors;
mod bearer;
mod consumer;
mod log;
mod member;
mod security;
mod support;
