//! Kafka as Connect uses it: client settings, a thin wire client, on it group members, admin calls, the consumers of sinks and
//! the reader and writer of internal topics, and producers on librdkafka.

pub mod admin;
mod batch;
mod codes;
mod consumer;
mod failure;
mod fetched;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod log;
mod login;
pub mod membership;
mod memory;
mod message;
mod producer;
mod settings;
pub mod tls;
pub mod wire;

pub use batch::Batch;
pub use consumer::assign::{
    Assignments, Assignor, Malformed, Racks, Subscriber, Subscription, Topics, decode_assignment,
    encode_assignment,
};
pub use consumer::{BatchConsumer, ConsumerConfig, ConsumerCutoff, Event, TopicOffsets};
pub use failure::ClientError;
pub use login::Logins;
pub use memory::{Memory, Share};
pub use message::{Message, OutgoingRecord, RecordMetadata, TimestampType};
pub use producer::{Deliveries, Delivery, Producer, ProducerConfig, ProducerCutoff, SendRefused};
pub use settings::{ClientSettings, SettingsError, layered};
