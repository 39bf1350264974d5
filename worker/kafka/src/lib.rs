//! Kafka as Connect uses it: client settings, a thin wire client for group calls, admin calls and fetches, producers and
//! members of sinks' groups on librdkafka, and the reader and writer of internal topics.

pub mod admin;
mod batch;
mod codes;
mod consumer;
mod failure;
mod fetched;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod log;
mod memory;
mod message;
mod producer;
mod settings;
pub mod tls;
pub mod wire;

pub use batch::Batch;
pub use consumer::{BatchConsumer, ConsumerConfig, ConsumerCutoff, Event, TopicOffsets};
pub use failure::ClientError;
pub use memory::{Memory, Share};
pub use message::{Message, OutgoingRecord, RecordMetadata, TimestampType};
pub use producer::{Deliveries, Delivery, Producer, ProducerConfig, ProducerCutoff, SendRefused};
pub use settings::{ClientSettings, SettingsError, layered};
