//! The connectors against real databases.

mod conformance;
mod databases;
mod faults;
mod mapping;
mod source;
mod sqlite;
