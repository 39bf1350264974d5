//! Traces of records: with `sluice.tracing=opentelemetry`, spans go to a collector over OTLP, as OpenTelemetry's environment
//! variables say. Without it, nothing of this runs.

mod environment;
mod export;
mod otlp;
mod wire;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use prometheus::{IntCounter, Registry};
use sluice_engine::{SpanQueue, Tracing};

use environment::Variables;
pub(crate) use export::Exporter;

/// The key that turns traces on.
const KEY: &str = "sluice.tracing";

/// The time that a worker which ends gives to its last spans.
pub(crate) const LAST_EXPORT: Duration = Duration::from_secs(2);

/// What makes spans and what sends them, if the worker file and the environment want them.
pub(crate) fn of(
    wanted: Option<&str>,
    environment: &BTreeMap<String, String>,
    worker_id: &str,
    registry: &Registry,
) -> Result<Option<(Tracing, Exporter)>> {
    match wanted.map_or("", str::trim) {
        "" => return Ok(None),
        "opentelemetry" => {}
        other => anyhow::bail!(
            "Invalid value {other} for configuration {KEY}: expected opentelemetry, or nothing"
        ),
    }
    let Some(variables) = Variables::parse(environment, worker_id)? else { return Ok(None) };
    let counter = |name: &str, help: &str| -> Result<IntCounter> {
        let counter = IntCounter::new(name, help)?;
        registry.register(Box::new(counter.clone()))?;
        Ok(counter)
    };
    let exported =
        counter("sluice_worker_spans_exported_total", "Spans that the collector has taken.")?;
    let dropped = counter(
        "sluice_worker_spans_dropped_total",
        "Spans that had no room, or that the collector did not take.",
    )?;
    let queue = Arc::new(SpanQueue::new(variables.room, variables.batch, dropped));
    let tracing = Tracing { sampler: variables.sampler, queue: Arc::clone(&queue) };
    let collector = variables.collector.to_string();
    let exporter = Exporter::new(variables, queue, exported)
        .context("the client of the collector of traces")?;
    tracing::info!(collector, "spans of records are sent");
    Ok(Some((tracing, exporter)))
}
