//! What of a value our schema takes.

use serde_json::{Map, Value};
use sluice_crds::misfit;

use super::ledger::{Ledger, child};

/// Where a value is from and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) from: String,
    pub(super) to: String,
}

impl Way {
    pub(super) fn new(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { from: from.into(), to: to.into() }
    }

    fn field(&self, key: &str) -> Self {
        Self { from: child(&self.from, key), to: child(&self.to, key) }
    }
}

/// The part of a value that a schema takes, if any. What it does not take is left out, by name.
pub(super) fn fit(schema: &Value, value: Value, way: &Way, ledger: &mut Ledger) -> Option<Value> {
    if let Some(why) = misfit(schema, &value) {
        ledger.leave(&way.from, why);
        return None;
    }
    let is_free = schema["x-kubernetes-preserve-unknown-fields"] == true;
    match value {
        Value::Object(fields) if !is_free && !fields.is_empty() => {
            object(schema, fields, way, ledger)
        }
        Value::Array(items) if !items.is_empty() => {
            let fitted = list(schema, items, 0, way, ledger);
            (!fitted.is_empty()).then_some(Value::Array(fitted))
        }
        value => {
            ledger.moved(&way.from, &way.to, &value);
            Some(value)
        }
    }
}

/// The items that a list's schema takes. They go behind those that are there already.
pub(super) fn list(
    schema: &Value,
    items: Vec<Value>,
    there: usize,
    way: &Way,
    ledger: &mut Ledger,
) -> Vec<Value> {
    let mut fitted = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let from = format!("{}[{index}]", way.from);
        let way = Way::new(from, format!("{}[{}]", way.to, there + fitted.len()));
        fitted.extend(fit(&schema["items"], item, &way, ledger));
    }
    fitted
}

fn object(
    schema: &Value,
    fields: Map<String, Value>,
    way: &Way,
    ledger: &mut Ledger,
) -> Option<Value> {
    let mut fitted = Map::new();
    for (key, field) in fields {
        let way = way.field(&key);
        let known = [&schema["properties"][&key], &schema["additionalProperties"]];
        match known.into_iter().find(|it| !it.is_null()) {
            Some(schema) => {
                fitted.extend(fit(schema, field, &way, ledger).map(|field| (key, field)));
            }
            None => ledger.leave(&way.from, "Sluice has no such field"),
        }
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<&str> = required.filter(|name| !fitted.contains_key(*name)).collect();
    if !missing.is_empty() {
        ledger.withdraw(&way.from, &format!("means nothing without {}", missing.join(" and ")));
        return None;
    }
    (!fitted.is_empty()).then_some(Value::Object(fitted))
}

/// The schema of a field such as `template.pod.volumes`; null if there is none.
pub(super) fn schema_at<'a>(schema: &'a Value, path: &str) -> &'a Value {
    static ANYTHING: std::sync::LazyLock<Value> = std::sync::LazyLock::new(
        || serde_json::json!({"x-kubernetes-preserve-unknown-fields": true}),
    );
    let mut schema = schema;
    for step in path.split('.') {
        if schema["x-kubernetes-preserve-unknown-fields"] == true {
            return &ANYTHING;
        }
        let known = &schema["properties"][step];
        schema = if known.is_null() { &schema["additionalProperties"] } else { known };
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "properties": {
            "a": {"type": "string", "enum": ["x", "y"]},
            "list": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "n": {"type": "integer", "minimum": 1.0},
            }}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
        }})
    }

    #[test]
    fn what_fits_is_taken_and_the_rest_is_named() {
        let value = json!({
            "a": "z",
            "b": {"c": 1},
            "free": {"any": [1]},
            "list": [{"n": 1}, {"name": "q", "n": 0}, {"name": "r", "o": 1}],
            "map": {"k.l": "v", "m": 1},
        });
        let mut ledger = Ledger::default();
        let fitted = fit(&schema(), value, &Way::new("spec", "spec"), &mut ledger);
        assert_eq!(
            fitted,
            Some(
                json!({"free": {"any": [1]}, "list": [{"name": "q"}, {"name": "r"}], "map": {"k.l": "v"}})
            )
        );
        let left: Vec<String> = ledger.left.iter().map(ToString::to_string).collect();
        assert_eq!(
            left,
            [
                "spec.a: must be one of x, y",
                "spec.b: Sluice has no such field",
                "spec.list[0].n: means nothing without name",
                "spec.list[1].n: must be at least 1",
                "spec.list[2].o: Sluice has no such field",
                "spec.map.m: must be text, is a number",
            ]
        );
        let moved: Vec<String> =
            ledger.moved.iter().map(|(from, to)| format!("{from} {to}")).collect();
        assert_eq!(
            moved,
            [
                "spec.free.any[0] spec.free.any[0]",
                "spec.list[1].name spec.list[0].name",
                "spec.list[2].name spec.list[1].name",
                "spec.map[k.l] spec.map[k.l]",
            ]
        );
    }

    #[test]
    fn schemas_are_found_by_path() {
        let schema = schema();
        assert_eq!(schema_at(&schema, "a")["type"], "string");
        assert_eq!(schema_at(&schema, "free.x.y")["x-kubernetes-preserve-unknown-fields"], true);
        assert_eq!(schema_at(&schema, "map.any")["type"], "string");
        assert_eq!(schema_at(&schema, "none.x"), &Value::Null);
    }
}
