//! sluice-engine.
