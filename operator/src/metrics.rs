//! Counts and times of reconciles, for Prometheus. Labels are closed sets: no names but in [`resources`] and
//! [`connectors`], no messages.

use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use sluice_crds::{KafkaConnect, KafkaConnector, KafkaConnectorOffsets};

use crate::reason::Reason;

mod connectors;
mod resources;

use connectors::Connectors as ConnectorStatuses;
use resources::Resources;

type Clusters = Vec<Store<DeserializeGuard<KafkaConnect>>>;
type Connectors = Vec<Store<DeserializeGuard<KafkaConnector>>>;
type Operations = Vec<Store<DeserializeGuard<KafkaConnectorOffsets>>>;

/// The operator's metrics.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    total: IntCounterVec,
    errors: IntCounterVec,
    duration: HistogramVec,
    active: IntGaugeVec,
    leader: IntGauge,
    outdated: IntGaugeVec,
    resources: Resources,
    connectors: ConnectorStatuses,
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("sluice_operator_{name}"), help)
}

impl Default for Metrics {
    fn default() -> Self {
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
            leader: IntGauge::with_opts(opts("leader", "1 while this operator holds the lease."))
                .expect("the metric is valid"),
            outdated: IntGaugeVec::new(
                opts("outdated_definitions", "1 if the definition is older than the operator."),
                &["kind"],
            )
            .expect("the metric is valid"),
            resources: Resources::new(),
            connectors: ConnectorStatuses::new(),
        };
        for collector in [
            Box::new(metrics.total.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(metrics.errors.clone()),
            Box::new(metrics.duration.clone()),
            Box::new(metrics.active.clone()),
            Box::new(metrics.leader.clone()),
            Box::new(metrics.outdated.clone()),
            Box::new(metrics.resources.clone()),
            Box::new(metrics.connectors.clone()),
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

    /// Notes whether this operator holds the lease.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Notes whether the definition of a kind lacks fields of the status.
    pub(crate) fn outdated_definition(&self, kind: &str, is_outdated: bool) {
        self.outdated.with_label_values(&[kind]).set(i64::from(is_outdated));
    }

    /// Tells of the resources in these caches from now on.
    pub(crate) fn tell_of(
        &self,
        clusters: Clusters,
        connectors: Connectors,
        operations: Operations,
    ) {
        let statuses = connectors.clone();
        self.connectors.ask(Some(Box::new(move || connectors::told(&statuses))));
        self.resources.ask(Some(Box::new(move || {
            let clusters = resources::told("KafkaConnect", &clusters);
            let connectors = resources::told("KafkaConnector", &connectors);
            let operations = resources::told("KafkaConnectorOffsets", &operations);
            clusters.chain(connectors).chain(operations).collect()
        })));
    }

    /// Tells of no resource any more.
    pub(crate) fn tell_of_none(&self) {
        self.resources.ask(None);
        self.connectors.ask(None);
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
