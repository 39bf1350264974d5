//! sluice-rest-model.
