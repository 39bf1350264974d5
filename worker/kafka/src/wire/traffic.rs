//! What a client has sent and received, and over how many connections it does: as Java's clients count it, in bytes of
//! requests and answers, without what TLS adds.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// The counters of one client; its connections add to them.
#[derive(Debug, Default)]
pub struct Traffic {
    client_id: String,
    sent: AtomicU64,
    received: AtomicU64,
    connections: AtomicU64,
}

impl Traffic {
    pub(super) fn of(client_id: &str) -> Self {
        Self { client_id: client_id.to_owned(), ..Self::default() }
    }

    /// The client's id, as brokers know it.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Bytes of requests since the client was made.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Bytes of answers since the client was made.
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Open connections.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }
}

/// An open connection's part in the counters; dropped, it is one less.
pub(super) struct Counted(Arc<Traffic>);

impl Counted {
    pub(super) fn new(traffic: &Arc<Traffic>) -> Self {
        traffic.connections.fetch_add(1, Relaxed);
        Self(Arc::clone(traffic))
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Relaxed);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_count_while_they_are_open_and_bytes_for_good() {
        let traffic = Arc::new(Traffic::of("c"));
        let (one, other) = (Counted::new(&traffic), Counted::new(&traffic));
        one.sent(10);
        other.received(5);
        drop(one);
        assert_eq!((traffic.sent(), traffic.received(), traffic.connections()), (10, 5, 1));
        assert_eq!(traffic.client_id(), "c");
    }
}
