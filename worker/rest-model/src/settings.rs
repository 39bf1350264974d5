//! A connector's configuration as a client sends it: a flat map whose scalars may be unquoted.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A flat configuration in a request body.
///
/// Numbers and booleans are taken as their text; `null` is kept (`PUT` and `POST` report it as an error of that key,
/// `PATCH` removes the key); lists and objects are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingsPatch(
    #[serde(deserialize_with = "scalars")] pub BTreeMap<String, Option<String>>,
);

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
    let texts = BTreeMap::<String, Text>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|(key, text)| (key, text.0)).collect())
}

struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string, a number, a boolean or null")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(Some(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Text, E> {
        Ok(Text(Some(value)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
        // The JSON printer keeps the fraction of a whole number (`1.0`), as Java does.
        Ok(Text(serde_json::Number::from_f64(value).map(|number| number.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_none<E: Error>(self) -> Result<Text, E> {
        Ok(Text(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_of_any_kind_become_text() {
        let json = r#"{"a":"x","b":3,"c":-4,"d":1.0,"e":2.5,"f":false,"g":null}"#;
        let patch: SettingsPatch = serde_json::from_str(json).unwrap();
        let (values, nulls) = patch.into_parts();
        let texts: Vec<&str> = values.values().map(String::as_str).collect();
        assert_eq!(texts, ["x", "3", "-4", "1.0", "2.5", "false"]);
        assert_eq!(nulls, ["g"]);
    }

    #[test]
    fn nested_values_are_refused() {
        for json in [r#"{"a":{}}"#, r#"{"a":[1]}"#, r"[]", r#""a""#] {
            assert!(serde_json::from_str::<SettingsPatch>(json).is_err(), "{json}");
        }
    }
}
