//! sluice-converters.
