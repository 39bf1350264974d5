//! Ports of this machine.

use std::collections::BTreeSet;
use std::io;
use std::net::TcpListener;

/// Ports looked at before giving up. All are below the range that the system takes for outgoing connections, so that
/// none is gone again before its worker listens.
const RANGE: u16 = 250;

/// Hands out ports, each once.
#[derive(Debug, Default)]
pub(super) struct Ports(BTreeSet<u16>);

impl Ports {
    /// The first free port from `first` on.
    pub(super) fn free(&mut self, first: u16) -> io::Result<u16> {
        let mut last = io::Error::other("all ports are in use");
        for port in first..first.saturating_add(RANGE) {
            if self.0.contains(&port) {
                continue;
            }
            match TcpListener::bind(("127.0.0.1", port)) {
                Ok(_) => {
                    self.0.insert(port);
                    return Ok(port);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_handed_out_once_and_only_if_nobody_has_it() {
        let mut ports = Ports::default();
        let first = ports.free(23_500).unwrap();
        let held = TcpListener::bind(("127.0.0.1", first + 1));
        let second = ports.free(first).unwrap();
        assert!(second > first && (held.is_err() || second > first + 1), "{first} {second}");
    }
}
