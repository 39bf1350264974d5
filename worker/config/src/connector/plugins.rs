//! What the framework's keys need to know of plugins: which there are, of which kind and version, and what they take.

use std::{fmt, sync::Arc};

use crate::{Classes, ConfigDef, Parsed, Recommender, Validator, invalid};

use super::version::Requirement;

/// Kind of a plugin, named after Java's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A source or a sink.
    Connector,
    /// `Converter`.
    Converter,
    /// `HeaderConverter`.
    HeaderConverter,
    /// `Transformation`.
    Transformation,
    /// `Predicate`.
    Predicate,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Connector => "Connector",
            Self::Converter => "Converter",
            Self::HeaderConverter => "HeaderConverter",
            Self::Transformation => "Transformation",
            Self::Predicate => "Predicate",
        })
    }
}

/// The plugins of a worker. Names of classes are full ones, as [`Classes::find`] returns them.
pub trait Plugins: Classes + Send + Sync + fmt::Debug {
    /// All classes of a kind, sorted.
    fn classes(&self, kind: Kind) -> Vec<String>;

    /// The version of a class, if it is of the kind.
    fn version(&self, kind: Kind, class: &str) -> Option<String>;

    /// The keys of a transformation or predicate, if there is one of that class.
    fn definition(&self, kind: Kind, class: &str) -> Option<ConfigDef>;
}

/// Java's words about a class that is not of the kind; none if it is.
pub(super) fn refusal(plugins: &dyn Plugins, kind: Kind, class: &str) -> Option<String> {
    if plugins.version(kind, class).is_some() {
        return None;
    }
    let nested = format!("{class}$");
    let nested: Vec<String> =
        plugins.classes(kind).into_iter().filter(|it| it.starts_with(&nested)).collect();
    Some(if nested.is_empty() {
        format!("Class class {class} does not implement the {kind} interface")
    } else {
        // An abstract class such as `Cast`, whose nested classes are the plugins.
        let nested = nested.join(", ");
        format!("This class is abstract and cannot be created. Did you mean {nested}?")
    })
}

/// Java's words about a class of which there is no such version; none if there is.
pub fn version_refusal(
    plugins: &dyn Plugins,
    class: &str,
    required: Option<&str>,
) -> Option<String> {
    let range = match Requirement::parse(required) {
        Ok(range) => range?,
        Err(error) => return Some(error),
    };
    let kinds = [
        Kind::Connector,
        Kind::Converter,
        Kind::HeaderConverter,
        Kind::Transformation,
        Kind::Predicate,
    ];
    let available: Vec<String> =
        kinds.into_iter().filter_map(|kind| plugins.version(kind, class)).collect();
    if available.iter().any(|it| range.contains(it)) {
        return None;
    }
    let available = available.join(", ");
    Some(format!(
        "Plugin {class} not found that matches the version range {range}, available versions: [{available}]"
    ))
}

/// Asks for a class of a kind.
pub(super) fn of_kind(plugins: Arc<dyn Plugins>, kind: Kind) -> Validator {
    let package = match kind {
        Kind::Connector => "connector",
        Kind::Converter | Kind::HeaderConverter => "storage",
        Kind::Transformation => "transforms",
        Kind::Predicate => "transforms.predicates",
    };
    let describes = format!(
        "A concrete subclass of org.apache.kafka.connect.{package}.{kind}, A class with a public, no-argument constructor"
    );
    Validator::rule(describes, move |_, value| match value {
        Parsed::Class(class) => refusal(plugins.as_ref(), kind, class).map_or(Ok(()), Err),
        _ => Ok(()),
    })
}

/// Asks for a version or a range of versions.
pub(super) fn version_syntax() -> Validator {
    Validator::rule("", |_, value| Requirement::parse(value.as_text()).map(drop))
}

/// Recommends the classes of a kind.
#[derive(Debug)]
pub(super) struct ClassesOf(pub(super) Arc<dyn Plugins>, pub(super) Kind);

impl Recommender for ClassesOf {
    fn valid_values(&self, _: &str, _: &Values) -> Result<Vec<String>, String> {
        Ok(self.0.classes(self.1))
    }

    fn is_visible(&self, _: &str, _: &Values) -> bool {
        true
    }
}

type Values = std::collections::BTreeMap<String, Parsed>;

/// Recommends the versions of the class that another key names.
#[derive(Debug)]
pub(super) struct VersionsOf {
    pub(super) plugins: Arc<dyn Plugins>,
    pub(super) kind: Kind,
    /// The key that names the class.
    pub(super) key: String,
    /// Whether a form shows the key also while no class is named.
    pub(super) always: bool,
}

impl Recommender for VersionsOf {
    fn valid_values(&self, _: &str, parsed: &Values) -> Result<Vec<String>, String> {
        let class = match parsed.get(&self.key) {
            Some(Parsed::Class(class)) => Some(class.clone()),
            Some(Parsed::Text(name)) => self.plugins.find(name),
            _ => None,
        };
        Ok(class.and_then(|it| self.plugins.version(self.kind, &it)).into_iter().collect())
    }

    fn is_visible(&self, _: &str, parsed: &Values) -> bool {
        self.always || parsed.get(&self.key).is_some_and(|it| *it != Parsed::Null)
    }
}

/// Java's error about a class that was found but cannot be made.
pub(super) fn cannot_be_made(key: &str, class: &str, kind: Kind) -> String {
    invalid(key, &class, &format!("Error getting config definition from {kind}: {class}"))
}
