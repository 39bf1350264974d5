//! The REST API of a worker: routes to `herder::Handle`, forwards what another worker has to do, and serves metrics.
//!
//! Paths, status codes, bodies and error texts are those of Kafka Connect 4.3 (`ConnectorsResource` and its neighbours).

mod answer;
mod authorization;
mod body;
mod client;
mod clock;
mod connectors;
mod cors;
mod credentials;
mod forward;
mod headers;
mod internal;
mod location;
mod loggers;
mod media;
mod metrics;
mod offsets;
mod openapi;
mod operation;
mod operator;
mod options;
mod pages;
mod plugins;
mod policy;
mod query;
mod reviewer;
mod right;
mod root;
mod routes;
mod secured;
mod server;
mod verdicts;

pub use authorization::{Authorization, Rules};
pub use client::LeaderClient;
pub use cors::Cors;
pub use credentials::Credentials;
pub use headers::HeaderRules;
pub use metrics::serve as serve_metrics;
pub use operator::{NoDigest, Operator};
pub use policy::Policy;
pub use reviewer::{Reviewer, Unsendable};
pub use server::{AdminRoutes, Routers, Server, ServerSettings, routers};
