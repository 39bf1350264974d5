//! What keys mean: `org.apache.kafka.common.config.ConfigDef` as users see it.

mod embed;

use std::{borrow::Cow, fmt, sync::Arc};

use crate::{Classes, Parsed, Recommender, Validator};

/// Text of a definition: mostly constant, made at run time for the keys of aliases.
pub type Text = Cow<'static, str>;

/// Type of a key's value, in Java's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// 32-bit integer.
    Int,
    /// 16-bit integer.
    Short,
    /// 64-bit integer.
    Long,
    /// Floating point.
    Double,
    /// `true` or `false`, in any case.
    Boolean,
    /// Comma-separated texts.
    List,
    /// Name of a plugin class.
    Class,
    /// Text that is never shown.
    Password,
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::Boolean => "BOOLEAN",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        })
    }
}

/// How much a key matters to whoever sets up a connector. The most important comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Look at it.
    High,
    /// Know it.
    Medium,
    /// Rarely needed.
    Low,
}

impl fmt::Display for Importance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        })
    }
}

/// How wide a form makes the field of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// As it likes.
    None,
    /// A number.
    Short,
    /// A name.
    Medium,
    /// A list or an address.
    Long,
}

impl fmt::Display for Width {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "NONE",
            Self::Short => "SHORT",
            Self::Medium => "MEDIUM",
            Self::Long => "LONG",
        })
    }
}

/// What a value must satisfy beyond its type; the error is Java's text after `Invalid value V for configuration K: `.
pub type Check = fn(&str) -> Result<(), String>;

/// One key.
#[derive(Debug, Clone)]
pub struct ConfigKey {
    /// The key.
    pub name: Text,
    /// Type of its value.
    pub r#type: Type,
    /// Value when the key is not set.
    pub default: Default,
    /// How much it matters.
    pub importance: Importance,
    /// What it does, in our words.
    pub documentation: Text,
    /// Heading under which user interfaces show it.
    pub group: Option<Text>,
    /// Its place under the heading; -1 for none, as in Java.
    pub order: i32,
    /// How wide a form shows it.
    pub width: Width,
    /// What user interfaces call it.
    pub display_name: Text,
    /// What its value must satisfy.
    pub validator: Option<Validator>,
    /// Keys that are checked and shown after it, because they depend on it.
    pub dependents: Vec<Text>,
    /// What would fit, and whether to show it.
    pub recommender: Option<Arc<dyn Recommender>>,
}

/// Value of a key that is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// There is none: the key must be set.
    Required,
    /// Null.
    Null,
    /// This, as a user would write it.
    Value(Text),
}

impl Default {
    /// A constant default.
    pub const fn value(text: &'static str) -> Self {
        Self::Value(Cow::Borrowed(text))
    }
}

impl ConfigKey {
    /// A key without group and validator, shown under its own name.
    pub fn new(
        name: impl Into<Text>,
        r#type: Type,
        default: Default,
        importance: Importance,
        documentation: impl Into<Text>,
    ) -> Self {
        let name = name.into();
        Self {
            display_name: name.clone(),
            name,
            r#type,
            default,
            importance,
            documentation: documentation.into(),
            group: None,
            order: -1,
            width: Width::None,
            validator: None,
            dependents: Vec::new(),
            recommender: None,
        }
    }

    /// The same key whose value must satisfy something; what it had to satisfy before still counts.
    #[must_use]
    pub fn valid(mut self, validator: Validator) -> Self {
        self.validator = Some(match self.validator.take() {
            None => validator,
            Some(before) => Validator::All(vec![before, validator]),
        });
        self
    }

    /// The same key with a check of its text. A value that is null passes.
    #[must_use]
    pub fn checked(self, check: Check) -> Self {
        self.valid(Validator::Text(check))
    }

    /// The same key under a heading.
    #[must_use]
    pub fn grouped(mut self, group: impl Into<Text>, order: i32, width: Width) -> Self {
        self.group = Some(group.into());
        self.order = order;
        self.width = width;
        self
    }

    /// The same key in a field of some width.
    #[must_use]
    pub fn wide(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The same key with the name that user interfaces show.
    #[must_use]
    pub fn shown(mut self, display_name: impl Into<Text>) -> Self {
        self.display_name = display_name.into();
        self
    }

    /// The same key with keys that depend on it.
    #[must_use]
    pub fn with_dependents(mut self, keys: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        self.dependents = keys.into_iter().map(Into::into).collect();
        self
    }

    /// The same key with advice about its values.
    #[must_use]
    pub fn recommending(mut self, recommender: impl Recommender + 'static) -> Self {
        self.recommender = Some(Arc::new(recommender));
        self
    }
}

impl ConfigKey {
    /// The default as the value that counts is shown; none if it is null or there is none.
    pub fn default_text(&self, classes: &dyn Classes) -> Option<String> {
        let Default::Value(text) = &self.default else { return None };
        Parsed::parse(self.r#type, text, classes).ok()?.to_text()
    }
}

/// The keys of a plugin or of the framework, in order.
#[derive(Debug, Clone, std::default::Default)]
pub struct ConfigDef {
    /// The keys, as defined.
    pub keys: Vec<ConfigKey>,
}

impl ConfigDef {
    /// The key of the name.
    pub fn key(&self, name: &str) -> Option<&ConfigKey> {
        self.keys.iter().find(|it| it.name == name)
    }

    /// Headings in the order of their first use.
    pub fn groups(&self) -> Vec<&Text> {
        let mut groups = Vec::new();
        for group in self.keys.iter().filter_map(|it| it.group.as_ref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}
