//! The data that flows through Kafka Connect: schemas, values, records and positions.
//!
//! Pure data: no I/O, no async, no serialisation. Names are those of `org.apache.kafka.connect.data`.

pub mod calendar;
mod decimal;
pub mod digits;
mod floating;
mod header;
mod kept;
pub mod logical;
mod parameters;
mod position;
mod projector;
mod record;
mod schema;
mod text;
mod validation;
mod value;
pub mod values;

pub use decimal::Decimal;
pub use header::{Header, Headers};
pub use kept::{kept_name, kept_text};
pub use logical::Logical;
pub use parameters::Parameters;
pub use position::{SourceOffset, SourcePartition, TopicPartition};
pub use projector::{ProjectError, project};
pub use record::{ConnectRecord, RawRecord, SinkRecord, SourceRecord, TimestampType};
pub use schema::{Field, Schema, SchemaRef, Type};
pub use validation::Invalid;
pub use value::{SchemaAndValue, Struct, Value};
