//! The free `config` map of both kinds: scalars of any type, as Kafka Connect's text.

use std::collections::BTreeMap;

use serde_json::Value;

/// A key of `spec.config` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spec.config[{key}]: {message}")]
pub struct Refused {
    /// The key.
    pub key: String,
    /// Why, and what to do.
    pub message: String,
}

/// The map as text. Null, lists and maps are refused.
pub fn to_text(config: &BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, Refused> {
    config.iter().map(|(key, value)| Ok((key.clone(), text(key, value)?))).collect()
}

/// What of the map can be read as text.
pub fn readable(config: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let text = |(key, value): (&String, &Value)| Some((key.clone(), text(key, value).ok()?));
    config.iter().filter_map(text).collect()
}

fn text(key: &str, value: &Value) -> Result<String, Refused> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Err(refused(key, "has no value; remove the key or write \"\"")),
        Value::Array(_) => Err(refused(key, "is a list; write one text, usually with commas")),
        Value::Object(_) => Err(refused(key, "is a map; write keys with dots instead")),
    }
}

/// A refusal of one key.
pub fn refused(key: &str, message: &str) -> Refused {
    Refused { key: key.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_become_text_and_the_rest_is_named() {
        let table = [
            (json!("x"), Ok("x")),
            (json!(3), Ok("3")),
            (json!(2.5), Ok("2.5")),
            (json!(false), Ok("false")),
            (json!(null), Err("spec.config[a]: has no value; remove the key or write \"\"")),
            (json!([1]), Err("spec.config[a]: is a list; write one text, usually with commas")),
            (json!({}), Err("spec.config[a]: is a map; write keys with dots instead")),
        ];
        for (value, expected) in table {
            let text = to_text(&BTreeMap::from([("a".to_owned(), value)]));
            let text = text.map(|map| map["a"].clone()).map_err(|refused| refused.to_string());
            assert_eq!(text.as_deref().map_err(String::as_str), expected);
        }
    }
}
