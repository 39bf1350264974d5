//! How the resources are, counted when somebody asks: nothing is left of one that is gone. What names single resources is
//! bounded, so that ten thousand connectors do not become ten thousand series.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kube::core::DeserializeGuard;
use kube::core::object::HasStatus;
use kube::runtime::reflector::Store;
use kube::{Resource, ResourceExt};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, IntGaugeVec};
use sluice_crds::condition;

use crate::conditions;
use crate::pause;
use crate::report::Conditions;

/// Most resources that have a series of their own.
pub(super) const MOST: usize = 1000;

/// How one resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    kind: &'static str,
    namespace: String,
    name: String,
    ready: bool,
    paused: bool,
}

/// Resources of all scopes, as they are now.
type Source = Box<dyn Fn() -> Vec<Told> + Send + Sync>;

/// The metrics about resources.
#[derive(Clone)]
pub(super) struct Resources {
    source: Arc<Mutex<Option<Source>>>,
    counts: IntGaugeVec,
    ready: IntGaugeVec,
    untold: IntGauge,
}

impl Resources {
    pub(super) fn new() -> Self {
        let opts = super::opts;
        let counts = opts("resources", "Resources by state: ready, not_ready or paused.");
        let ready = opts("resource_ready", "1 if a resource is Ready; of the first thousand.");
        let untold = opts("resources_untold", "Resources without a resource_ready of their own.");
        Self {
            source: Arc::default(),
            counts: IntGaugeVec::new(counts, &["kind", "namespace", "state"])
                .expect("the metric is valid"),
            ready: IntGaugeVec::new(ready, &["kind", "namespace", "name"])
                .expect("the metric is valid"),
            untold: IntGauge::with_opts(untold).expect("the metric is valid"),
        }
    }

    /// Asks `source` from now on; nobody if there is none.
    pub(super) fn ask(&self, source: Option<Source>) {
        *self.source.lock().expect("no holder of the lock panics") = source;
    }

    fn tell(&self, mut resources: Vec<Told>) {
        self.counts.reset();
        self.ready.reset();
        // Those that are not well come first: they must not be among the untold.
        resources.sort_by(|a, b| (a.ready, a.kind, &a.name).cmp(&(b.ready, b.kind, &b.name)));
        let mut counts: BTreeMap<[&str; 3], i64> = BTreeMap::new();
        for it in &resources {
            let state = match it {
                Told { paused: true, .. } => "paused",
                Told { ready: true, .. } => "ready",
                _ => "not_ready",
            };
            *counts.entry([it.kind, &it.namespace, state]).or_default() += 1;
        }
        for (labels, count) in counts {
            self.counts.with_label_values(&labels).set(count);
        }
        for it in resources.iter().take(MOST) {
            let labels = [it.kind, &it.namespace, &it.name];
            self.ready.with_label_values(&labels).set(i64::from(it.ready));
        }
        self.untold.set(resources.len().saturating_sub(MOST) as i64);
    }
}

impl Collector for Resources {
    fn desc(&self) -> Vec<&Desc> {
        let vectors = self.counts.desc().into_iter().chain(self.ready.desc());
        vectors.chain(self.untold.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let source = self.source.lock().expect("no holder of the lock panics");
        self.tell(source.as_ref().map(|source| source()).unwrap_or_default());
        let vectors = self.counts.collect().into_iter().chain(self.ready.collect());
        vectors.chain(self.untold.collect()).collect()
    }
}

/// How the resources in some caches are.
pub(crate) fn told<K>(
    kind: &'static str,
    stores: &[Store<DeserializeGuard<K>>],
) -> impl Iterator<Item = Told>
where
    K: Resource<DynamicType = ()> + HasStatus + Clone + 'static,
    K::Status: Conditions,
{
    let objects = stores.iter().flat_map(Store::state);
    objects.map(move |object| {
        let status = object.0.as_ref().ok().and_then(HasStatus::status);
        let conditions = status.map(Conditions::conditions).unwrap_or_default();
        let ready = conditions::find(conditions, condition::READY);
        Told {
            kind,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            ready: ready.is_some_and(|it| it.status == "True"),
            paused: pause::is_paused(object.as_ref()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(number: usize, ready: bool) -> Told {
        let name = format!("c-{number}");
        Told { kind: "KafkaConnector", namespace: "n".into(), name, ready, paused: false }
    }

    #[test]
    fn all_are_counted_and_those_that_are_not_well_are_named_first() {
        let resources = Resources::new();
        let mut all: Vec<_> = (0..MOST + 5).map(|number| resource(number, true)).collect();
        all.push(resource(9999, false));
        resources.ask(Some(Box::new(move || all.clone())));
        let told = resources.collect();
        let series = |name: &str| -> Vec<i64> {
            let family = told.iter().find(|it| it.name() == format!("sluice_operator_{name}"));
            let metrics = family.map(|it| it.get_metric().to_vec()).unwrap_or_default();
            metrics.iter().map(|it| it.get_gauge().get_value() as i64).collect()
        };
        let ready = series("resource_ready");
        assert_eq!(ready.len(), MOST);
        let unwell = ready.iter().filter(|value| **value == 0);
        assert_eq!(unwell.count(), 1, "the one that is not well is among them");
        assert_eq!(series("resources_untold"), [6]);
        let mut counts = series("resources");
        counts.sort_unstable();
        assert_eq!(counts, [1, MOST as i64 + 5]);

        resources.ask(None);
        let told = resources.collect();
        let named = told.iter().find(|it| it.name() == "sluice_operator_resource_ready");
        assert!(named.is_none_or(|it| it.get_metric().is_empty()), "nothing is left");
    }
}
