//! What keys mean: the parts of `org.apache.kafka.common.config.ConfigDef` that users see.

use std::fmt;

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

/// How much a key matters to whoever sets up a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What a value must satisfy beyond its type; the error is Java's text after `Invalid value V for configuration K: `.
pub type Check = fn(&str) -> Result<(), String>;

/// One key.
#[derive(Debug, Clone)]
pub struct ConfigKey {
    /// The key.
    pub name: &'static str,
    /// Type of its value.
    pub r#type: Type,
    /// Value when the key is not set.
    pub default: Default,
    /// How much it matters.
    pub importance: Importance,
    /// What it does, in our words.
    pub documentation: &'static str,
    /// Heading under which user interfaces show it.
    pub group: Option<&'static str>,
    /// What user interfaces call it.
    pub display_name: &'static str,
    /// What its value must satisfy.
    pub check: Option<Check>,
}

/// Value of a key that is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// There is none: the key must be set.
    Required,
    /// Null.
    Null,
    /// This.
    Value(&'static str),
}

impl ConfigKey {
    /// A key without group and check, shown under its own name.
    pub const fn new(
        name: &'static str,
        r#type: Type,
        default: Default,
        importance: Importance,
        documentation: &'static str,
    ) -> Self {
        Self {
            name,
            r#type,
            default,
            importance,
            documentation,
            group: None,
            display_name: name,
            check: None,
        }
    }

    /// The same key with a check of its value.
    #[must_use]
    pub const fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// The same key under a heading, with the name that user interfaces show.
    #[must_use]
    pub const fn shown(mut self, group: &'static str, display_name: &'static str) -> Self {
        self.group = Some(group);
        self.display_name = display_name;
        self
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
    pub fn groups(&self) -> Vec<&'static str> {
        let mut groups = Vec::new();
        for group in self.keys.iter().filter_map(|it| it.group) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}
