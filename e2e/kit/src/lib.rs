//! The test kit: starts the real servers that tests need, each from packages that lock files pin, and ends them with the
//! test process.

pub mod binaries;
pub mod cache;
pub mod confluent;
pub mod connect;
pub mod debezium;
pub mod image;
pub mod issuer;
pub mod java;
pub mod kafka;
pub mod kubernetes;
pub mod mariadb;
pub mod ports;
pub mod postgres;
pub mod prometheus;
pub mod registry;
pub mod skip;
pub mod wait;

mod database;
mod lasting;
mod reaper;
