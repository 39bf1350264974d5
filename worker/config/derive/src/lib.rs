//! sluice-config-derive.
