//! Checks a manifest as the API server would, without one: unknown fields, types, limits, rules.

use kube::CustomResourceExt;
use kube::core::cel::validate_cel;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::yaml::{Document, Error};

/// The structural schema of `spec`, as it is in the CRD.
pub fn spec_schema<K: CustomResourceExt>() -> Value {
    let crd = serde_json::to_value(K::crd()).expect("a CRD is JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

/// Why a schema does not take a scalar, or an object or list in place of another; what is inside is not looked at.
pub fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let checks = [wrong_type, unknown_word, limit, pattern];
    checks.into_iter().find_map(|check| check(schema, value))
}

/// Reads a document as a resource. All that is wrong with it is told at once, except that the rules are only asked about
/// one whose fields are right.
pub fn admit<K>(document: &Document) -> Result<K, Vec<Error>>
where
    K: CustomResourceExt + DeserializeOwned + Serialize,
{
    let mut findings = Vec::new();
    inspect(&spec_schema::<K>(), &document.value["spec"], "spec", &mut findings);
    let known = |field: &&String| {
        !["apiVersion", "kind", "metadata", "spec", "status"].contains(&field.as_str())
    };
    let fields = document.value.as_object().into_iter().flatten().map(|(field, _)| field);
    findings.extend(fields.filter(known).map(|field| (field.clone(), "unknown field".to_owned())));
    let mut errors: Vec<Error> =
        findings.into_iter().map(|(path, message)| document.refuse(Some(&path), message)).collect();
    errors.sort_by_key(|error| error.line);
    let object = match document.parse::<K>() {
        Ok(object) => object,
        Err(error) => {
            // The schema has mostly said it already, in words of its own.
            if errors.is_empty() {
                errors.push(error);
            }
            return Err(errors);
        }
    };
    if let Err(broken) = validate_cel(&object) {
        errors.extend(broken.iter().map(|it| document.refuse(Some(&it.field_path), &*it.message)));
    }
    if errors.is_empty() { Ok(object) } else { Err(errors) }
}

type Finding = (String, String);

fn inspect(schema: &Value, value: &Value, path: &str, findings: &mut Vec<Finding>) {
    if let Some(message) = misfit(schema, value) {
        findings.push((path.to_owned(), message));
        return;
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Value::Object(fields) = value {
        let missing = required.filter(|name| !fields.contains_key(*name));
        findings.extend(missing.map(|name| (format!("{path}.{name}"), "is required".to_owned())));
    }
    match value {
        Value::Object(fields) if schema["x-kubernetes-preserve-unknown-fields"] != true => {
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                match (&schema["properties"][name], &schema["additionalProperties"]) {
                    (Value::Null, Value::Null) if schema["type"] == "object" => {
                        findings.push((path, "unknown field".to_owned()));
                    }
                    (Value::Null, values) => inspect(values, field, &path, findings),
                    (known, _) => inspect(known, field, &path, findings),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                inspect(&schema["items"], item, &format!("{path}[{index}]"), findings);
            }
        }
        _ => {}
    }
}

fn wrong_type(schema: &Value, value: &Value) -> Option<String> {
    let may_be_null = value.is_null() && schema["nullable"] == true;
    if may_be_null || schema["x-kubernetes-int-or-string"] == true {
        return None;
    }
    let (fits, expected) = match schema["type"].as_str()? {
        "string" => (value.is_string(), "text"),
        "boolean" => (value.is_boolean(), "true or false"),
        "integer" => (value.is_i64() || value.is_u64(), "a whole number"),
        "number" => (value.is_number(), "a number"),
        "array" => (value.is_array(), "a list"),
        "object" => (value.is_object(), "an object"),
        _ => return None,
    };
    let found = match value {
        _ if fits => return None,
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Some(format!("must be {expected}, is {found}"))
}

fn unknown_word(schema: &Value, value: &Value) -> Option<String> {
    let words = schema["enum"].as_array()?;
    if words.contains(value) || value.is_null() {
        return None;
    }
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    Some(format!("must be one of {}", words.join(", ")))
}

/// The limit that a scalar breaks.
fn limit(schema: &Value, value: &Value) -> Option<String> {
    let length = value.as_str().map(|text| text.chars().count() as i64);
    let (least, most) = match (value.as_i64(), length) {
        (Some(number), _) if least(schema, "minimum") > number => ("minimum", "at least"),
        (Some(number), _) if greatest(schema, "maximum") < number => ("maximum", "at most"),
        (_, Some(length)) if least(schema, "minLength") > length => ("minLength", "at least"),
        (_, Some(length)) if greatest(schema, "maxLength") < length => ("maxLength", "at most"),
        _ => return None,
    };
    let unit = if least.ends_with("Length") { " characters long" } else { "" };
    let limit = schema[least].as_f64().unwrap_or_default();
    Some(format!("must be {most} {limit}{unit}"))
}

/// The pattern that a text does not fit.
fn pattern(schema: &Value, value: &Value) -> Option<String> {
    let (pattern, text) = (schema["pattern"].as_str()?, value.as_str()?);
    let fits = regex::Regex::new(pattern).is_ok_and(|it| it.is_match(text));
    (!fits).then(|| format!("must match {pattern}"))
}

fn least(schema: &Value, limit: &str) -> i64 {
    schema[limit].as_f64().map_or(i64::MIN, |limit| limit as i64)
}

fn greatest(schema: &Value, limit: &str) -> i64 {
    schema[limit].as_f64().map_or(i64::MAX, |limit| limit as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KafkaConnect, KafkaConnector, yaml};

    const CLUSTER: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnect
metadata:
  name: a
spec:
  bootstrapServers: kafka:9092
  groupId: a
  configStorageTopic: c
  statusStorageTopic: s
  offsetStorageTopic: o
";

    fn told<K>(text: &str) -> Vec<String>
    where
        K: CustomResourceExt + DeserializeOwned + Serialize,
    {
        let document = yaml::read("a.yaml", text).unwrap().remove(0);
        let errors = admit::<K>(&document).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_api_server_would_refuse_is_told_with_its_line() {
        let table = [
            ("", vec![]),
            ("  replica: 2\n", vec!["a.yaml:11: spec.replica: unknown field"]),
            ("  replicas: -1\n", vec!["a.yaml:11: spec.replicas: must be at least 0"]),
            ("  image: ''\n", vec!["a.yaml:11: spec.image: must be at least 1 characters long"]),
            (
                "  tls:\n    trustedCertificates:\n    - secretName: x\n      certificate: a\n    - secretname: x\n      secretName: z\n      pattern: b\n",
                vec!["a.yaml:15: spec.tls.trustedCertificates[1].secretname: unknown field"],
            ),
            ("  config:\n    anything: [1]\n", vec![]),
            (
                "  template:\n    pod:\n      metadata:\n        labels:\n          team: a\n        label: x\n",
                vec!["a.yaml:16: spec.template.pod.metadata.label: unknown field"],
            ),
            ("specs: {}\n", vec!["a.yaml:11: specs: unknown field"]),
            (
                "  authentication:\n    type: tls\n",
                vec![
                    "a.yaml:5: spec: authentication of type tls needs spec.tls (it may be empty: then the system's certificate authorities are trusted)",
                    "a.yaml:11: spec.authentication: type tls needs certificateAndKey",
                ],
            ),
        ];
        for (more, expected) in table {
            assert_eq!(told::<KafkaConnect>(&format!("{CLUSTER}{more}")), expected, "{more}");
        }
    }

    #[test]
    fn texts_fit_their_pattern() {
        let schema = serde_json::json!({"type": "string", "pattern": "^a+$"});
        assert_eq!(misfit(&schema, &"aa".into()), None);
        assert_eq!(misfit(&schema, &"ab".into()).as_deref(), Some("must match ^a+$"));
    }

    #[test]
    fn wrong_types_and_unknown_words_are_told() {
        let text = "kind: KafkaConnector\napiVersion: sluice.dev/v1alpha1\nmetadata: {name: a}\nspec:\n  class: X\n  state: asleep\n";
        let told = told::<KafkaConnector>(text);
        assert_eq!(told, ["a.yaml:6: spec.state: must be one of running, paused, stopped"]);
        let text =
            text.replace("  class: X\n  state: asleep\n", "  tasksMax: many\n  config: [1]\n");
        assert_eq!(
            self::told::<KafkaConnector>(&text),
            [
                "a.yaml:4: spec.class: is required",
                "a.yaml:5: spec.tasksMax: must be a whole number, is text",
                "a.yaml:6: spec.config: must be an object, is a list",
            ]
        );
    }
}
