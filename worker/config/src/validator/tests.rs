//! Errors and descriptions, value by value.

use super::*;

fn text(value: &str) -> Parsed {
    Parsed::Text(value.to_owned())
}

fn list(elements: &[&str]) -> Parsed {
    Parsed::List(elements.iter().map(|it| (*it).to_owned()).collect())
}

const ANY: Validator = Validator::List { of: &[], may_be_empty: false, may_be_null: false };
const SOME: Validator = Validator::List { of: &["a", "b"], may_be_empty: false, may_be_null: true };

// A flat table.
#[allow(clippy::too_many_lines)]
#[test]
fn values_are_refused_in_javas_words() {
    for (validator, value, expected) in [
        (Validator::at_least(1), Parsed::Integer(1), ""),
        (
            Validator::at_least(1),
            Parsed::Integer(0),
            "Invalid value 0 for configuration k: Value must be at least 1",
        ),
        (
            Validator::between(0, 1),
            Parsed::Double(1.5),
            "Invalid value 1.5 for configuration k: Value must be no more than 1",
        ),
        (
            Validator::at_least(1),
            Parsed::Null,
            "Invalid value null for configuration k: Value must be non-null",
        ),
        (Validator::In(&["x", "y"]), text("y"), ""),
        (
            Validator::In(&["x", "y"]),
            text("Y"),
            "Invalid value Y for configuration k: String must be one of: x, y",
        ),
        (
            Validator::In(&["x", "y"]),
            Parsed::Null,
            "Invalid value null for configuration k: String must be one of: x, y",
        ),
        (Validator::InAnyCase(&["x", "y"]), text("Y"), ""),
        (
            Validator::InAnyCase(&["poll", "interval", "connector"]),
            text("z"),
            "Invalid value z for configuration k: String must be one of (case insensitive): INTERVAL, POLL, CONNECTOR",
        ),
        (Validator::NonEmpty, Parsed::Null, ""),
        (
            Validator::NonEmpty,
            text(""),
            "Invalid value  for configuration k: String must be non-empty",
        ),
        (
            Validator::NonNull,
            Parsed::Null,
            "Invalid value null for configuration k: entry must be non null",
        ),
        (
            Validator::NonEmptyWithoutControl,
            text(""),
            "Invalid value  for configuration k: String may not be empty",
        ),
        (
            Validator::NonEmptyWithoutControl,
            text("a\u{7}\u{85}"),
            "Invalid value a\u{7}\u{85} for configuration k: String may not contain control sequences but had the \
             following ASCII chars: 7, 133",
        ),
        (ANY, Parsed::Null, "Configuration 'k' values must not be null."),
        (
            ANY,
            list(&[]),
            "Configuration 'k' must not be empty. Valid values include: any non-empty value",
        ),
        (ANY, list(&["a", "b", "a"]), "Configuration 'k' values must not be duplicated."),
        (ANY, list(&["a", ""]), "Configuration 'k' values must not be empty."),
        (ANY, list(&["a", "b"]), ""),
        (SOME, Parsed::Null, ""),
        (SOME, list(&[]), "Configuration 'k' must not be empty. Valid values include: [a, b]"),
        (
            SOME,
            list(&["a", "c"]),
            "Invalid value c for configuration k: String must be one of: a, b",
        ),
        (
            Validator::AtMost(1),
            list(&["a", "b"]),
            "Invalid value [a, b] for configuration k: exceeds maximum list size of [1].",
        ),
        (
            Validator::All(vec![Validator::NonNull, Validator::NonEmpty]),
            text(""),
            "Invalid value  for configuration k: String must be non-empty",
        ),
        (
            Validator::Text(|_| Err("no".to_owned())),
            text("a"),
            "Invalid value a for configuration k: no",
        ),
        (Validator::Text(|_| Err("no".to_owned())), Parsed::Null, ""),
        (Validator::rule("", |name, _| Err(format!("{name} is odd"))), Parsed::Null, "k is odd"),
    ] {
        let told = validator.check("k", &value).err().unwrap_or_default();
        assert_eq!(told, expected, "{validator:?} {value}");
    }
}

#[test]
fn validators_are_described_in_javas_words() {
    for (validator, expected) in [
        (Validator::Range { min: None, max: None }, "[...]"),
        (Validator::at_least(1), "[1,...]"),
        (Validator::Range { min: None, max: Some(5) }, "[...,5]"),
        (Validator::between(1, 5), "[1,...,5]"),
        (Validator::In(&["x", "y"]), "[x, y]"),
        (
            Validator::InAnyCase(&["requested", "required"]),
            "(case insensitive) [REQUIRED, REQUESTED]",
        ),
        (Validator::NonEmpty, "non-empty string"),
        (Validator::NonNull, "non-null string"),
        (Validator::NonEmptyWithoutControl, "non-empty string without ISO control characters"),
        (ANY, ""),
        (SOME, "[a, b]"),
        (Validator::AtMost(2), "List containing maximum of 2 elements"),
        (
            Validator::All(vec![Validator::NonNull, Validator::at_least(0)]),
            "non-null string, [0,...]",
        ),
        (Validator::rule("valid regex", |_, _| Ok(())), "valid regex"),
    ] {
        assert_eq!(validator.to_string(), expected);
    }
}
