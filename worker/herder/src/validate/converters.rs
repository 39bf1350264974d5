//! A connector's own converters: their keys, prefixed. Mirrors `AbstractHerder.validateAllConverterConfigs`.

use sluice_config::{Classes as _, Nullable, Report, connector::version_refusal};
use sluice_rest_model::ConfigInfos;

use super::{answer, classes::CatalogClasses};

/// The answers about the three converters, in Java's order. What is wrong with a class is noted in the connector's report.
pub(super) fn all(
    classes: &CatalogClasses,
    settings: &Nullable,
    report: &mut Report,
) -> Vec<ConfigInfos> {
    let roles = ["header", "key", "value"];
    roles.into_iter().filter_map(|role| one(classes, settings, role, report)).collect()
}

fn one(
    classes: &CatalogClasses,
    settings: &Nullable,
    role: &str,
    report: &mut Report,
) -> Option<ConfigInfos> {
    let key = &format!("{role}.converter");
    let given = |key: &str| settings.get(key).and_then(Option::as_deref);
    let name = given(key)?;
    let version_key = format!("{key}.plugin.version");
    let is_wrong = |key: &str| report.value(key).is_none_or(|it| !it.errors.is_empty());
    if is_wrong(key) || is_wrong(&version_key) {
        return None;
    }
    // Java looks for the class once more by the name as it is written, blanks included.
    let Some(class) = classes.find(name) else {
        report.error(key, format!("Failed to load class {name}: {name}"));
        return None;
    };
    if let Some(error) = version_refusal(classes, &class, given(&version_key)) {
        report.error(key, error.clone());
        report.error(&version_key, error);
        return None;
    }
    let definition = classes.0.converter_named(&class)?.definition();
    let prefix = format!("{key}.");
    let strip = |(key, value): (&String, &Option<String>)| {
        Some((key.strip_prefix(&prefix)?.to_owned(), value.clone()))
    };
    let mut own: Nullable = settings.iter().filter_map(strip).collect();
    own.entry("converter.type".to_owned()).or_insert_with(|| Some(role.to_owned()));
    let checked = Report::with_classes(&definition, &own, classes);
    Some(answer::prefixed(&definition, &checked.values, &prefix, classes))
}
