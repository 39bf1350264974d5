//! A definition inside another: the keys of an alias, such as `transforms.a.`. Mirrors `ConfigDef.embed`.

use std::collections::BTreeMap;

use super::{ConfigDef, ConfigKey, Default};
use crate::{Parsed, Recommender, Validator};

impl ConfigDef {
    /// Appends the keys of another definition, prefixed, under a heading, numbered from `first` in the order of
    /// [`Self::sorted`]. Validators and recommenders of the other still see its own names.
    pub fn embed(&mut self, prefix: &str, group: &str, first: i32, other: &Self) {
        for (order, key) in (first..).zip(other.sorted()) {
            let own_group = key.group.as_ref().map(|it| format!("{group}: {it}"));
            let validator = key.validator.clone().map(|base| Validator::Unprefixed {
                prefix: prefix.to_owned(),
                base: Box::new(base),
            });
            let dependents = key.dependents.iter().map(|it| format!("{prefix}{it}").into());
            let recommender = key.recommender.clone().map(|base| {
                let recommender = Unprefixed { prefix: prefix.to_owned(), base };
                std::sync::Arc::new(recommender) as std::sync::Arc<dyn Recommender>
            });
            self.keys.push(ConfigKey {
                name: format!("{prefix}{}", key.name).into(),
                group: Some(own_group.unwrap_or_else(|| group.to_owned()).into()),
                order,
                validator,
                dependents: dependents.collect(),
                recommender,
                ..key.clone()
            });
        }
    }

    /// Keys in the order of documentation: by heading and place; then required ones first, then by importance and name.
    pub fn sorted(&self) -> Vec<&ConfigKey> {
        let groups = self.groups();
        let rank = |key: &ConfigKey| {
            // What has no heading comes before all that have one.
            key.group.as_ref().map(|group| groups.iter().position(|it| *it == group))
        };
        let mut keys: Vec<&ConfigKey> = self.keys.iter().collect();
        keys.sort_by(|left, right| {
            let order = |key: &ConfigKey| {
                (rank(key), key.order, key.default != Default::Required, key.importance)
            };
            order(left).cmp(&order(right)).then_with(|| left.name.cmp(&right.name))
        });
        keys
    }
}

/// A recommender that knows its keys without the prefix.
#[derive(Debug)]
struct Unprefixed {
    prefix: String,
    base: std::sync::Arc<dyn Recommender>,
}

impl Unprefixed {
    fn own(&self, parsed: &BTreeMap<String, Parsed>) -> BTreeMap<String, Parsed> {
        let strip = |(key, value): (&String, &Parsed)| {
            Some((key.strip_prefix(&self.prefix)?.to_owned(), value.clone()))
        };
        parsed.iter().filter_map(strip).collect()
    }

    fn name<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(&self.prefix).unwrap_or(name)
    }
}

impl Recommender for Unprefixed {
    fn valid_values(
        &self,
        name: &str,
        parsed: &BTreeMap<String, Parsed>,
    ) -> Result<Vec<String>, String> {
        self.base.valid_values(self.name(name), &self.own(parsed))
    }

    fn is_visible(&self, name: &str, parsed: &BTreeMap<String, Parsed>) -> bool {
        self.base.is_visible(self.name(name), &self.own(parsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Importance, Properties, Report, Type, Width};

    fn key(name: &'static str, default: Default, importance: Importance) -> ConfigKey {
        ConfigKey::new(name, Type::String, default, importance, "")
    }

    #[test]
    fn keys_are_sorted_as_java_sorts_them() {
        let definition = ConfigDef {
            keys: vec![
                key("z", Default::Null, Importance::High).grouped("B", 2, Width::None),
                key("y", Default::Null, Importance::High).grouped("A", 1, Width::None),
                key("x", Default::Null, Importance::High).grouped("B", 1, Width::None),
                key("low", Default::Null, Importance::Low),
                key("b", Default::Null, Importance::High),
                key("a", Default::Null, Importance::High),
                key("must", Default::Required, Importance::Low),
            ],
        };
        let names: Vec<&str> = definition.sorted().into_iter().map(|it| it.name.as_ref()).collect();
        assert_eq!(names, ["must", "a", "b", "low", "x", "z", "y"]);
    }

    #[test]
    fn embedded_keys_are_prefixed_and_their_errors_are_not() {
        let inner = ConfigDef {
            keys: vec![
                key("b", Default::Null, Importance::Low).with_dependents(["a"]),
                key("a", Default::Null, Importance::High).valid(Validator::NonEmpty).grouped(
                    "Own",
                    3,
                    Width::Short,
                ),
            ],
        };
        let mut outer = ConfigDef::default();
        outer.embed("t.x.", "Ts: x", 2, &inner);
        let shape: Vec<_> = outer
            .keys
            .iter()
            .map(|it| (it.name.as_ref(), it.group.as_deref(), it.order, it.dependents.len()))
            .collect();
        assert_eq!(shape, [("t.x.b", Some("Ts: x"), 2, 1), ("t.x.a", Some("Ts: x: Own"), 3, 0)]);
        let settings = Properties::from([("t.x.a".to_owned(), String::new())]);
        let report = Report::of(&outer, &settings);
        let errors: Vec<&str> = report.errors().collect();
        assert_eq!(errors, ["Invalid value  for configuration a: String must be non-empty"]);
    }
}
