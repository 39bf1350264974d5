//! What a value must satisfy beyond its type: the validators of `org.apache.kafka.common.config.ConfigDef`, with their errors
//! and with the text that documentation shows of them.

use std::{fmt, sync::Arc};

use crate::{Check, Parsed, java_order, regex::JavaRegex};

/// A custom validator: key and value in, the whole error message out.
pub type Rule = dyn Fn(&str, &Parsed) -> Result<(), String> + Send + Sync;

/// Checks one value. Errors are whole messages, in Java's words.
#[derive(Clone)]
pub enum Validator {
    /// A number within limits, both inclusive (`Range`).
    Range {
        /// Smallest.
        min: Option<i64>,
        /// Largest.
        max: Option<i64>,
    },
    /// One of these texts (`ValidString`).
    In(&'static [&'static str]),
    /// One of these texts in any case (`CaseInsensitiveValidString`).
    InAnyCase(&'static [&'static str]),
    /// Null or some text (`NonEmptyString`).
    NonEmpty,
    /// Anything but null (`NonNullValidator`).
    NonNull,
    /// Null or some text that prints (`NonEmptyStringWithoutControlChars`).
    NonEmptyWithoutControl,
    /// A LIST without duplicates and empty elements (`ValidList`).
    List {
        /// Elements that there may be; any if there are none here.
        of: &'static [&'static str],
        /// Whether the list may be empty.
        may_be_empty: bool,
        /// Whether there may be no list.
        may_be_null: bool,
    },
    /// A LIST of at most so many elements (`ListSize`).
    AtMost(usize),
    /// All of these, in order; the first error counts (`CompositeValidator`).
    All(Vec<Validator>),
    /// A check of the value's text; null passes.
    Text(Check),
    /// The same of a text that may hold a secret: the error does not show it.
    SecretText(Check),
    /// A rule of one's own (`LambdaValidator`).
    Rule {
        /// The rule.
        rule: Arc<Rule>,
        /// What it asks for, in documentation.
        describes: String,
    },
    /// A validator that knows its key without the prefix of an alias.
    Unprefixed {
        /// What to take off.
        prefix: String,
        /// The validator.
        base: Box<Validator>,
    },
}

/// Java's message of a `ConfigException` about a value.
pub fn invalid(name: &str, value: &dyn fmt::Display, reason: &str) -> String {
    format!("Invalid value {value} for configuration {name}: {reason}")
}

impl Validator {
    /// A number of at least `min`.
    pub const fn at_least(min: i64) -> Self {
        Self::Range { min: Some(min), max: None }
    }

    /// A number from `min` to `max`.
    pub const fn between(min: i64, max: i64) -> Self {
        Self::Range { min: Some(min), max: Some(max) }
    }

    /// A rule of one's own, and how documentation describes it.
    pub fn rule(
        describes: impl Into<String>,
        rule: impl Fn(&str, &Parsed) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self::Rule { rule: Arc::new(rule), describes: describes.into() }
    }

    /// A LIST of at least one element, each once.
    pub const SOME_NAMES: Self = Self::List { of: &[], may_be_empty: false, may_be_null: false };

    /// A pattern of `java.util.regex` (`RegexValidator`). What follows the first words of the error is ours.
    pub fn pattern() -> Self {
        Self::rule("valid regex", |name, value| {
            let Some(text) = value.as_text() else {
                // What a JVM says of a null.
                let reason = "Invalid regex: Cannot invoke \"String.isEmpty()\" because \"this.pattern\" is null";
                return Err(invalid(name, value, reason));
            };
            JavaRegex::new(text)
                .map(drop)
                .map_err(|error| invalid(name, value, &format!("Invalid regex: {error}")))
        })
    }

    /// Checks the value of a key.
    pub fn check(&self, name: &str, value: &Parsed) -> Result<(), String> {
        let refuse = |reason: &str| Err(invalid(name, value, reason));
        match self {
            Self::Range { min, max } => check_range(name, value, *min, *max),
            Self::In(texts) if value.as_text().is_some_and(|it| texts.contains(&it)) => Ok(()),
            Self::In(texts) => refuse(&format!("String must be one of: {}", texts.join(", "))),
            Self::InAnyCase(texts) if is_in_any_case(value, texts) => Ok(()),
            Self::InAnyCase(texts) => refuse(&format!(
                "String must be one of (case insensitive): {}",
                as_a_set(texts).join(", ")
            )),
            Self::NonEmpty if value.as_text() == Some("") => refuse("String must be non-empty"),
            Self::NonNull if *value == Parsed::Null => refuse("entry must be non null"),
            Self::NonEmpty | Self::NonNull => Ok(()),
            Self::NonEmptyWithoutControl => value
                .as_text()
                .map_or(Ok(()), |text| printable(text).or_else(|reason| refuse(&reason))),
            Self::List { of, may_be_empty, may_be_null } => match value {
                Parsed::List(elements) => check_list(name, elements, of, *may_be_empty),
                _ if *may_be_null => Ok(()),
                _ => Err(format!("Configuration '{name}' values must not be null.")),
            },
            Self::AtMost(most) => match value {
                Parsed::List(elements) if elements.len() > *most => {
                    refuse(&format!("exceeds maximum list size of [{most}]."))
                }
                _ => Ok(()),
            },
            Self::All(validators) => validators.iter().try_for_each(|it| it.check(name, value)),
            Self::SecretText(check) => value.to_text().map_or(Ok(()), |text| {
                check(&text).map_err(|reason| invalid(name, &"[hidden]", &reason))
            }),
            Self::Text(check) => value
                .to_text()
                .map_or(Ok(()), |text| check(&text).or_else(|reason| refuse(&reason))),
            Self::Rule { rule, .. } => rule(name, value),
            Self::Unprefixed { prefix, base } => {
                base.check(name.strip_prefix(prefix.as_str()).unwrap_or(name), value)
            }
        }
    }
}

