//! The connectors against real databases.

mod sqlite;
