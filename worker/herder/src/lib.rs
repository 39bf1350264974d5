//! sluice-herder.
