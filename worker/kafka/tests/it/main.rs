//! The crate against a real Kafka.

mod admin;
mod assignors;
mod bearer;
mod consumer;
mod log;
mod member;
mod security;
mod support;
