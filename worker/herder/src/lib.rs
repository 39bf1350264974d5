//! The control path of a worker: joins the group, follows the internal topics, and has the engine run what is assigned.
//!
//! `state` decides (pure: one event in, effects out), `run` acts, `store` knows the records of the internal topics.

mod configured;
mod event;
mod handle;
mod instant;
pub mod loggers;
mod metrics;
mod peers;
mod request;
mod run;
mod settings;
pub mod signature;
mod stage;
mod state;
mod status_writer;
pub mod store;
mod validate;

pub use handle::Handle;
pub use request::{Answer, Error, FencingRequest, Request};
pub use run::{Followed, Herder, NotFenced, Requests, RunError, Workers};
pub use settings::{ExactlyOnce, Settings};
pub use sluice_engine::{OffsetsChange, TaskId};
pub use state::Plugins;
pub use store::config::{LoggerChange, RestartRequest, SessionKey, TargetState};
pub use validate::CatalogPlugins;
