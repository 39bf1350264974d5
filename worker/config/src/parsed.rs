//! Values of keys as Java holds them: what `ConfigDef.parseType` makes of text, and the text of each in errors and answers.

use std::fmt;

use crate::Type;

/// A value of a key's type.
#[derive(Clone, PartialEq)]
pub enum Parsed {
    /// Null, or nothing that could be parsed.
    Null,
    /// A BOOLEAN.
    Boolean(bool),
    /// An INT, SHORT or LONG.
    Integer(i64),
    /// A DOUBLE.
    Double(f64),
    /// A STRING.
    Text(String),
    /// A LIST.
    List(Vec<String>),
    /// A CLASS: its full name.
    Class(String),
    /// A PASSWORD, which no text shows.
    Password(String),
}

/// Finds classes by the names that users write.
pub trait Classes {
    /// The full name of the class that is meant.
    fn find(&self, name: &str) -> Option<String>;
}

/// Takes every name of a class for one: where nobody knows which there are.
#[derive(Debug, Clone, Copy)]
pub struct AnyClass;

impl Classes for AnyClass {
    fn find(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}

impl Parsed {
    /// The value of a text. The error is Java's, after `Invalid value V for configuration K: `.
    pub fn parse(r#type: Type, raw: &str, classes: &dyn Classes) -> Result<Self, String> {
        let text = trim(raw);
        let not_a_number = || format!("Not a number of type {type}");
        match r#type {
            Type::Int => {
                text.parse().map(i32::into).ok().map(Self::Integer).ok_or_else(not_a_number)
            }
            Type::Short => {
                text.parse().map(i16::into).ok().map(Self::Integer).ok_or_else(not_a_number)
            }
            Type::Long => text.parse().ok().map(Self::Integer).ok_or_else(not_a_number),
            Type::Double => double(text).map(Self::Double).ok_or_else(not_a_number),
            Type::Boolean => boolean(text)
                .map(Self::Boolean)
                .ok_or_else(|| "Expected value to be either true or false".to_owned()),
            Type::String => Ok(Self::Text(text.to_owned())),
            Type::List => Ok(Self::List(list(text))),
            Type::Class => classes
                .find(text)
                .map(Self::Class)
                .ok_or_else(|| format!("Class {raw} could not be found.")),
            Type::Password => Ok(Self::Password(text.to_owned())),
        }
    }

    /// The text of a value in answers (`ConfigDef.convertToString`); none for null.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::List(elements) => Some(elements.join(",")),
            Self::Class(name) => Some(name.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The text of a STRING.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The value as Java prints it in messages.
impl fmt::Display for Parsed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Boolean(value) => value.fmt(out),
            Self::Integer(value) => value.fmt(out),
            Self::Double(value) => out.write_str(&double_text(*value)),
            Self::Text(text) => out.write_str(text),
            Self::List(elements) => write!(out, "[{}]", elements.join(", ")),
            Self::Class(name) => write!(out, "class {name}"),
            Self::Password(_) => out.write_str("[hidden]"),
        }
    }
}

impl fmt::Debug for Parsed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// `String.trim`: all up to the blank counts as blank, and nothing beyond it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|it| it <= ' ')
}

/// The elements of a LIST value. Empty ones count, but the empty text has none.
pub(crate) fn list(text: &str) -> Vec<String> {
    let text = trim(text);
    if text.is_empty() {
        return Vec::new();
    }
    // Java divides at a comma with what `\s` is around it.
    let is_blank = |it: char| matches!(it, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    text.split(',').map(|it| it.trim_matches(is_blank).to_owned()).collect()
}

fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|it| text.eq_ignore_ascii_case(&it.to_string()))
}

/// `Double.parseDouble` of decimal text.
pub(crate) fn double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, "NaN" | "Infinity") {
        return text
            .replace("Infinity", "inf")
            .replace("+NaN", "NaN")
            .replace("-NaN", "NaN")
            .parse()
            .ok();
    }
    // Rust takes words in any case, Java takes the suffix of a literal.
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let is_number = |it: char| it.is_ascii_digit() || matches!(it, '.' | 'e' | 'E' | '+' | '-');
    if digits.chars().all(is_number) { digits.parse().ok() } else { None }
}

/// `Double.toString`.
fn double_text(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(r#type: Type, text: &str) -> Result<String, String> {
        struct Known;
        impl Classes for Known {
            fn find(&self, name: &str) -> Option<String> {
                (name == "Short").then(|| "full.Short".to_owned())
            }
        }
        let parsed = Parsed::parse(r#type, text, &Known)?;
        Ok(format!("{parsed}|{}", parsed.to_text().unwrap_or_default()))
    }

    #[test]
    fn texts_are_taken_as_java_takes_them() {
        for (r#type, text, expected) in [
            (Type::Int, " +5\n", Ok("5|5")),
            (Type::Int, "2147483648", Err("Not a number of type INT")),
            (Type::Int, "", Err("Not a number of type INT")),
            (Type::Short, "40000", Err("Not a number of type SHORT")),
            (Type::Long, "1.5", Err("Not a number of type LONG")),
            (Type::Double, "5", Ok("5.0|5.0")),
            (Type::Double, "1e10", Ok("1.0E10|1.0E10")),
            (Type::Double, "1.25e-5f", Ok("1.25E-5|1.25E-5")),
            (Type::Double, "-Infinity", Ok("-Infinity|-Infinity")),
            (Type::Double, "-NaN", Ok("NaN|NaN")),
            (Type::Double, "inf", Err("Not a number of type DOUBLE")),
            (Type::Boolean, " TRUE ", Ok("true|true")),
            (Type::Boolean, "yes", Err("Expected value to be either true or false")),
            (Type::String, "\ta b\u{1}", Ok("a b|a b")),
            (Type::String, "\u{a0}a", Ok("\u{a0}a|\u{a0}a")),
            (Type::List, " ", Ok("[]|")),
            (Type::List, " a ,b,, c ", Ok("[a, b, , c]|a,b,,c")),
            (Type::Class, " Short ", Ok("class full.Short|full.Short")),
            (Type::Class, " Long ", Err("Class  Long  could not be found.")),
            (Type::Password, " secret ", Ok("[hidden]|[hidden]")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(parse(r#type, text), expected, "{type:?} {text:?}");
        }
        assert_eq!(format!("{:?}", Parsed::Password("secret".to_owned())), "[hidden]");
    }
}
