//! sluice-connector-null.
