//! Random identifiers: topic ids, member ids, the cluster id.

use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// A random id in the layout of a version 4 UUID.
pub(crate) fn uuid() -> Uuid {
    let mut bytes = [0_u8; 16];
    SystemRandom::new().fill(&mut bytes).expect("the system has a source of randomness");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}
