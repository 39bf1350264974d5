//! A connector's configuration as a client sends it: a flat map whose scalars may be unquoted.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A flat configuration in a request body.
///
/// Numbers and booleans are taken as they are written; `null` is kept (`PUT` and `POST` report it as an error of that key,
/// `PATCH` removes the key); lists and objects are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SettingsPatch(
    #[serde(deserialize_with = "scalars")]
    #[schemars(schema_with = "of_scalars")]
    pub BTreeMap<String, Option<String>>,
);

fn of_scalars(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
    })
}

impl SettingsPatch {
    /// Splits into the keys that have a value and the names of those that are `null`.
    pub fn into_parts(self) -> (BTreeMap<String, String>, Vec<String>) {
        let mut nulls = Vec::new();
        let mut values = BTreeMap::new();
        for (key, value) in self.0 {
            match value {
                Some(value) => drop(values.insert(key, value)),
                None => nulls.push(key),
            }
        }
        (values, nulls)
    }
}

impl From<BTreeMap<String, String>> for SettingsPatch {
    fn from(values: BTreeMap<String, String>) -> Self {
        Self(values.into_iter().map(|(key, value)| (key, Some(value))).collect())
    }
}

fn scalars<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Option<String>>, D::Error> {
    let values = BTreeMap::<String, Box<RawValue>>::deserialize(deserializer)?;
    let scalar = |(key, value): (String, Box<RawValue>)| match scalar(&value) {
        Ok(text) => Ok((key, text)),
        Err(NoScalar) => Err(D::Error::custom(format_args!("the value of {key:?}: {NoScalar}"))),
    };
    values.into_iter().map(scalar).collect()
}

/// A scalar as its text; numbers as they are written.
pub(crate) fn scalar_of<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    scalar(&Box::<RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A list or an object.
#[derive(Debug)]
struct NoScalar;

impl fmt::Display for NoScalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("expected a string, a number, a boolean or null")
    }
}

fn scalar(value: &RawValue) -> Result<Option<String>, NoScalar> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(text).map_err(|_| NoScalar),
        Some(b'{' | b'[') | None => Err(NoScalar),
        Some(_) => Ok(Some(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_of_any_kind_become_text() {
        let json = r#"{"a":"x\n","b":3,"c":-0,"d":1.50,"e":1e3,"f":false,"g":null}"#;
        let patch: SettingsPatch = serde_json::from_str(json).unwrap();
        let (values, nulls) = patch.into_parts();
        let texts: Vec<&str> = values.values().map(String::as_str).collect();
        assert_eq!(texts, ["x\n", "3", "-0", "1.50", "1e3", "false"]);
        assert_eq!(nulls, ["g"]);
    }

    #[test]
    fn nested_values_are_refused() {
        for json in [r#"{"a":{}}"#, r#"{"a":[1]}"#, r"[]", r#""a""#] {
            assert!(serde_json::from_str::<SettingsPatch>(json).is_err(), "{json}");
        }
    }
}
