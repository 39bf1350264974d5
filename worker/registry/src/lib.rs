//! Client of a Confluent-compatible Schema Registry, for the converters that keep their schemas there: the keys that they
//! share, subjects, the header of each record, and caches, so that a record costs no request once its schema is known.
//!
//! **Calls block the thread.** A converter is called on its task's own thread, whose runtime runs nothing but that task, so a
//! lookup holds up the records that need its answer and nobody else: what must go on meanwhile (places in groups, other
//! tasks, the REST API) runs on the worker's own runtime. Requests run on a thread of this crate that all clients share;
//! the caller waits for its answer no longer than `http.connect.timeout.ms` + `http.read.timeout.ms` for each URL.
//!
//! **A registry that is away is no fault of a record.** Its [`RegistryError::Outage`] becomes an error that the runtime
//! tries again until it is gone or the task is stopped, whatever `errors.tolerance` says.
//!
//! The calls and error codes are those of `io.confluent.kafka.schemaregistry.client.rest.RestService`.

mod answers;
mod cache;
mod client;
mod codec;
mod converter;
mod error;
mod framing;
mod http;
mod memory;
mod schema;
mod settings;
mod subject;
mod transport;
mod writer;

pub use cache::Recent;
pub use client::Registry;
pub use codec::{Codec, Derived, KnownText, Wrong};
pub use converter::RegistryConverter;
pub use error::{RegistryError, Work};
pub use framing::{Framed, SchemaIdPlace, frame, header_name, unframe};
pub use schema::{Reference, Registered, SchemaFormat, SchemaId, SchemaText};
pub use settings::RegistrySettings;
pub use subject::Subjects;
pub use writer::{SchemaToUse, Writer};
