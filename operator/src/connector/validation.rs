//! What Kafka Connect finds wrong with settings, key by key. Pure.

use std::collections::BTreeMap;

use sluice_rest_model::ConfigInfos;

use super::redact;

/// What is wrong, if something is; without the values of passwords.
pub fn problems(infos: &ConfigInfos, config: &BTreeMap<String, String>) -> Option<String> {
    let passwords: Vec<&str> = infos
        .configs
        .iter()
        .filter_map(|info| info.definition.as_ref())
        .filter(|definition| definition.kind == "PASSWORD")
        .filter_map(|definition| config.get(&definition.name))
        .map(String::as_str)
        .collect();
    let lines: Vec<String> = infos
        .configs
        .iter()
        .filter(|info| !info.value.errors.is_empty())
        .map(|info| format!("{}: {}", info.value.name, info.value.errors.join(", ")))
        .collect();
    let text = match lines.as_slice() {
        [] if infos.error_count == 0 => return None,
        [] => format!("{} of the settings are wrong", infos.error_count),
        lines => lines.join("; "),
    };
    Some(redact::without(&text, passwords))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info(name: &str, kind: &str, errors: &[&str]) -> serde_json::Value {
        json!({
            "definition": {
                "name": name, "type": kind, "required": true, "default_value": null, "importance": "HIGH",
                "documentation": "", "group": null, "width": "NONE", "display_name": name,
                "dependents": [], "order": 1,
            },
            "value": {"name": name, "value": null, "recommended_values": [], "errors": errors, "visible": true},
        })
    }

    fn infos(configs: &[serde_json::Value], count: usize) -> ConfigInfos {
        let answer = json!({"name": "X", "error_count": count, "groups": [], "configs": configs});
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn each_wrong_key_is_told_with_its_errors_and_no_password() {
        let config = [("pass", "hunter2"), ("port", "many")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let wrong = infos(
            &[
                info("pass", "PASSWORD", &["Invalid value hunter2", "too weak"]),
                info("url", "STRING", &[]),
                info("port", "INT", &["Invalid value many for configuration port: Not a number"]),
            ],
            3,
        );
        assert_eq!(
            problems(&wrong, &config).as_deref(),
            Some(
                "pass: Invalid value [hidden], too weak; port: Invalid value many for configuration port: Not a number"
            )
        );
        assert_eq!(problems(&infos(&[info("url", "STRING", &[])], 0), &config), None);
        assert_eq!(
            problems(&infos(&[], 2), &config).as_deref(),
            Some("2 of the settings are wrong")
        );
    }
}