fn check_range(
    name: &str,
    value: &Parsed,
    min: Option<i64>,
    max: Option<i64>,
) -> Result<(), String> {
    // Java compares as double, which is exact for every limit that is used.
    #[allow(clippy::cast_precision_loss)]
    let is_below = |limit: i64| match value {
        Parsed::Integer(number) => *number < limit,
        Parsed::Double(number) => *number < limit as f64,
        _ => false,
    };
    #[allow(clippy::cast_precision_loss)]
    let is_above = |limit: i64| match value {
        Parsed::Integer(number) => *number > limit,
        Parsed::Double(number) => *number > limit as f64,
        _ => false,
    };
    let reason = match (min, max) {
        _ if *value == Parsed::Null => "Value must be non-null".to_owned(),
        (Some(min), _) if is_below(min) => format!("Value must be at least {min}"),
        (_, Some(max)) if is_above(max) => format!("Value must be no more than {max}"),
        _ => return Ok(()),
    };
    Err(invalid(name, value, &reason))
}

fn check_list(
    name: &str,
    elements: &[String],
    of: &'static [&'static str],
    may_be_empty: bool,
) -> Result<(), String> {
    if !may_be_empty && elements.is_empty() {
        let valid = if of.is_empty() {
            "any non-empty value".to_owned()
        } else {
            Validator::In(of).to_string()
        };
        return Err(format!(
            "Configuration '{name}' must not be empty. Valid values include: {valid}"
        ));
    }
    let distinct: std::collections::BTreeSet<&String> = elements.iter().collect();
    if distinct.len() < elements.len() {
        return Err(format!("Configuration '{name}' values must not be duplicated."));
    }
    for element in elements {
        if element.is_empty() {
            return Err(format!("Configuration '{name}' values must not be empty."));
        }
        if !of.is_empty() {
            Validator::In(of).check(name, &Parsed::Text(element.clone()))?;
        }
    }
    Ok(())
}

fn is_in_any_case(value: &Parsed, texts: &[&str]) -> bool {
    let is_same = |it: &&str, text: &str| it.to_uppercase() == text.to_uppercase();
    value.as_text().is_some_and(|text| texts.iter().any(|it| is_same(it, text)))
}

/// Java keeps these texts in upper case in a `HashSet`, whose order shows.
fn as_a_set(texts: &[&str]) -> Vec<String> {
    let upper: Vec<String> = texts.iter().map(|it| it.to_uppercase()).collect();
    java_order::ordered(upper.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
}

fn printable(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("String may not be empty".to_owned());
    }
    let control: Vec<String> =
        text.chars().filter(|it| it.is_control()).map(|it| u32::from(it).to_string()).collect();
    if control.is_empty() {
        return Ok(());
    }
    Err(format!(
        "String may not contain control sequences but had the following ASCII chars: {}",
        control.join(", ")
    ))
}

/// What Java's documentation shows under "Valid Values".
impl fmt::Display for Validator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range { min: None, max: None } => out.write_str("[...]"),
            Self::Range { min: None, max: Some(max) } => write!(out, "[...,{max}]"),
            Self::Range { min: Some(min), max: None } => write!(out, "[{min},...]"),
            Self::Range { min: Some(min), max: Some(max) } => write!(out, "[{min},...,{max}]"),
            Self::In(texts) => write!(out, "[{}]", texts.join(", ")),
            Self::InAnyCase(texts) => {
                write!(out, "(case insensitive) [{}]", as_a_set(texts).join(", "))
            }
            Self::NonEmpty => out.write_str("non-empty string"),
            Self::NonNull => out.write_str("non-null string"),
            Self::NonEmptyWithoutControl => {
                out.write_str("non-empty string without ISO control characters")
            }
            Self::List { of: [], .. } | Self::Text(_) | Self::SecretText(_) => Ok(()),
            Self::List { of, .. } => Self::In(of).fmt(out),
            Self::AtMost(most) => write!(out, "List containing maximum of {most} elements"),
            Self::All(validators) => {
                let texts: Vec<String> = validators.iter().map(Self::to_string).collect();
                out.write_str(&texts.join(", "))
            }
            Self::Rule { describes, .. } => out.write_str(describes),
            Self::Unprefixed { base, .. } => base.fmt(out),
        }
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests;
