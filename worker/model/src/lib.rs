//! The data that flows through Kafka Connect: schemas, values, records and positions.
//!
//! Pure data: no I/O, no async, no serialisation. Names are those of `org.apache.kafka.connect.data`.

mod header;
mod position;
mod record;
mod schema;
mod text;
mod value;

pub use header::{Header, Headers};
pub use position::{SourceOffset, SourcePartition, TopicPartition};
pub use record::{SinkRecord, SourceRecord, TimestampType};
pub use schema::{Field, Schema, SchemaRef, Type};
pub use value::{SchemaAndValue, Struct, Value};
