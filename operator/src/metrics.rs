//! Counts and times of reconciles, for Prometheus. Labels are closed sets: no names, no messages.

use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::reason::Reason;

/// The operator's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    total: IntCounterVec,
    errors: IntCounterVec,
    duration: HistogramVec,
    active: IntGaugeVec,
}

impl Default for Metrics {
    fn default() -> Self {
        let opts = |name: &str, help: &str| Opts::new(format!("sluice_operator_{name}"), help);
        let buckets = vec![0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
        let duration = opts("reconcile_duration_seconds", "Time of one reconcile.");
        let metrics = Self {
            registry: Registry::new(),
            total: IntCounterVec::new(
                opts("reconcile_total", "Reconciles by outcome."),
                &["controller", "result"],
            )
            .expect("the metric is valid"),
            errors: IntCounterVec::new(
                opts("reconcile_errors_total", "Failed reconciles by reason."),
                &["controller", "reason"],
            )
            .expect("the metric is valid"),
            duration: HistogramVec::new(
                HistogramOpts::from(duration).buckets(buckets),
                &["controller"],
            )
            .expect("the metric is valid"),
            active: IntGaugeVec::new(
                opts("active_reconciles", "Reconciles under way."),
                &["controller"],
            )
            .expect("the metric is valid"),
        };
        for collector in [
            Box::new(metrics.total.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(metrics.errors.clone()),
            Box::new(metrics.duration.clone()),
            Box::new(metrics.active.clone()),
        ] {
            metrics.registry.register(collector).expect("each metric has a name of its own");
        }
        metrics
    }
}

impl Metrics {
    /// Counts one reconcile that starts.
    pub fn started(&self, controller: &str) {
        self.active.with_label_values(&[controller]).inc();
    }

    /// Counts one reconcile that ends, with the reason if it failed.
    pub fn finished(&self, controller: &str, took: Duration, failure: Option<Reason>) {
        self.active.with_label_values(&[controller]).dec();
        self.duration.with_label_values(&[controller]).observe(took.as_secs_f64());
        let result = if failure.is_some() { "error" } else { "success" };
        self.total.with_label_values(&[controller, result]).inc();
        if let Some(reason) = failure {
            self.errors.with_label_values(&[controller, reason.as_str()]).inc();
        }
    }

    /// All metrics in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("a Vec takes all that is written");
        String::from_utf8(text).expect("the text format is UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_by_controller() {
        let metrics = Metrics::default();
        for failure in [None, Some(Reason::InvalidSpec)] {
            metrics.started("cluster");
            metrics.finished("cluster", Duration::from_millis(1), failure);
        }
        let text = metrics.text();
        for line in [
            "sluice_operator_reconcile_total{controller=\"cluster\",result=\"success\"} 1",
            "sluice_operator_reconcile_errors_total{controller=\"cluster\",reason=\"InvalidSpec\"} 1",
            "sluice_operator_active_reconciles{controller=\"cluster\"} 0",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
