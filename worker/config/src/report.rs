//! The outcome of validation: for each key its value and what is wrong with it.

use std::collections::BTreeMap;

use crate::{
    AnyClass, Classes, ConfigDef, Properties,
    validate::{self, Purpose},
};

/// What validation says about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigValue {
    /// The key.
    pub name: String,
    /// Its value or default, as text; a password is hidden.
    pub value: Option<String>,
    /// Values that would fit.
    pub recommended: Vec<String>,
    /// What is wrong, in Java's words.
    pub errors: Vec<String>,
    /// What is allowed and probably not meant, and what to do about it. Java has no such thing.
    pub warnings: Vec<String>,
    /// Whether a form shows the key.
    pub is_visible: bool,
}

impl ConfigValue {
    /// A value with nothing wrong.
    pub fn new(name: impl Into<String>, value: Option<String>) -> Self {
        let name = name.into();
        Self {
            name,
            value,
            recommended: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            is_visible: true,
        }
    }
}

/// Settings of which some may be given as null, as JSON has them. Null is not the same as nothing.
pub type Nullable = BTreeMap<String, Option<String>>;

/// The outcome of validation, in the order of the definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One entry for each key.
    pub values: Vec<ConfigValue>,
}

impl Report {
    /// Checks presence, types and single values against a definition. Every name of a class counts as one.
    pub fn of(definition: &ConfigDef, settings: &Properties) -> Self {
        Self::with_classes(definition, &nullable(settings), &AnyClass)
    }

    /// Checks settings that are to be used: only what keeps them from it.
    pub fn to_use(definition: &ConfigDef, settings: &Properties) -> Self {
        let values = validate::all(Purpose::Use, definition, &nullable(settings), &AnyClass);
        Self { values }
    }

    /// The same with settings that may be null, where it is known which classes there are.
    pub fn with_classes(
        definition: &ConfigDef,
        settings: &Nullable,
        classes: &dyn Classes,
    ) -> Self {
        Self { values: validate::all(Purpose::Tell, definition, settings, classes) }
    }

    /// What is said about a key.
    pub fn value(&self, key: &str) -> Option<&ConfigValue> {
        self.values.iter().find(|it| it.name == key)
    }

    /// The same, to change; a key that nothing was said about is added, with its value as it stands in the settings.
    pub fn entry(&mut self, key: &str, value: Option<&str>) -> &mut ConfigValue {
        let index = self.values.iter().position(|it| it.name == key).unwrap_or_else(|| {
            self.values.push(ConfigValue::new(key, value.map(str::to_owned)));
            self.values.len() - 1
        });
        &mut self.values[index]
    }

    /// Notes an error of a key.
    pub fn error(&mut self, key: &str, message: impl Into<String>) {
        self.entry(key, None).errors.push(message.into());
    }

    /// Notes a warning about a key: nothing is refused for it.
    pub fn warn(&mut self, key: &str, message: impl Into<String>) {
        self.entry(key, None).warnings.push(message.into());
    }

    /// Adds the warnings of another report of the same settings.
    pub fn take_warnings(&mut self, other: Self) {
        for value in other.values.into_iter().filter(|it| !it.warnings.is_empty()) {
            self.entry(&value.name, None).warnings.extend(value.warnings);
        }
    }

    /// All errors, in order.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flat_map(|it| &it.errors).map(String::as_str)
    }

    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.errors().next().is_none()
    }
}

fn nullable(settings: &Properties) -> Nullable {
    settings.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
}

impl std::fmt::Display for Report {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.errors().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            out.write_str(error)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
