//! Traces of records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Traces of the records that go through the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tracing {
    /// opentelemetry: a span for each record that a source sends and that a sink takes, to the collector that the
    /// variables OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME of template.connectContainer.env name.
    #[serde(rename = "type")]
    pub kind: TracingType,
}

/// opentelemetry: spans over OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TracingType {
    /// Spans over OTLP.
    OpenTelemetry,
}
