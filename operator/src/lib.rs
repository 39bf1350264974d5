//! The operator of Sluice: turns `KafkaConnect` and `KafkaConnector` resources into worker StatefulSets and running
//! connectors.
//!
//! [`cluster`] and [`connector`] are the two paths, each read from top to bottom; [`run`] drives them. The deciding
//! modules are pure and shared with the command line.

pub mod backoff;
pub mod cli;
pub mod cluster;
pub mod conditions;
pub mod connect_api;
pub mod connector;
mod context;
mod controllers;
mod definitions;
mod disappearances;
mod events;
mod generations;
mod health;
mod invalid;
pub mod keys;
pub mod leader;
pub mod memory;
mod metrics;
pub mod names;
pub mod operation;
pub mod pause;
pub mod properties;
pub mod reason;
mod reconcile;
pub mod report;
pub mod reviews;
mod run;
pub mod scalars;
mod slots;
pub mod throttle;

pub use context::{Context, Settings};
pub use run::{Error, run};
