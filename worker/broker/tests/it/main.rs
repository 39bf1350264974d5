//! The broker seen by a real client, librdkafka, and by clients that send garbage.

#![allow(clippy::unwrap_used, reason = "a test may say so when its ground is missing")]

mod clients;
mod garbage;
mod groups;
mod java;
mod records;
