//! The REST API of a worker: routes to `herder::Handle`, forwards what another worker has to do, and serves metrics.
//!
//! Paths, status codes, bodies and error texts are those of Kafka Connect 4.3 (`ConnectorsResource` and its neighbours).

mod answer;
mod body;
mod client;
mod clock;
mod connectors;
mod forward;
mod location;
mod loggers;
mod media;
mod metrics;
mod offsets;
mod plugins;
mod query;
mod root;
mod server;

pub use client::LeaderClient;
pub use metrics::serve as serve_metrics;
pub use server::{Server, ServerSettings, router};
