//! What was found out, as the REST API answers it. Mirrors `AbstractHerder.generateResult` and `prefixedConfigInfos`.

use sluice_config::{Classes, ConfigDef, ConfigKey, ConfigValue, Default, java_order};
use sluice_rest_model::{ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo};

/// The part of the connector itself. Values without a definition come first, in the order of a Java map; of two values of
/// one key the later counts.
pub(super) fn of_connector(
    definition: &ConfigDef,
    values: &[&[ConfigValue]],
    classes: &dyn Classes,
) -> ConfigInfos {
    let mut configs = Vec::new();
    for values in values {
        let undefined = in_java_order(values).into_iter();
        let undefined = undefined.filter(|it| definition.key(&it.name).is_none());
        configs.extend(undefined.map(|it| ConfigInfo { definition: None, value: value_info(it) }));
    }
    for key in &definition.keys {
        let value = values.iter().rev().find_map(|it| it.iter().find(|it| it.name == key.name));
        let nothing = ConfigValue::new(key.name.as_ref(), None);
        configs.push(ConfigInfo {
            definition: Some(key_info(key, "", classes)),
            value: value_info(value.unwrap_or(&nothing)),
        });
    }
    ConfigInfos {
        name: String::new(),
        error_count: configs.iter().map(|it| it.value.errors.len()).sum(),
        groups: definition.groups().into_iter().map(ToString::to_string).collect(),
        configs,
    }
}

/// The part of a converter or client: its keys are prefixed, and a key counts as one error however many it has.
pub(super) fn prefixed(
    definition: &ConfigDef,
    values: &[ConfigValue],
    prefix: &str,
    classes: &dyn Classes,
) -> ConfigInfos {
    let mut groups: Vec<String> = Vec::new();
    let mut configs = Vec::new();
    for value in in_java_order(values) {
        let key = definition.key(&value.name);
        if let Some(group) = key.and_then(|it| it.group.as_ref())
            && !groups.iter().any(|it| it == group)
        {
            groups.push(group.to_string());
        }
        let name = format!("{prefix}{}", value.name);
        configs.push(ConfigInfo {
            definition: key.map(|it| key_info(it, prefix, classes)),
            value: ConfigValueInfo { name, visible: true, ..value_info(value) },
        });
    }
    let error_count = configs.iter().filter(|it| !it.value.errors.is_empty()).count();
    ConfigInfos { name: String::new(), error_count, groups, configs }
}

/// All parts as one answer.
pub(super) fn merged(class: &str, parts: impl IntoIterator<Item = ConfigInfos>) -> ConfigInfos {
    let mut all = ConfigInfos {
        name: class.to_owned(),
        error_count: 0,
        groups: Vec::new(),
        configs: Vec::new(),
    };
    for part in parts {
        all.error_count += part.error_count;
        all.configs.extend(part.configs);
        for group in part.groups {
            if !all.groups.contains(&group) {
                all.groups.push(group);
            }
        }
    }
    all
}

fn in_java_order(values: &[ConfigValue]) -> Vec<&ConfigValue> {
    let names = java_order::ordered(values.iter().map(|it| it.name.as_str()));
    names.into_iter().filter_map(|name| values.iter().find(|it| it.name == name)).collect()
}

fn value_info(value: &ConfigValue) -> ConfigValueInfo {
    ConfigValueInfo {
        name: value.name.clone(),
        value: value.value.clone(),
        recommended_values: value.recommended.clone(),
        errors: value.errors.clone(),
        visible: value.is_visible,
        warnings: value.warnings.clone(),
    }
}

/// The definition of a key as the REST API shows it.
pub(super) fn key_info(key: &ConfigKey, prefix: &str, classes: &dyn Classes) -> ConfigKeyInfo {
    ConfigKeyInfo {
        name: format!("{prefix}{}", key.name),
        kind: key.r#type.to_string(),
        required: key.default == Default::Required,
        default_value: key.default_text(classes),
        importance: key.importance.to_string(),
        documentation: key.documentation.to_string(),
        group: key.group.as_ref().map(ToString::to_string),
        width: key.width.to_string(),
        display_name: key.display_name.to_string(),
        dependents: key.dependents.iter().map(ToString::to_string).collect(),
        order: key.order,
    }
}
