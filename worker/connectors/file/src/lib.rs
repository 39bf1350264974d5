//! sluice-connector-file.
