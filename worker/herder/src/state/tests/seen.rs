//! What metrics see of the control path.

use std::time::Instant;

use prometheus::{Registry, TextEncoder};
use sluice_engine::SampleWindow;

use super::*;
use crate::{event::SplitError, metrics::Metrics};

#[test]
fn connectors_and_rounds_show_under_connect_s_names() {
    let registry = Registry::new();
    let mut metrics = Metrics::new(&registry, SampleWindow::default());
    let mut told = |worker: &mut Worker| {
        metrics.update(&mut worker.state, Instant::now());
        TextEncoder::new().encode_to_string(&registry.gather()).expect("text")
    };
    let shows = |text: &str, lines: &[&str]| {
        for line in lines {
            assert!(text.contains(&format!("\n{line}\n")), "{line} is not in\n{text}");
        }
    };
    let mut worker = Worker::started();
    shows(
        &told(&mut worker),
        &[
            "kafka_connect_worker_connector_count 0",
            "kafka_connect_worker_rebalance_epoch -1",
            "kafka_connect_worker_rebalance_rebalancing 1",
            "kafka_connect_worker_rebalance_time_since_last_rebalance_ms inf",
            "kafka_connect_worker_rebalance_rebalance_max_time_ms NaN",
        ],
    );
    let mut worker = running();
    shows(
        &told(&mut worker),
        &[
            "kafka_connect_worker_connector_count 1",
            "kafka_connect_worker_connector_startup_attempts_total 1",
            "kafka_connect_worker_connector_startup_success_percentage 1",
            "kafka_connect_connector_metrics_status_info{connector=\"a\",status=\"running\"} 1",
            "kafka_connect_connector_metrics_connector_class_info{connector=\"a\",connector_class=\"Sink\"} 1",
            "kafka_connect_connector_metrics_connector_type_info{connector=\"a\",connector_type=\"sink\"} 1",
            "kafka_connect_connect_worker_rebalance_metrics_connect_protocol_info{connect_protocol=\"COMPATIBLE\"} 1",
            "kafka_connect_connect_worker_rebalance_metrics_leader_name_info{leader_name=\"http://me:8083/\"} 1",
            "kafka_connect_worker_rebalance_completed_rebalances_total 1",
            "kafka_connect_worker_rebalance_rebalancing 0",
            "sluice_worker_leader 1",
        ],
    );
    worker.store(encode::connector("a", &config(&[("connector.class", "Sink"), ("x", "y")]), None));
    let attempt = worker.split_attempt();
    let error = SplitError { is_retriable: false, trace: "no".into() };
    worker.step(Event::Split { connector: "a".into(), attempt, result: Err(error) });
    shows(
        &told(&mut worker),
        &[
            "kafka_connect_worker_connector_startup_failure_total 1",
            "kafka_connect_connector_metrics_status_info{connector=\"a\",status=\"failed\"} 1",
        ],
    );
    worker.step(Event::Stop);
    assert!(!told(&mut worker).contains("connector=\"a\""), "what is gone does not show");
}
