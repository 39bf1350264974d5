//! Where ours differ from Java's on purpose. The same stands in docs/differences.md.

use serde_json::Value as Json;

/// A difference: class of the plugin, beginnings of both messages, and its cause.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ROWS: [Row; 12] = [
    (
        "InsertField",
        "Invalid value null for configuration static.value: No value specified for static field: org",
        "Invalid value null for configuration static.value: No value specified for static field: ",
        "InsertField.configure shows the identity of an object where ours names the field",
    ),
    (
        "RegexRouter",
        "Invalid value ",
        "Invalid value ",
        "RegexValidator draws a picture of what is wrong with a pattern, ours says it",
    ),
    (
        "TopicNameMatches",
        "Invalid value ",
        "Invalid value ",
        "RegexValidator draws a picture of what is wrong with a pattern, ours says it",
    ),
    (
        "TimestampRouter",
        "Timestamp missing on record: ",
        "Timestamp missing on record: ",
        "TimestampRouter.apply shows the whole record; ours names the topic, records may hold secrets",
    ),
    (
        "HeaderFrom",
        "",
        "Field does not exist: ",
        "HeaderFrom.applyWithSchema runs into a null; ours names the field",
    ),
    (
        "TimestampConverter",
        "Cannot invoke \"java.text.SimpleDateFormat.parse(String)\"",
        "Could not parse timestamp: a string needs the key format",
        "TimestampConverter runs into a null where ours says which key is missing",
    ),
    (
        "",
        "Configuration '",
        "Configuration '",
        "AbstractConfig makes one of several empty elements before it checks a list, ours counts them first",
    ),
    (
        "Cast",
        "",
        "Value (0x",
        "Double.parseDouble reads hexadecimal numbers, which nobody writes; ours refuses them",
    ),
    (
        "Cast",
        "",
        "Value ( 0x",
        "Double.parseDouble reads hexadecimal numbers, which nobody writes; ours refuses them",
    ),
    (
        "ExtractField",
        "",
        "Invalid value  for configuration field: the path names no field",
        "SingleFieldPath fails at each record if the path is empty; ours says so when it starts",
    ),
    (
        "Flatten",
        "Cannot invoke \"String.isEmpty()\" because \"",
        "class null cannot be cast to class java.lang.String",
        "Flatten.fieldName runs into a null key, ours says that it is none",
    ),
    (
        "Flatten",
        "class java.lang",
        "class null cannot be cast to class java.lang.String",
        "Flatten finds a null key later than ours",
    ),
];

/// The cause of a difference, if it is one on purpose.
pub(super) fn cause(class: &str, java: &Json, ours: &Json) -> Option<&'static str> {
    let begins = |answer: &Json, with: &str| {
        answer["message"].as_str().unwrap_or_default().starts_with(with)
    };
    ROWS.iter()
        .find(|(plugin, theirs, own, _)| {
            class.contains(plugin) && begins(java, theirs) && begins(ours, own)
        })
        .map(|(.., cause)| *cause)
}
