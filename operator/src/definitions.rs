//! Definitions that are older than the operator: the API server refuses a status with fields that they do not declare,
//! so these are left out until the definitions are brought up to date.
//!
//! What is declared comes from the API server's OpenAPI document, which everybody may read: the operator has no right to
//! look at definitions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::{Client, Resource};
use serde_json::Value;
use sluice_crds::GROUP;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// How long the declared fields count before a whole status is tried again.
const HOLDS: Duration = Duration::from_mins(1);

/// The definitions that are known to be outdated; cheap to clone, all clones are one.
#[derive(Clone)]
pub(crate) struct Definitions {
    client: Client,
    metrics: Metrics,
    outdated: Arc<Mutex<BTreeMap<String, Outdated>>>,
}

struct Outdated {
    /// What is declared of the status.
    schema: Value,
    until: Instant,
}

impl Definitions {
    pub(crate) fn new(client: Client, metrics: Metrics) -> Self {
        Self { client, metrics, outdated: Arc::default() }
    }

    /// A status with what is declared of it, and the paths of the rest.
    pub(crate) fn fit<K: Resource<DynamicType = ()>>(
        &self,
        status: &Value,
    ) -> (Value, Vec<String>) {
        let mut left_out = Vec::new();
        let mut status = status.clone();
        if let Some(known) = self.outdated().get(&*K::kind(&()))
            && known.until > Instant::now()
        {
            prune(&mut status, &known.schema, "status", &mut left_out);
        }
        (status, left_out)
    }

    /// Looks up what is declared, after the API server has refused a field. Whether this is news.
    pub(crate) async fn look<K: Resource<DynamicType = ()>>(&self) -> Result<bool, kube::Error> {
        let kind = K::kind(&()).into_owned();
        let is_fresh = |it: &Outdated| it.until > Instant::now();
        if self.outdated().get(&kind).is_some_and(is_fresh) {
            return Ok(false);
        }
        let path = format!("/openapi/v3/apis/{GROUP}/{}", K::version(&()));
        let request = http::Request::get(path).body(Vec::new());
        let request = request.expect("a path of ours is a URI");
        let document: Value = self.client.request(request).await?;
        let schema = status_of(&document, &kind);
        let known = Outdated { schema, until: Instant::now() + HOLDS };
        self.metrics.outdated_definition(&kind, true);
        Ok(self.outdated().insert(kind, known).is_none())
    }

    /// A whole status was taken. Whether this is news.
    pub(crate) fn are_current<K: Resource<DynamicType = ()>>(&self) -> bool {
        let kind = K::kind(&());
        let was_outdated = self.outdated().remove(&*kind).is_some();
        if was_outdated {
            self.metrics.outdated_definition(&kind, false);
        }
        was_outdated
    }

    fn outdated(&self) -> MutexGuard<'_, BTreeMap<String, Outdated>> {
        self.outdated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the API server refuses a field because no definition declares it: it tells so without a code of its own.
pub(crate) fn is_undeclared(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(answer) if answer.message.contains("not declared in schema"))
}

/// What an OpenAPI document declares of the status of a kind; nothing if it does not have the kind.
fn status_of(document: &Value, kind: &str) -> Value {
    let schemas = document["components"]["schemas"].as_object();
    let is_kind = |schema: &&Value| {
        let kinds = schema["x-kubernetes-group-version-kind"].as_array();
        kinds.into_iter().flatten().any(|it| it["group"] == GROUP && it["kind"] == kind)
    };
    let schema = schemas.into_iter().flat_map(|it| it.values()).find(is_kind);
    schema.map(|it| it["properties"]["status"].clone()).unwrap_or_default()
}

/// Takes out of a value what its schema does not declare, and notes the paths.
fn prune(value: &mut Value, schema: &Value, path: &str, left_out: &mut Vec<String>) {
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    match value {
        Value::Object(fields) => {
            let any = &schema["additionalProperties"];
            let declared = |name: &str| match schema["properties"].get(name) {
                Some(own) => Some(own),
                None if any.is_object() => Some(any),
                None => None,
            };
            fields.retain(|name, value| {
                let path = format!("{path}.{name}");
                let Some(schema) = declared(name) else {
                    left_out.push(path);
                    return false;
                };
                prune(value, schema, &path, left_out);
                true
            });
        }
        Value::Array(items) => {
            for item in items {
                prune(item, &schema["items"], path, left_out);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_declared_is_left_out_and_named() {
        let schema = json!({"properties": {
            "replicas": {"type": "integer"},
            "tasks": {"type": "array", "items": {"properties": {"id": {}}}},
            "labels": {"additionalProperties": {"properties": {"a": {}}}},
            "free": {"x-kubernetes-preserve-unknown-fields": true},
        }});
        let mut status = json!({
            "replicas": 1,
            "leader": "w-0",
            "tasks": [{"id": 0, "worker": "w-0"}, {"id": 1}],
            "labels": {"x": {"a": 1, "b": 2}},
            "free": {"anything": {"goes": true}},
        });
        let mut left_out = Vec::new();
        prune(&mut status, &schema, "status", &mut left_out);
        let expected = json!({
            "replicas": 1,
            "tasks": [{"id": 0}, {"id": 1}],
            "labels": {"x": {"a": 1}},
            "free": {"anything": {"goes": true}},
        });
        assert_eq!(status, expected);
        left_out.sort();
        assert_eq!(left_out, ["status.labels.x.b", "status.leader", "status.tasks.worker"]);
    }

    #[test]
    fn the_kind_is_found_by_its_name_and_group() {
        let of = |group: &str, status: &str| {
            json!({
                "x-kubernetes-group-version-kind": [{"group": group, "kind": "KafkaConnect"}],
                "properties": {"status": {"description": status}},
            })
        };
        let schemas =
            json!({"a": of("kafka.strimzi.io", "theirs"), "b": of(GROUP, "ours"), "c": {}});
        let document = json!({"components": {"schemas": schemas}});
        assert_eq!(status_of(&document, "KafkaConnect")["description"], "ours");
        assert_eq!(status_of(&document, "KafkaConnector"), Value::Null);
    }
}
