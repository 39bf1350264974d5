//! `spec.template.podTemplate`: free fields laid over the pods that the operator makes.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Map, Value};

use super::pod_parts;

/// Why an overlay is no part of a pod template, if it is none.
pub fn check(overlay: &Map<String, Value>) -> Result<(), String> {
    pod_parts::strict::<PodTemplateSpec>(&Value::Object(overlay.clone())).map(drop)
}

/// Names of the volumes that an overlay brings.
pub fn volume_names(overlay: &Map<String, Value>) -> Vec<&str> {
    let volumes = overlay.get("spec").and_then(|spec| spec.get("volumes"));
    let volumes = volumes.and_then(Value::as_array).into_iter().flatten();
    volumes.filter_map(|volume| volume["name"].as_str()).collect()
}

/// Lays an overlay that passed [`check`] over a pod template.
pub fn apply(template: PodTemplateSpec, overlay: &Map<String, Value>) -> PodTemplateSpec {
    if overlay.is_empty() {
        return template;
    }
    let mut merged = serde_json::to_value(template).expect("a pod template is JSON");
    merge(&mut merged, &Value::Object(overlay.clone()));
    serde_json::from_value(merged).expect("two pod templates merge into one")
}

/// Objects merge, lists of named objects merge by name, anything else is replaced.
fn merge(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                merge(below.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(below), Value::Array(above)) if above.iter().all(is_named) => {
            for value in above {
                match below.iter_mut().find(|it| it["name"] == value["name"]) {
                    Some(same) => merge(same, value),
                    None => below.push(value.clone()),
                }
            }
        }
        (below, above) => *below = above.clone(),
    }
}

fn is_named(value: &Value) -> bool {
    value["name"].is_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_things_merge_and_others_are_replaced() {
        let mut below =
            json!({"a": {"x": 1, "y": 2}, "list": [{"name": "p", "v": 1}], "args": ["one"]});
        let above =
            json!({"a": {"y": 3}, "list": [{"name": "p", "w": 2}, {"name": "q"}], "args": ["two"]});
        merge(&mut below, &above);
        let expected = json!({
            "a": {"x": 1, "y": 3},
            "list": [{"name": "p", "v": 1, "w": 2}, {"name": "q"}],
            "args": ["two"],
        });
        assert_eq!(below, expected);
    }

    #[test]
    fn what_is_no_pod_template_is_refused() {
        let overlay = |value: Value| value.as_object().cloned().unwrap();
        assert!(check(&overlay(json!({"spec": {"hostUsers": false}}))).is_ok());
        assert!(check(&overlay(json!({"spec": {"containers": "x"}}))).is_err());
        let unknown = check(&overlay(json!({"spec": {"hostUser": false}})));
        assert_eq!(unknown, Err("spec.hostUser: unknown field; correct or remove it".to_owned()));
    }
}
