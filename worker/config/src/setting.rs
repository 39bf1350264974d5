//! From text to typed value, with the errors of Java's `ConfigDef.parseType`.

use std::time::Duration;

use crate::{ConfigKey, Default, Secret, Type};

/// A Rust type that a key's value can be parsed into. The text has passed the key's checks already.
pub trait Setting: Sized {
    /// The Java type of the key.
    const TYPE: Type;
    /// Whether null is a value, so that a key without default is not required.
    const NULLABLE: bool = false;

    /// The value of a checked text; none for null.
    fn from_text(text: Option<&str>) -> Option<Self>;
}

/// A duration that is written in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub Duration);

macro_rules! parsed {
    ($($rust:ty => $java:ident),*) => {$(
        impl Setting for $rust {
            const TYPE: Type = Type::$java;

            fn from_text(text: Option<&str>) -> Option<Self> {
                text?.trim().parse().ok()
            }
        }
    )*};
}

parsed!(i16 => Short, i32 => Int, u32 => Int, usize => Int, i64 => Long, u64 => Long, f64 => Double);

impl Setting for String {
    const TYPE: Type = Type::String;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|it| it.trim().to_owned())
    }
}

impl Setting for Secret {
    const TYPE: Type = Type::Password;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(Self::new)
    }
}

impl Setting for bool {
    const TYPE: Type = Type::Boolean;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|it| it.trim().eq_ignore_ascii_case("true"))
    }
}

impl Setting for Millis {
    const TYPE: Type = Type::Long;

    fn from_text(text: Option<&str>) -> Option<Self> {
        u64::from_text(text).map(|millis| Self(Duration::from_millis(millis)))
    }
}

impl Setting for Vec<String> {
    const TYPE: Type = Type::List;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|it| list(it).map(str::to_owned).collect())
    }
}

impl<T: Setting> Setting for Option<T> {
    const TYPE: Type = T::TYPE;
    const NULLABLE: bool = true;

    fn from_text(text: Option<&str>) -> Option<Self> {
        Some(T::from_text(text))
    }
}

/// The elements of a LIST value.
pub(crate) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|it| !it.is_empty())
}

/// The text that counts for a key, its default put in; or what is wrong with it.
pub(crate) fn check(key: &ConfigKey, text: Option<&str>) -> Result<Option<String>, Vec<String>> {
    let text = match (text, key.default) {
        (Some(text), _) | (None, Default::Value(text)) => text,
        (None, Default::Null) => return Ok(None),
        (None, Default::Required) => {
            return Err(vec![format!(
                "Missing required configuration \"{}\" which has no default value.",
                key.name
            )]);
        }
    };
    let invalid = |text: &str, reason: &str| {
        format!("Invalid value {text} for configuration {}: {reason}", key.name)
    };
    if let Err(reason) = check_type(key.r#type, text.trim()) {
        // What has no number has null, and Java's checks of numbers run on that too.
        let follows = key.check.map(|_| invalid("null", "Value must be non-null"));
        return Err([invalid(text, reason)].into_iter().chain(follows).collect());
    }
    if let Some(check) = key.check {
        check(text.trim()).map_err(|reason| vec![invalid(text, &reason)])?;
    }
    let is_verbatim = matches!(key.r#type, Type::Password);
    Ok(Some(if is_verbatim { text.to_owned() } else { text.trim().to_owned() }))
}

impl ConfigKey {
    /// Whether a text is of the key's type.
    pub(crate) fn fits(&self, text: &str) -> bool {
        check_type(self.r#type, text.trim()).is_ok()
    }
}

fn check_type(r#type: Type, text: &str) -> Result<(), &'static str> {
    match r#type {
        Type::Int => text.parse::<i32>().map(drop).map_err(|_| "Not a number of type INT"),
        Type::Short => text.parse::<i16>().map(drop).map_err(|_| "Not a number of type SHORT"),
        Type::Long => text.parse::<i64>().map(drop).map_err(|_| "Not a number of type LONG"),
        Type::Double => text.parse::<f64>().map(drop).map_err(|_| "Not a number of type DOUBLE"),
        Type::Boolean
            if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") =>
        {
            Ok(())
        }
        Type::Boolean => Err("Expected value to be either true or false"),
        Type::String | Type::List | Type::Class | Type::Password => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Importance;

    #[test]
    fn errors_are_those_of_java() {
        let key = |r#type| ConfigKey::new("k", r#type, Default::Required, Importance::High, "");
        for (r#type, text, expected) in [
            (Type::Int, Some(" 5 "), Ok(Some("5".to_owned()))),
            (Type::Int, Some("x"), Err(vec!["Invalid value x for configuration k: Not a number of type INT".to_owned()])),
            (
                Type::Boolean,
                Some("yes"),
                Err(vec!["Invalid value yes for configuration k: Expected value to be either true or false".to_owned()]),
            ),
            (Type::Boolean, Some("TRUE"), Ok(Some("TRUE".to_owned()))),
            (
                Type::String,
                None,
                Err(vec!["Missing required configuration \"k\" which has no default value.".to_owned()]),
            ),
            (Type::Password, Some(" p "), Ok(Some(" p ".to_owned()))),
        ] {
            assert_eq!(check(&key(r#type), text), expected, "{type:?} {text:?}");
        }
    }

    #[test]
    fn a_checked_number_that_is_none_is_told_twice_as_in_java() {
        let key = ConfigKey::new("k", Type::Int, Default::Required, Importance::High, "");
        let errors = check(&key.checked(|_| Ok(())), Some("x")).expect_err("no number");
        assert_eq!(
            errors,
            [
                "Invalid value x for configuration k: Not a number of type INT",
                "Invalid value null for configuration k: Value must be non-null",
            ]
        );
    }
}
