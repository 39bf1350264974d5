//! Ports for servers that tests start.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// A port that nothing listens on now and that the kernel hands to no outgoing connection meanwhile: below the range
/// that it takes those from.
pub fn free() -> Result<u16> {
    const FIRST: u16 = 12_000;
    const LAST: u16 = 30_000;
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let spread = u16::try_from(std::process::id() * 37 % u32::from(LAST - FIRST))?;
    for _ in FIRST..LAST {
        let port = next.unwrap_or(FIRST + spread);
        *next = Some(if port + 1 == LAST { FIRST } else { port + 1 });
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    None.context("no free port")
}
