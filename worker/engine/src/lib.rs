//! The data path of a worker: runs tasks, one thread each, between connectors and Kafka.
//!
//! - `source`: poll → transforms → converters → producer → ledger → offsets.
//! - `sink`: consumer → converters → transforms → put → flush → commit.
//!
//! Who runs what is the herder's business: this crate does as told and reports what becomes of it.

mod active_topics;
mod aside;
mod chain;
mod clients;
mod control;
mod converters;
mod creation;
mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guard;
mod ledger;
mod metrics;
mod offsets;
mod plugins;
pub mod preview;
mod reporters;
mod runner;
mod settings;
mod sink;
mod source;
mod spans;
mod stage;
mod task;
mod timestamp;
mod topics;
mod trace;

pub use aside::aside;
pub use engine::Engine;
pub use metrics::{Attribute, Described, Group, SampleWindow, Startups, Window, described};
pub use offsets::{
    DeadLetterTopic, FileError, FileOffsets, JsonOffset, KafkaOffsets, Malformed, MemoryOffsets,
    OffsetError, OffsetRecord, OffsetStore, OffsetsChange, OffsetsRefusal, ReadPartition, Reading,
};
pub use plugins::PluginSource;
pub use runner::StartError;
pub use settings::{Distributed, EngineSettings, SettingsError};
pub use source::exactly_once::Preflight;
pub use spans::{RecordPlace, Sampler, Side, Span, SpanContext, SpanQueue, TracedClient, Tracing};
pub use task::{TargetState, TaskEvent, TaskId};
pub use trace::trace_of;
