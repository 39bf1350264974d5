//! Spans as messages of OTLP: of `opentelemetry/proto/{collector/trace,trace,resource,common}/v1`, what is used here.

use std::collections::BTreeMap;

use prost::{Message, Oneof};
use sluice_engine::{RecordPlace, Side, Span, TracedClient};

/// What the spans of this program are called the scope of.
const SCOPE: &str = "sluice";
/// Of kinds of spans.
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
/// Of status codes.
const ERROR: i32 = 2;
/// The part of a span's flags that is W3C's.
const SAMPLED: u32 = 1;

/// What is sent.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExportTraceServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

/// What is answered.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExportTraceServiceResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) partial_success: Option<PartialSuccess>,
}

/// What of a request was not taken.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PartialSuccess {
    #[prost(int64, tag = "1")]
    pub(super) rejected_spans: i64,
    #[prost(string, tag = "2")]
    pub(super) error_message: String,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<SpanMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct SpanMessage {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    trace_state: String,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Scalar", tags = "1, 3")]
    value: Option<Scalar>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Scalar {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Number(i64),
}

/// The request that takes spans of a resource along.
pub(super) fn request(
    resource: &BTreeMap<String, String>,
    spans: Vec<Span>,
) -> ExportTraceServiceRequest {
    let scope = Scope { name: SCOPE.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let spans = spans.into_iter().map(message).collect();
    let attributes = resource.iter().map(|(key, value)| text(key, value)).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans }],
        }],
    }
}

fn message(span: Span) -> SpanMessage {
    let (kind, operation) = match span.client.side {
        Side::Producer => (PRODUCER, "publish"),
        Side::Consumer => (CONSUMER, "process"),
    };
    SpanMessage {
        trace_id: span.context.trace.to_be_bytes().into(),
        span_id: span.context.span.to_be_bytes().into(),
        parent_span_id: span.parent.map(|it| it.to_be_bytes().into()).unwrap_or_default(),
        flags: if span.context.sampled { SAMPLED } else { 0 },
        name: format!("{} {operation}", span.topic),
        kind,
        start_time_unix_nano: span.start,
        end_time_unix_nano: span.end,
        attributes: attributes(&span.client, &span.topic, operation, span.place),
        status: span.failed.then_some(Status { code: ERROR }),
        trace_state: span.state.unwrap_or_default(),
    }
}

/// Under the names that the interceptors of opentelemetry-java-instrumentation 2 give them.
fn attributes(
    client: &TracedClient,
    topic: &str,
    operation: &str,
    place: Option<RecordPlace>,
) -> Vec<KeyValue> {
    let mut attributes = vec![
        text("messaging.system", "kafka"),
        text("messaging.destination.name", topic),
        text("messaging.operation", operation),
        text("messaging.client_id", &client.id),
    ];
    attributes.extend(client.group.iter().map(|it| text("messaging.kafka.consumer.group", it)));
    if let Some(RecordPlace { partition, offset, size }) = place {
        attributes.push(text("messaging.destination.partition.id", &partition.to_string()));
        attributes.push(number("messaging.kafka.message.offset", offset));
        let size = size.and_then(|it| i64::try_from(it).ok());
        attributes.extend(size.map(|it| number("messaging.message.body.size", it)));
    }
    attributes
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Scalar::Text(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Scalar::Number(value))
}

fn attribute(key: &str, value: Scalar) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}
