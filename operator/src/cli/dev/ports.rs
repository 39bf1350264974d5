//! Ports of this machine.

use std::net::TcpListener;

use super::Error;

/// The preferred port if it is free, else any that is.
pub(super) fn free_port(preferred: u16) -> Result<u16, Error> {
    let bind = |port: u16| TcpListener::bind(("127.0.0.1", port));
    let listener = bind(preferred).or_else(|_| bind(0)).map_err(Error::System)?;
    listener.local_addr().map(|address| address.port()).map_err(Error::System)
}
