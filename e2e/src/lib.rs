//! sluice-e2e.
