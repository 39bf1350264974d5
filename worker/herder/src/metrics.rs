//! Metrics of the control path, under the names that Kafka Connect's dashboards use.

use prometheus::{Gauge, Opts, Registry};

use crate::state::State;

/// `connect-worker-metrics` and `connect-worker-rebalance-metrics` as far as the control path knows them.
pub(crate) struct Metrics {
    connectors: Gauge,
    rebalances: Gauge,
    rebalancing: Gauge,
    epoch: Gauge,
    is_leader: Gauge,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str| {
            let gauge =
                Gauge::with_opts(Opts::new(name, help)).expect("the name is a metric's name");
            // A second worker in the same process shares the registry in tests: the first one's metrics stay.
            let _ = registry.register(Box::new(gauge.clone()));
            gauge
        };
        Self {
            connectors: gauge(
                "kafka_connect_worker_connector_count",
                "Connectors assigned to this worker",
            ),
            rebalances: gauge(
                "kafka_connect_worker_rebalance_completed_rebalances_total",
                "Rebalances that this worker has completed",
            ),
            rebalancing: gauge(
                "kafka_connect_worker_rebalance_rebalancing",
                "Whether this worker is rebalancing",
            ),
            epoch: gauge(
                "kafka_connect_worker_rebalance_epoch",
                "Generation of the group as this worker knows it",
            ),
            is_leader: gauge("sluice_worker_leader", "Whether this worker leads the group"),
        }
    }

    pub(crate) fn update(&self, state: &State) {
        let membership = state.membership();
        let (connectors, _) = membership.assigned();
        self.connectors.set(connectors as f64);
        self.rebalances.set(membership.rebalances() as f64);
        self.rebalancing.set(f64::from(u8::from(membership.is_rebalancing())));
        self.epoch.set(f64::from(membership.generation()));
        self.is_leader.set(f64::from(u8::from(membership.is_leader())));
    }
}
