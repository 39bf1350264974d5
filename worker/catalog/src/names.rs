//! Names of plugins, as `PluginUtils.computeAliases` makes them.

use std::collections::BTreeMap;

/// Things by their full class names and aliases. An alias that several could have belongs to none.
pub(crate) struct Names<T> {
    full: BTreeMap<&'static str, T>,
    /// Full name by alias; none for an ambiguous alias.
    aliases: BTreeMap<&'static str, Option<&'static str>>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { full: BTreeMap::new(), aliases: BTreeMap::new() }
    }
}

impl<T> Names<T> {
    pub(crate) fn add(&mut self, class: &'static str, suffix: &str, plugin: T) {
        let simple = class.rsplit('.').next().unwrap_or(class);
        let pruned = simple.strip_suffix(suffix).filter(|it| !it.is_empty());
        for alias in [Some(simple), pruned].into_iter().flatten() {
            let is_taken = self.aliases.contains_key(alias);
            self.aliases.insert(alias, (!is_taken).then_some(class));
        }
        assert!(self.full.insert(class, plugin).is_none(), "two plugins are named {class}");
    }

    pub(crate) fn find(&self, name: &str) -> Option<&T> {
        let full =
            || self.aliases.get(name).copied().flatten().and_then(|class| self.full.get(class));
        self.full.get(name).or_else(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ambiguous_alias_belongs_to_nobody() {
        let mut names = Names::default();
        names.add("a.JsonConverter", "Converter", 1);
        names.add("b.JsonConverter", "Converter", 2);
        assert_eq!(names.find("Json"), None);
        assert_eq!(names.find("JsonConverter"), None);
        assert_eq!(names.find("b.JsonConverter"), Some(&2));
    }
}
