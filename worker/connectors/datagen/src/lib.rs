//! sluice-connector-datagen.
