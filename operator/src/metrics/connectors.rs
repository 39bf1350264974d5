//! What the statuses of connectors say in numbers, counted when somebody asks: nothing is left of one that is gone. A thousand
//! connectors have series of their own, those that are not well first.

use std::sync::{Arc, Mutex};

use kube::ResourceExt;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntGaugeVec};
use sluice_crds::{KafkaConnector, KafkaConnectorStatus, condition};

use super::resources::MOST;
use crate::conditions;

/// Which connector, in the order of the labels.
const LABELS: [&str; 2] = ["namespace", "name"];

/// A connector and what is told of it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    namespace: String,
    name: String,
    status: KafkaConnectorStatus,
}

/// Connectors of all scopes, as they are now.
type Source = Box<dyn Fn() -> Vec<Told> + Send + Sync>;

/// The metrics about connectors.
#[derive(Clone)]
pub(super) struct Connectors {
    source: Arc<Mutex<Option<Source>>>,
    states: IntGaugeVec,
    tasks: IntGaugeVec,
    restarts: IntGaugeVec,
    lag: IntGaugeVec,
    lag_seconds: IntGaugeVec,
    dead_letters: IntGaugeVec,
    changed: GaugeVec,
}

impl Connectors {
    pub(super) fn new() -> Self {
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            IntGaugeVec::new(super::opts(name, help), labels).expect("the metric is valid")
        };
        let by_state = [&LABELS[..], &["state"]].concat();
        let changed = "When Ready became what it is, in seconds since 1970.";
        let changed = super::opts("connector_ready_transition_timestamp_seconds", changed);
        Self {
            source: Arc::default(),
            states: gauge("connector_state", "1 for the state of the instance.", &by_state),
            tasks: gauge("connector_tasks", "Tasks by state.", &by_state),
            restarts: gauge("connector_restarts", "Restarts since it last ran well.", &LABELS),
            lag: gauge("connector_lag_records", "Records that a sink has yet to read.", &LABELS),
            lag_seconds: gauge("connector_lag_seconds", "Age of the oldest of them.", &LABELS),
            dead_letters: gauge("connector_dead_letters", "Records sorted out.", &LABELS),
            changed: GaugeVec::new(changed, &LABELS).expect("the metric is valid"),
        }
    }

    /// Asks `source` from now on; nobody if there is none.
    pub(super) fn ask(&self, source: Option<Source>) {
        *self.source.lock().expect("no holder of the lock panics") = source;
    }

    fn vectors(&self) -> [&dyn Collector; 7] {
        [
            &self.states,
            &self.tasks,
            &self.restarts,
            &self.lag,
            &self.lag_seconds,
            &self.dead_letters,
            &self.changed,
        ]
    }

    fn forget(&self) {
        for vector in [&self.states, &self.tasks, &self.restarts, &self.lag, &self.lag_seconds] {
            vector.reset();
        }
        self.dead_letters.reset();
        self.changed.reset();
    }

    fn tell(&self, mut connectors: Vec<Told>) {
        self.forget();
        connectors.sort_by(|a, b| {
            (a.is_ready(), &a.namespace, &a.name).cmp(&(b.is_ready(), &b.namespace, &b.name))
        });
        for connector in connectors.iter().take(MOST) {
            self.tell_one(connector);
        }
    }

    fn tell_one(&self, Told { namespace, name, status }: &Told) {
        let labels = [namespace.as_str(), name.as_str()];
        let of = |state| [labels[0], labels[1], state];
        if let Some(report) = &status.connector_status {
            self.states.with_label_values(&of(&report.connector.state)).set(1);
            for task in &report.tasks {
                self.tasks.with_label_values(&of(&task.state)).inc();
            }
        }
        let restarts = status.auto_restart.as_ref().map_or(0, |it| it.count);
        self.restarts.with_label_values(&labels).set(restarts.into());
        if let Some(lag) = &status.lag {
            self.lag.with_label_values(&labels).set(lag.records);
            if let Some(seconds) = lag.seconds {
                self.lag_seconds.with_label_values(&labels).set(seconds);
            }
        }
        if let Some(letters) = &status.dead_letters {
            self.dead_letters.with_label_values(&labels).set(letters.records);
        }
        if let Some(ready) = conditions::find(&status.conditions, condition::READY) {
            let second = ready.last_transition_time.0.as_second();
            self.changed.with_label_values(&labels).set(second as f64);
        }
    }
}

