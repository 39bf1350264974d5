//! Settings against a definition, as `ConfigDef.validateAll` checks them: first every key is parsed and checked, then every
//! recommender is asked, which sees all that was parsed. A key comes before its dependents, and once for each parent.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Classes, ConfigDef, ConfigKey, ConfigValue, Default, Nullable, Parsed, Validator, invalid,
};

/// What settings are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To tell all that is wrong (`ConfigDef.validateAll`).
    Tell,
    /// To use them (`ConfigDef.parse`): what cannot be parsed is not checked, and elements that a list has twice count once.
    Use,
}

/// One value for each key, in the order of the definition; then dependents that nobody defines.
pub(crate) fn all(
    purpose: Purpose,
    definition: &ConfigDef,
    settings: &Nullable,
    classes: &dyn Classes,
) -> Vec<ConfigValue> {
    let mut run = Run {
        purpose,
        keys: definition.keys.iter().map(|it| (it.name.as_ref(), it)).collect(),
        settings,
        classes,
        parsed: BTreeMap::new(),
        values: BTreeMap::new(),
    };
    let has_parent: BTreeSet<&str> =
        definition.keys.iter().flat_map(|it| &it.dependents).map(AsRef::as_ref).collect();
    let roots = || definition.keys.iter().filter(|it| !has_parent.contains(it.name.as_ref()));
    for key in roots() {
        run.parse(key, &mut Vec::new());
    }
    for key in roots() {
        run.recommend(key, &mut Vec::new());
    }
    let undefined = has_parent.iter().filter(|it| !run.keys.contains_key(*it)).map(|name| {
        let error = format!("{name} is referred in the dependents, but not defined.");
        ConfigValue { errors: vec![error], is_visible: false, ..ConfigValue::new(*name, None) }
    });
    let undefined: Vec<ConfigValue> = undefined.collect();
    let value = |key: &ConfigKey| {
        let name = key.name.as_ref();
        let value = run.parsed.get(name).and_then(Parsed::to_text);
        let Outcome { errors, recommended, is_hidden } =
            run.values.get(name).cloned().unwrap_or_default();
        ConfigValue { recommended, errors, is_visible: !is_hidden, ..ConfigValue::new(name, value) }
    };
    definition.keys.iter().map(value).chain(undefined).collect()
}

/// What became of a key so far.
#[derive(Clone, std::default::Default)]
struct Outcome {
    errors: Vec<String>,
    recommended: Vec<String>,
    is_hidden: bool,
}

struct Run<'a> {
    purpose: Purpose,
    keys: BTreeMap<&'a str, &'a ConfigKey>,
    settings: &'a Nullable,
    classes: &'a dyn Classes,
    parsed: BTreeMap<String, Parsed>,
    values: BTreeMap<String, Outcome>,
}

impl<'a> Run<'a> {
    /// `path` holds the parents: keys that depend on each other in a circle are visited once.
    fn parse(&mut self, key: &'a ConfigKey, path: &mut Vec<&'a str>) {
        let name = key.name.as_ref();
        let value = self.value(key);
        let outcome = self.values.entry(name.to_owned()).or_default();
        let is_parsed = value.is_ok();
        let parsed = value.unwrap_or_else(|error| {
            outcome.errors.push(error);
            Parsed::Null
        });
        let checked = match (&key.validator, self.purpose, &parsed) {
            (Some(validator @ Validator::List { .. }), Purpose::Use, Parsed::List(elements)) => {
                validator.check(name, &Parsed::List(distinct(elements)))
            }
            (Some(validator), purpose, _) if is_parsed || purpose == Purpose::Tell => {
                validator.check(name, &parsed)
            }
            _ => Ok(()),
        };
        outcome.errors.extend(checked.err());
        self.parsed.insert(name.to_owned(), parsed);
        self.visit(key, path, Self::parse);
    }

    fn recommend(&mut self, key: &'a ConfigKey, path: &mut Vec<&'a str>) {
        let name = key.name.as_ref();
        if let Some(recommender) = &key.recommender {
            let recommended = recommender.valid_values(name, &self.parsed);
            let is_visible = recommender.is_visible(name, &self.parsed);
            let outcome = self.values.entry(name.to_owned()).or_default();
            match recommended {
                Ok(mut values) => {
                    let before = &outcome.recommended;
                    values.retain(|it| before.is_empty() || before.contains(it));
                    outcome.recommended = values;
                    outcome.is_hidden = !is_visible;
                }
                Err(error) => outcome.errors.push(error),
            }
        }
        self.visit(key, path, Self::recommend);
    }

    fn visit(
        &mut self,
        key: &'a ConfigKey,
        path: &mut Vec<&'a str>,
        visitor: fn(&mut Self, &'a ConfigKey, &mut Vec<&'a str>),
    ) {
        path.push(key.name.as_ref());
        for dependent in &key.dependents {
            let known = self.keys.get(dependent.as_ref()).copied();
            if let Some(known) = known.filter(|it| !path.contains(&it.name.as_ref())) {
                visitor(self, known, path);
            }
        }
        path.pop();
    }

