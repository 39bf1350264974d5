//! What a broker is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::faults::Faults;

/// Settings of one embedded broker.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `HOST:PORT` that clients are told to connect to; the listen address unless given.
    pub advertised: Option<String>,
    /// Folder that keeps topics, records and committed offsets; in memory only unless given.
    pub data_dir: Option<PathBuf>,
    /// Bytes of records kept in memory before producers have to wait. Without effect on a broker with a `data_dir`.
    pub memory_limit: usize,
    /// Partitions of a topic that is created without a number of its own.
    pub default_partitions: i32,
    /// Whether a client that asks for an unknown topic gets it created.
    pub auto_create_topics: bool,
    /// How long an empty group waits for further members before its first assignment.
    pub group_initial_rebalance_delay: Duration,
    /// Largest request in bytes; a connection that announces more is closed.
    pub max_request_bytes: usize,
    /// Faults to inject; the handle stays with the test that sets them.
    pub faults: Option<Faults>,
}

impl BrokerConfig {
    /// A broker in memory at this address, with what suits development in everything else.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            advertised: None,
            data_dir: None,
            memory_limit: 256 << 20,
            default_partitions: 1,
            auto_create_topics: true,
            group_initial_rebalance_delay: Duration::ZERO,
            max_request_bytes: 100 << 20,
            faults: None,
        }
    }
}

impl Default for BrokerConfig {
    /// At a free port of this machine.
    fn default() -> Self {
        Self::new(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}
