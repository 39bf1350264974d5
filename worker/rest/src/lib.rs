//! sluice-rest.
