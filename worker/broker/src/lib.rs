//! A small Kafka broker with one node, for development and for tests on the wire. It is no production broker: one
//! copy of the data, no transactions, no access control, no compaction, no fsync before an acknowledgement.
//!
//! Takes connections of any Kafka client and answers the calls that producers, consumers, Connect workers and the
//! usual admin tools make. Data lives in memory up to a limit, or in a folder. When a bound is reached, producers wait
//! and are told so; an acknowledged record is never dropped to make room, unless the topic's own `retention.*` says so.
//!
//! Way of a request: `server` accepts, `connection` frames, `shape` refuses impossible lengths, `dispatch` decodes and
//! injects faults, `api` answers from `topics`, `log` and `group`.

mod api;
mod config;
mod connection;
mod context;
mod dispatch;
mod faults;
mod group;
mod journal;
mod log;
mod memory;
mod producers;
mod random;
mod server;
mod shape;
mod topic_config;
mod topics;

pub use config::BrokerConfig;
pub use faults::{Fault, Faults};
pub use server::{Broker, StartError};
