//! Connectors for tests, under the names of Kafka's own (`org.apache.kafka.connect.tools`), so that what drives a Java
//! worker with them drives this one.
//!
//! - `VerifiableSource` and `VerifiableSink` print a line of JSON for each record and again once it is safe: whoever reads
//!   the lines knows what must be in Kafka. At least once.
//! - `SchemaSource` makes structs, of one version or of two in turn. At least once.
//! - `MockSource` and `MockSink` move nothing and fail on demand.
//!
//! As in Java none of them has keys that `validate` knows: what is wrong with their settings fails the task.

mod announce;
mod mock;
mod pace;
mod position;
mod schema_source;
mod settings;
mod verifiable_sink;
mod verifiable_source;

pub use mock::{MockSink, MockSource};
pub use schema_source::SchemaSource;
pub use verifiable_sink::VerifiableSink;
pub use verifiable_source::VerifiableSource;
