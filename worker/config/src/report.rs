//! The outcome of validation: for each key its value and what is wrong with it.

use crate::{ConfigDef, Properties, Type};

/// What validation says about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigValue {
    /// The key.
    pub name: String,
    /// Its value or default, as text; a password is hidden.
    pub value: Option<String>,
    /// What is wrong, in Java's words.
    pub errors: Vec<String>,
}

/// The outcome of validation, in the order of the definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One entry for each key.
    pub values: Vec<ConfigValue>,
}

impl Report {
    /// Checks presence, types and single values against a definition.
    pub fn of(definition: &ConfigDef, settings: &Properties) -> Self {
        let value = |key: &crate::ConfigKey| {
            let checked = crate::setting::check(key, settings.get(key.name).map(String::as_str));
            let (value, errors) = match checked {
                Ok(value) => (value, Vec::new()),
                // As in Java, text that is not of the key's type has no value.
                Err(errors) => (settings.get(key.name).filter(|it| key.fits(it)).cloned(), errors),
            };
            let is_hidden = key.r#type == Type::Password && value.is_some();
            let value = if is_hidden { Some("[hidden]".to_owned()) } else { value };
            ConfigValue { name: key.name.to_owned(), value, errors }
        };
        Self { values: definition.keys.iter().map(value).collect() }
    }

    /// Notes an error of a key.
    pub fn error(&mut self, key: &str, message: impl Into<String>) {
        let message = message.into();
        match self.values.iter_mut().find(|it| it.name == key) {
            Some(value) => value.errors.push(message),
            None => {
                self.values.push(ConfigValue {
                    name: key.to_owned(),
                    value: None,
                    errors: vec![message],
                });
            }
        }
    }

    /// Adds another report; errors of a key that both have are joined.
    pub fn merge(&mut self, other: Self) {
        for value in other.values {
            match self.values.iter_mut().find(|it| it.name == value.name) {
                Some(mine) => mine.errors.extend(value.errors),
                None => self.values.push(value),
            }
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