impl Told {
    fn is_ready(&self) -> bool {
        let ready = conditions::find(&self.status.conditions, condition::READY);
        ready.is_some_and(|it| it.status == "True")
    }
}

impl Collector for Connectors {
    fn desc(&self) -> Vec<&Desc> {
        self.vectors().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let source = self.source.lock().expect("no holder of the lock panics");
        self.tell(source.as_ref().map(|source| source()).unwrap_or_default());
        self.vectors().into_iter().flat_map(Collector::collect).collect()
    }
}

/// The connectors in some caches that an operator has looked at.
pub(crate) fn told(stores: &[Store<DeserializeGuard<KafkaConnector>>]) -> Vec<Told> {
    let objects = stores.iter().flat_map(Store::state);
    let told = objects.filter_map(|object| {
        let connector = object.0.as_ref().ok()?;
        Some(Told {
            namespace: connector.namespace().unwrap_or_default(),
            name: connector.name_any(),
            status: connector.status.clone()?,
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use prometheus::{Encoder, TextEncoder};
    use serde_json::json;

    use super::*;

    fn connector(name: &str, status: serde_json::Value) -> Told {
        let status = serde_json::from_value(status).unwrap();
        Told { namespace: "n".to_owned(), name: name.to_owned(), status }
    }

    fn text(connectors: &Connectors) -> String {
        let mut text = Vec::new();
        let families = connectors.collect();
        let families: Vec<_> =
            families.into_iter().filter(|it| !it.get_metric().is_empty()).collect();
        TextEncoder::new().encode(&families, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_status_becomes_numbers_and_what_is_gone_leaves_none() {
        let ready = |status: &str| {
            json!([{"type": "Ready", "status": status, "reason": "R", "message": "",
                "lastTransitionTime": "1970-01-01T00:01:40Z"}])
        };
        let task = |id: i32, state: &str| json!({"id": id, "state": state, "worker_id": "w"});
        let failed = json!({
            "conditions": ready("False"),
            "connectorStatus": {
                "name": "orders", "type": "sink",
                "connector": {"state": "RUNNING", "worker_id": "w"},
                "tasks": [task(0, "RUNNING"), task(1, "RUNNING"), task(2, "FAILED")],
            },
            "autoRestart": {"count": 3},
            "lag": {"records": 12, "seconds": 5, "time": "2026-01-01T00:00:00Z"},
            "deadLetters": {"topic": "dlq", "records": 7, "time": "2026-01-01T00:00:00Z"},
        });
        let mut all = vec![connector("orders", failed)];
        let well = json!({"conditions": ready("True")});
        all.extend((0..MOST).map(|number| connector(&format!("c-{number}"), well.clone())));
        let connectors = Connectors::new();
        connectors.ask(Some(Box::new(move || all.clone())));
        let told = text(&connectors);
        for line in [
            r#"connector_state{name="orders",namespace="n",state="RUNNING"} 1"#,
            r#"connector_tasks{name="orders",namespace="n",state="RUNNING"} 2"#,
            r#"connector_tasks{name="orders",namespace="n",state="FAILED"} 1"#,
            r#"connector_restarts{name="orders",namespace="n"} 3"#,
            r#"connector_lag_records{name="orders",namespace="n"} 12"#,
            r#"connector_lag_seconds{name="orders",namespace="n"} 5"#,
            r#"connector_dead_letters{name="orders",namespace="n"} 7"#,
            r#"connector_ready_transition_timestamp_seconds{name="orders",namespace="n"} 100"#,
        ] {
            assert!(told.contains(&format!("\nsluice_operator_{line}\n")), "{line} in {told}");
        }
        let named = told.lines().filter(|it| it.starts_with("sluice_operator_connector_restarts{"));
        assert_eq!(named.count(), MOST, "a thousand have series of their own");

        connectors.ask(None);
        assert_eq!(text(&connectors), "");
    }
}
