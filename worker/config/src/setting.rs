//! From text to typed value, with the errors of Java's `ConfigDef.parseType`.

use std::time::Duration;

use crate::{
    Secret, Type,
    parsed::{double, list, trim},
};

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
                trim(text?).parse().ok()
            }
        }
    )*};
}

parsed!(i16 => Short, i32 => Int, u32 => Int, usize => Int, i64 => Long, u64 => Long);

impl Setting for f64 {
    const TYPE: Type = Type::Double;

    fn from_text(text: Option<&str>) -> Option<Self> {
        double(trim(text?))
    }
}

impl Setting for String {
    const TYPE: Type = Type::String;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|it| trim(it).to_owned())
    }
}

impl Setting for Secret {
    const TYPE: Type = Type::Password;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|it| Self::new(trim(it)))
    }
}

impl Setting for bool {
    const TYPE: Type = Type::Boolean;

    fn from_text(text: Option<&str>) -> Option<Self> {
        text.map(|it| trim(it).eq_ignore_ascii_case("true"))
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
        text.map(list)
    }
}

impl<T: Setting> Setting for Option<T> {
    const TYPE: Type = T::TYPE;
    const NULLABLE: bool = true;

    fn from_text(text: Option<&str>) -> Option<Self> {
        Some(T::from_text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_as_in_java() {
        assert_eq!(i32::from_text(Some(" 5 ")), Some(5));
        assert_eq!(usize::from_text(Some("-1")), None);
        assert_eq!(f64::from_text(Some("1.5d")), Some(1.5));
        assert_eq!(bool::from_text(Some("TRUE ")), Some(true));
        assert_eq!(Option::<String>::from_text(None), Some(None));
        let elements = Vec::<String>::from_text(Some(" a , b,"));
        assert_eq!(elements.as_deref(), Some(&["a", "b", ""].map(str::to_owned)[..]));
        assert_eq!(
            Secret::from_text(Some(" p ")).map(|it| it.reveal().to_owned()).as_deref(),
            Some("p")
        );
    }
}
