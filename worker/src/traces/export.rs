//! Sends the spans that wait, batch by batch, until the worker stops. A collector that is away is asked again for a while;
//! then the batch is dropped and counted.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use prometheus::IntCounter;
use sluice_engine::{Span, SpanQueue};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    environment::Variables,
    otlp::request,
    wire::{Refusal, Wire},
};

/// Attempts for one batch.
const ATTEMPTS: u32 = 5;
/// Pause after the first one that has failed; half as long again after each other.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Sends spans to a collector.
pub(crate) struct Exporter {
    queue: Arc<SpanQueue>,
    wire: Wire,
    resource: BTreeMap<String, String>,
    delay: Duration,
    exported: IntCounter,
    /// Whether the collector took nothing the last time, so that it is told once and not for each batch.
    is_away: bool,
}

impl Exporter {
    pub(super) fn new(
        variables: Variables,
        queue: Arc<SpanQueue>,
        exported: IntCounter,
    ) -> Result<Self> {
        let Variables { collector, resource, delay, .. } = variables;
        let wire = Wire::new(collector)?;
        Ok(Self { queue, wire, resource, delay, exported, is_away: false })
    }

    /// Sends until `stop`, then what is left: one attempt for each batch.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.queue.filled() => {}
                () = sleep(self.delay) => {}
            }
            self.send_waiting(&stop).await;
        }
        self.send_waiting(&stop).await;
    }

    async fn send_waiting(&mut self, stop: &CancellationToken) {
        loop {
            let spans = self.queue.take();
            if spans.is_empty() {
                return;
            }
            self.send(spans, stop).await;
            if !self.queue.has_enough() && !stop.is_cancelled() {
                return;
            }
        }
    }

    async fn send(&mut self, spans: Vec<Span>, stop: &CancellationToken) {
        let count = spans.len();
        let request = request(&self.resource, spans);
        let mut attempt = 1;
        loop {
            let refusal = match self.wire.send(&request).await {
                Ok(rejected) => return self.took(count, rejected as usize),
                Err(refusal) => refusal,
            };
            let why = match refusal {
                Refusal::Passing(why) if attempt == ATTEMPTS || stop.is_cancelled() => why,
                Refusal::Final(why) => why,
                Refusal::Passing(why) => {
                    self.note_away(&why);
                    tokio::select! {
                        () = sleep(pause(attempt)) => {}
                        () = stop.cancelled() => {}
                    }
                    attempt += 1;
                    continue;
                }
            };
            self.note_away(&why);
            return self.queue.lost(count);
        }
    }

    fn took(&mut self, count: usize, rejected: usize) {
        let rejected = rejected.min(count);
        self.exported.inc_by((count - rejected) as u64);
        self.queue.lost(rejected);
        if std::mem::take(&mut self.is_away) {
            tracing::info!("the collector takes traces again");
        }
    }

    fn note_away(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(
                error = why,
                "the collector takes no traces; spans are dropped until it does, and records go on"
            );
        }
    }
}

fn pause(attempt: u32) -> Duration {
    FIRST_PAUSE.mul_f64(1.5_f64.powi(attempt as i32 - 1))
}

#[cfg(test)]
mod tests;
