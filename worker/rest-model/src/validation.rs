//! What a plugin can be configured with, and what is wrong with a given configuration:
//! `GET /connector-plugins/{class}/config` and `PUT …/config/validate`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answer to a validation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigInfos {
    /// The connector class.
    pub name: String,
    /// How many keys have errors.
    pub error_count: usize,
    /// Headings, in order.
    pub groups: Vec<String>,
    /// One entry per key.
    pub configs: Vec<ConfigInfo>,
}

/// One key of a validated configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigInfo {
    /// Its definition; `null` for a key that nobody defines.
    pub definition: Option<ConfigKeyInfo>,
    /// What was given, and what is wrong with it.
    pub value: ConfigValueInfo,
}

/// Definition of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigKeyInfo {
    /// The key.
    pub name: String,
    /// `STRING`, `INT`, `SHORT`, `LONG`, `DOUBLE`, `BOOLEAN`, `LIST`, `CLASS` or `PASSWORD`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// Value when absent, as text; `null` when there is none.
    pub default_value: Option<String>,
    /// `HIGH`, `MEDIUM` or `LOW`.
    pub importance: String,
    /// What it does.
    pub documentation: String,
    /// Heading it belongs under.
    pub group: Option<String>,
    /// `NONE`, `SHORT`, `MEDIUM` or `LONG`.
    pub width: String,
    /// Name for people.
    pub display_name: String,
    /// Keys whose meaning depends on this one.
    pub dependents: Vec<String>,
    /// Place within the heading.
    #[serde(rename = "order_in_group", alias = "order")]
    pub order: i32,
}

/// Given value of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigValueInfo {
    /// The key.
    pub name: String,
    /// The value as text (passwords as `[hidden]`), or `null`.
    pub value: Option<String>,
    /// Values that would fit.
    pub recommended_values: Vec<String>,
    /// What is wrong; empty when nothing is.
    pub errors: Vec<String>,
    /// Whether a form should show it.
    pub visible: bool,
    /// What is allowed and probably not meant. Kafka Connect has no such field, and there is none without a warning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_have_a_null_definition() {
        let info = ConfigInfo {
            definition: None,
            value: ConfigValueInfo {
                name: "x".into(),
                value: None,
                recommended_values: vec![],
                errors: vec![],
                visible: true,
                warnings: vec![],
            },
        };
        assert_eq!(
            serde_json::to_string(&info).unwrap(),
            r#"{"definition":null,"value":{"name":"x","value":null,"recommended_values":[],"errors":[],"visible":true}}"#
        );
    }

    #[test]
    fn the_order_is_read_under_both_of_its_names() {
        let json = |order: &str| {
            format!(
                r#"{{"name":"x","type":"INT","required":false,"default_value":null,"importance":"LOW","documentation":"","group":null,"width":"NONE","display_name":"x","dependents":[],"{order}":3}}"#
            )
        };
        for order in ["order", "order_in_group"] {
            assert_eq!(serde_json::from_str::<ConfigKeyInfo>(&json(order)).unwrap().order, 3);
        }
    }
}
