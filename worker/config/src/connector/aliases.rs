//! Keys of the aliases in `transforms` and `predicates`: `ConnectorConfig.enrich`.

mod entry;

use super::{
    Kind, Surroundings,
    framework::or_null,
    plugins::{ClassesOf, VersionsOf},
};
use crate::{
    ConfigDef, ConfigKey, Default, Importance, Parsed, Type, Validator, Width, invalid,
    parsed::list,
};
use entry::Entry;

/// A list of aliases, each with a plugin of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aliases {
    key: &'static str,
    pub(super) group: &'static str,
    kind: Kind,
    /// The kind in a sentence.
    noun: &'static str,
}

pub(super) const TRANSFORMS: Aliases = Aliases {
    key: "transforms",
    group: "Transforms",
    kind: Kind::Transformation,
    noun: "transformation",
};

pub(super) const PREDICATES: Aliases =
    Aliases { key: "predicates", group: "Predicates", kind: Kind::Predicate, noun: "predicate" };

/// Asks for a list, and for each alias once.
pub(super) fn unique(what: &str) -> Validator {
    let rule = Validator::rule(format!("unique {what}"), |name, value| match value {
        Parsed::List(aliases) if has_duplicates(aliases) => {
            Err(invalid(name, value, "Duplicate alias provided."))
        }
        _ => Ok(()),
    });
    Validator::All(vec![Validator::NonNull, rule])
}

fn has_duplicates(aliases: &[String]) -> bool {
    (1..aliases.len()).any(|index| aliases[..index].contains(&aliases[index]))
}

/// Adds the keys of all aliases. Those of a class that cannot be used are left out; the error is at its `type`.
pub(super) fn enrich(definition: &mut ConfigDef, around: &Surroundings<'_>) {
    for aliases in [TRANSFORMS, PREDICATES] {
        let mut seen = Vec::new();
        for alias in around.given(aliases.key).map(list).unwrap_or_default() {
            if !seen.contains(&alias) {
                aliases.add(definition, around, &alias);
                seen.push(alias);
            }
        }
    }
}

impl Aliases {
    fn add(self, definition: &mut ConfigDef, around: &Surroundings<'_>, alias: &str) {
        let Self { kind, noun, .. } = self;
        let prefix = format!("{}.{alias}.", self.key);
        let group = format!("{}: {alias}", self.group);
        let entry = Entry::new(kind, around, &prefix);
        let (type_key, version_key) = (entry.key.clone(), format!("{prefix}plugin.version"));
        let class = around.given(&type_key);
        let default_version = class.and_then(|it| around.version(kind, it));
        let given_version = around.given(&version_key);
        // Java looks at the version in the settings, which may be null, before the default.
        let version = if around.settings.contains_key(&version_key) {
            given_version.map(str::to_owned)
        } else {
            default_version.clone()
        };
        let negates_nothing = self.negates_nothing(around, &prefix);
        let describes = format!("valid configs for {alias} {noun}");
        let key = |name: String, r#type, default, what: &str| {
            let documentation = format!("{what} of the {noun} {alias}.");
            ConfigKey::new(name, r#type, default, Importance::High, documentation)
        };
        definition.keys.extend([
            key(type_key.clone(), Type::Class, Default::Required, "Class")
                .valid(entry.type_validator(describes, version, negates_nothing))
                .recommending(ClassesOf(around.plugins(), kind))
                .grouped(group.clone(), 0, Width::Long)
                .shown(format!("{kind} type for {alias}")),
            key(
                version_key,
                Type::String,
                or_null(default_version),
                "Version, or range of versions,",
            )
            .valid(entry.version_validator())
            .recommending(VersionsOf {
                plugins: around.plugins(),
                kind,
                key: type_key,
                always: true,
            })
            .grouped(group.clone(), 1, Width::Long)
            .shown(format!("{kind} version for {alias}")),
        ]);
        // Java makes the plugin by its name as it is written: with blanks around it the class is right and has no keys.
        if class.is_some_and(|it| around.plugins.find(it).is_some())
            && let Ok(own) = entry.definition(given_version)
        {
            definition.embed(&prefix, &group, 2, &self.with_implicit(own));
        }
    }

    /// A `negate` without a predicate.
    fn negates_nothing(self, around: &Surroundings<'_>, prefix: &str) -> Option<String> {
        let (negate, predicate) = (format!("{prefix}negate"), format!("{prefix}predicate"));
        let is_set = |key: &str| around.settings.contains_key(key);
        (self.kind == Kind::Transformation && is_set(&negate) && !is_set(&predicate)).then(|| {
            format!(
                "Config '{negate}' was provided but there is no config '{predicate}' defining a predicate to be negated."
            )
        })
    }

    /// Every transformation has two keys more, which hide its own of these names.
    fn with_implicit(self, own: ConfigDef) -> ConfigDef {
        if self.kind != Kind::Transformation {
            return own;
        }
        let key = |name, r#type, default, documentation| {
            ConfigKey::new(name, r#type, default, Importance::Medium, documentation)
        };
        let mut keys = vec![
            key(
                "predicate",
                Type::String,
                Default::Null,
                "Alias of the predicate that decides which records are transformed; all if not set.",
            ),
            key(
                "negate",
                Type::Boolean,
                Default::value("false"),
                "Whether the records are transformed that the predicate does not match.",
            ),
        ];
        keys.extend(
            own.keys.into_iter().filter(|it| !matches!(it.name.as_ref(), "predicate" | "negate")),
        );
        ConfigDef { keys }
    }
}
