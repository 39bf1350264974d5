//! What CPU and memory a template wants, and whether two revisions of it differ in nothing else. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodTemplateSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Map, Value};

/// What can be changed in place.
pub(super) const RESIZABLE: [&str; 2] = ["cpu", "memory"];

/// CPU and memory of containers by their names.
pub type Resources = BTreeMap<String, ResourceRequirements>;

/// What the containers of pods have that are made from a template: with requests for what has only limits, as Kubernetes
/// gives them.
pub(super) fn of(template: &PodTemplateSpec) -> Resources {
    let resizable = |amounts: Option<&BTreeMap<String, Quantity>>| {
        let all = amounts.into_iter().flatten();
        let such = all.filter(|(name, _)| RESIZABLE.contains(&name.as_str()));
        such.map(|(name, it)| (name.clone(), it.clone())).collect::<BTreeMap<_, _>>()
    };
    let containers = template.spec.iter().flat_map(|spec| &spec.containers);
    let wanted = containers.map(|container| {
        let given = container.resources.clone().unwrap_or_default();
        let limits = resizable(given.limits.as_ref());
        let mut requests = limits.clone();
        requests.extend(resizable(given.requests.as_ref()));
        let of = ResourceRequirements {
            limits: Some(limits).filter(|it| !it.is_empty()),
            requests: Some(requests).filter(|it| !it.is_empty()),
            claims: None,
        };
        (container.name.clone(), of)
    });
    wanted.collect()
}

/// Whether two revisions of a StatefulSet are the same but for CPU and memory of containers.
pub(super) fn are_alike(older: &Value, newer: &Value) -> bool {
    !older.is_null() && without(older) == without(newer)
}

fn without(revision: &Value) -> Value {
    let mut rest = revision.clone();
    let containers = rest.pointer_mut("/spec/template/spec/containers");
    for container in containers.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(container) = container.as_object_mut() {
            strip(container);
        }
    }
    rest
}

/// Takes CPU and memory out of a container. Nothing empty stays, as it means nothing.
fn strip(container: &mut Map<String, Value>) {
    let Some(Value::Object(mut resources)) = container.remove("resources") else { return };
    for kind in ["limits", "requests"] {
        let Some(Value::Object(mut amounts)) = resources.remove(kind) else { continue };
        amounts.retain(|name, _| !RESIZABLE.contains(&name.as_str()));
        if !amounts.is_empty() {
            resources.insert(kind.to_owned(), Value::Object(amounts));
        }
    }
    if !resources.is_empty() {
        container.insert("resources".to_owned(), Value::Object(resources));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(resources: &Value, image: &str) -> Value {
        json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
            {"name": "connect", "image": image, "resources": resources},
            {"name": "side", "image": "x"},
        ]}})
    }

    fn revision(resources: &Value, image: &str) -> Value {
        json!({"spec": {"template": template(resources, image)}})
    }

    #[test]
    fn only_cpu_and_memory_may_differ() {
        let small = json!({"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}});
        let large = json!({"requests": {"cpu": "1"}, "limits": {"memory": "2Gi"}});
        let disk = json!({"requests": {"cpu": "500m", "ephemeral-storage": "1Gi"}});
        let claim = json!({"claims": [{"name": "gpu"}], "requests": {"cpu": "500m"}});
        for (older, newer, image, expected) in [
            (&small, &large, "i", true),
            (&json!({}), &large, "i", true),
            (&small, &json!({}), "i", true),
            (&small, &Value::Null, "i", true),
            (&small, &large, "j", false),
            (&small, &disk, "i", false),
            (&small, &claim, "i", false),
        ] {
            let alike = are_alike(&revision(older, "i"), &revision(newer, image));
            assert_eq!(alike, expected, "{older} {newer} {image}");
        }
        assert!(!are_alike(&Value::Null, &Value::Null), "a revision that is gone");
    }

    #[test]
    fn what_is_wanted_has_requests_as_pods_get_them() {
        let resources = json!({
            "requests": {"cpu": "1", "ephemeral-storage": "1Gi"},
            "limits": {"memory": "2Gi", "cpu": "2"},
        });
        let template = serde_json::from_value(template(&resources, "i")).unwrap();
        let expected = json!({
            "connect": {
                "limits": {"cpu": "2", "memory": "2Gi"},
                "requests": {"cpu": "1", "memory": "2Gi"},
            },
            "side": {},
        });
        assert_eq!(serde_json::to_value(of(&template)).unwrap(), expected);
    }
}
