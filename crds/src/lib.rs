//! sluice-crds.
