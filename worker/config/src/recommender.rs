//! Advice about a key's values, given the values of the others (`ConfigDef.Recommender`).

use std::{collections::BTreeMap, fmt};

use crate::Parsed;

/// Knows what would fit a key, and whether a form shows it.
pub trait Recommender: Send + Sync + fmt::Debug {
    /// Values that would fit, as text. An error is told as an error of the key.
    fn valid_values(
        &self,
        name: &str,
        parsed: &BTreeMap<String, Parsed>,
    ) -> Result<Vec<String>, String>;

    /// Whether the key matters with these values.
    fn is_visible(&self, name: &str, parsed: &BTreeMap<String, Parsed>) -> bool;
}

/// Recommends the same values always.
#[derive(Debug, Clone)]
pub struct Recommended(Vec<String>);

impl Recommended {
    /// These values.
    pub fn of(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}

impl Recommender for Recommended {
    fn valid_values(&self, _: &str, _: &BTreeMap<String, Parsed>) -> Result<Vec<String>, String> {
        Ok(self.0.clone())
    }

    fn is_visible(&self, _: &str, _: &BTreeMap<String, Parsed>) -> bool {
        true
    }
}
