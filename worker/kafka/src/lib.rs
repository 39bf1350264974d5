//! sluice-kafka.
