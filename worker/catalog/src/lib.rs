//! sluice-catalog.
