//! sluice-group.