    fn value(&self, key: &ConfigKey) -> Result<Parsed, String> {
        let name = key.name.as_ref();
        match (self.settings.get(name), &key.default) {
            (Some(None), _) | (None, Default::Null) => Ok(Parsed::Null),
            (Some(Some(raw)), _) => Parsed::parse(key.r#type, raw, self.classes)
                .map_err(|reason| invalid(name, raw, &reason)),
            (None, Default::Value(text)) => Parsed::parse(key.r#type, text, self.classes)
                .map_err(|reason| invalid(name, text, &reason)),
            (None, Default::Required) => Err(format!(
                "Missing required configuration \"{name}\" which has no default value."
            )),
        }
    }
}

fn distinct(elements: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(elements.len());
    for element in elements {
        if !kept.contains(element) {
            kept.push(element.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AnyClass, Importance, Recommended, Recommender, Type};

    fn key(name: &'static str, r#type: Type, default: Default) -> ConfigKey {
        ConfigKey::new(name, r#type, default, Importance::High, "")
    }

    fn check(keys: Vec<ConfigKey>, settings: &[(&str, Option<&str>)]) -> Vec<ConfigValue> {
        let settings = settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)))
            .collect();
        all(Purpose::Tell, &ConfigDef { keys }, &settings, &AnyClass)
    }

    #[test]
    fn values_and_errors_are_those_of_java() {
        let number = || key("k", Type::Int, Default::value("7")).valid(Validator::at_least(1));
        for (key, given, value, errors) in [
            (number(), None, Some("7"), vec![]),
            (number(), Some(Some(" 08 ")), Some("8"), vec![]),
            (
                number(),
                Some(Some("x")),
                None,
                vec![
                    "Invalid value x for configuration k: Not a number of type INT",
                    "Invalid value null for configuration k: Value must be non-null",
                ],
            ),
            (
                number(),
                Some(None),
                None,
                vec!["Invalid value null for configuration k: Value must be non-null"],
            ),
            (
                key("k", Type::String, Default::Required),
                None,
                None,
                vec!["Missing required configuration \"k\" which has no default value."],
            ),
            (key("k", Type::String, Default::Required), Some(None), None, vec![]),
            (key("k", Type::Password, Default::Null), Some(Some("p")), Some("[hidden]"), vec![]),
            (key("k", Type::List, Default::value("")), None, Some(""), vec![]),
        ] {
            let given: Vec<_> = given.map(|it| ("k", it)).into_iter().collect();
            let checked = check(vec![key], &given);
            assert_eq!(checked[0].value.as_deref(), value, "{given:?}");
            assert_eq!(checked[0].errors, errors, "{given:?}");
        }
    }

    #[test]
    fn what_is_used_is_checked_less_than_what_is_told() {
        let keys = || {
            vec![
                key("names", Type::List, Default::Required).valid(Validator::SOME_NAMES),
                key("number", Type::Int, Default::Required).valid(Validator::at_least(1)),
            ]
        };
        let settings = Nullable::from([
            ("names".to_owned(), Some("a,a".to_owned())),
            ("number".to_owned(), Some("x".to_owned())),
        ]);
        let errors = |purpose| -> Vec<usize> {
            let values = all(purpose, &ConfigDef { keys: keys() }, &settings, &AnyClass);
            values.iter().map(|it| it.errors.len()).collect()
        };
        assert_eq!(errors(Purpose::Tell), [1, 2]);
        assert_eq!(errors(Purpose::Use), [0, 1]);
    }

    /// Shows a key and recommends for it while the key `on` is true.
    #[derive(Debug)]
    struct WhileOn;

    impl Recommender for WhileOn {
        fn valid_values(
            &self,
            name: &str,
            parsed: &BTreeMap<String, Parsed>,
        ) -> Result<Vec<String>, String> {
            if parsed["on"] == Parsed::Null {
                return Err(format!("{name} needs to know"));
            }
            Ok(vec!["a".to_owned(), "b".to_owned()])
        }

        fn is_visible(&self, _: &str, parsed: &BTreeMap<String, Parsed>) -> bool {
            parsed["on"] == Parsed::Boolean(true)
        }
    }

    #[test]
    fn dependents_follow_their_parents() {
        let keys = || {
            vec![
                key("advice", Type::String, Default::Null).recommending(WhileOn),
                key("on", Type::Boolean, Default::value("true"))
                    .with_dependents(["advice", "gone"]),
                key("fixed", Type::String, Default::Null).recommending(Recommended::of(["x"])),
            ]
        };
        let values = check(keys(), &[("on", Some("false"))]);
        assert_eq!(values[0].recommended, ["a", "b"]);
        assert!(!values[0].is_visible && values[1].is_visible);
        assert_eq!(values[2].recommended, ["x"]);
        assert_eq!(values[3].errors, ["gone is referred in the dependents, but not defined."]);
        let values = check(keys(), &[("on", Some("x"))]);
        assert_eq!(values[0].errors, ["advice needs to know"]);
        assert!(values[0].is_visible);
    }

    #[test]
    fn a_key_is_told_once_for_each_parent_and_circles_end() {
        let values = check(
            vec![
                key("a", Type::String, Default::Null).with_dependents(["c"]),
                key("b", Type::String, Default::Null).with_dependents(["c"]),
                key("c", Type::Int, Default::Required).with_dependents(["d"]),
                key("d", Type::Int, Default::Null).with_dependents(["c"]),
            ],
            &[],
        );
        assert_eq!(values[2].errors.len(), 2);
    }
}
