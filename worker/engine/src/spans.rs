//! Spans of records, as OpenTelemetry's interceptors of Kafka clients make them: one of kind producer for each record that a
//! source sends, which takes its context along in the header `traceparent`, and one of kind consumer for each record that a
//! sink takes, below the span whose context came with it.
//!
//! Records never wait for spans: what the queue has no room for is dropped and counted.

mod context;
mod queue;
mod sampler;
mod tracer;

use std::sync::Arc;

pub use context::SpanContext;
pub use queue::SpanQueue;
pub use sampler::Sampler;
pub(crate) use tracer::Tracer;

/// Which side of Kafka a span is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A source that sends.
    Producer,
    /// A sink that takes.
    Consumer,
}

/// The client of a task, as its spans name it.
#[derive(Debug, PartialEq, Eq)]
pub struct TracedClient {
    /// Which side of Kafka it is on.
    pub side: Side,
    /// Its client id.
    pub id: String,
    /// The group that a consumer is in.
    pub group: Option<String>,
}

/// Where a consumed record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// Partition.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Bytes of the value; none of a record without one.
    pub size: Option<usize>,
}

/// What was done with one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its own context, which a sent record has taken along.
    pub context: SpanContext,
    /// The span above it, by id: none for the first of a trace.
    pub parent: Option<u64>,
    /// The header `tracestate` that came with the record.
    pub state: Option<String>,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970, not before `start`.
    pub end: u64,
    /// Whether the task has failed over it.
    pub failed: bool,
    /// Who did it.
    pub client: Arc<TracedClient>,
    /// Topic of the record.
    pub topic: Arc<str>,
    /// Where a consumed record was.
    pub place: Option<RecordPlace>,
}

/// Spans are wanted: which, and where they go.
#[derive(Debug, Clone)]
pub struct Tracing {
    /// Which traces are recorded.
    pub sampler: Sampler,
    /// Where spans wait for whoever exports them.
    pub queue: Arc<SpanQueue>,
}
