//! The connectors against real databases.

mod bed;
mod conformance;
mod databases;
mod expressions;
mod faults;
mod mapping;
mod options;
mod sink;
mod source;
mod sqlite;
mod tables;
mod times;
