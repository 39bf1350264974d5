//! sluice-kit.
