//! sluice-broker.
