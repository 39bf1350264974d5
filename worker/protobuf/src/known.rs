//! Logical types of Connect and the well-known messages that carry them.

use sluice_plugin::model::Logical;

/// The message of a logical type and the file that defines it.
pub(crate) const fn message_of(logical: Logical) -> (&'static str, &'static str) {
    match logical {
        Logical::Decimal => ("confluent.type.Decimal", "confluent/type/decimal.proto"),
        Logical::Date => ("google.type.Date", "google/type/date.proto"),
        Logical::Time => ("google.type.TimeOfDay", "google/type/timeofday.proto"),
        Logical::Timestamp => ("google.protobuf.Timestamp", "google/protobuf/timestamp.proto"),
    }
}

/// The logical type that a message carries.
pub(crate) fn logical_of(message: &str) -> Option<Logical> {
    [Logical::Decimal, Logical::Date, Logical::Time, Logical::Timestamp]
        .into_iter()
        .find(|it| message_of(*it).0 == message)
}

/// The text of a file that every Confluent client knows; those of `google/protobuf` are the compiler's own.
pub(crate) fn source(file: &str) -> Option<&'static str> {
    Some(match file {
        "confluent/meta.proto" => include_str!("../known/meta.proto"),
        "confluent/type/decimal.proto" => include_str!("../known/decimal.proto"),
        "google/type/date.proto" => include_str!("../known/date.proto"),
        "google/type/timeofday.proto" => include_str!("../known/timeofday.proto"),
        _ => return None,
    })
}
