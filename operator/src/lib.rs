//! sluice-operator.
