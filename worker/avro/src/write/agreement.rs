//! Whether a registry's schema means by its bytes and numbers what the value's schema does.

use sluice_plugin::model::{Logical, Schema, logical};

use crate::{json::Json, schema::Node};

/// Logical types of Avro's specification 1.12: any other word is nothing to readers.
const KNOWN: [&str; 11] = [
    "decimal",
    "uuid",
    "date",
    "time-millis",
    "time-micros",
    "timestamp-millis",
    "timestamp-micros",
    "timestamp-nanos",
    "local-timestamp-millis",
    "local-timestamp-micros",
    "local-timestamp-nanos",
];

/// Checks a logical value against the type that it is written as. One without a logical type of its own takes any.
///
/// # Errors
/// Where a reader would make another number or another time of it.
pub(super) fn check(logical: Logical, schema: &Schema, node: &Node) -> Result<(), String> {
    let Some(word) = node.prop("logicalType").and_then(Json::text) else { return Ok(()) };
    let word = word.to_ascii_lowercase();
    match (logical, word.as_str()) {
        (Logical::Decimal, "decimal") => {
            let own = logical::scale_of(schema).map_err(|error| error.to_string())?;
            let scale = node.scale();
            if own == scale {
                return Ok(());
            }
            Err(format!("a decimal of scale {own} would be read with the scale {scale}"))
        }
        (Logical::Date, "date")
        | (Logical::Time, "time-millis")
        | (Logical::Timestamp, "timestamp-millis" | "local-timestamp-millis") => Ok(()),
        (_, word) if KNOWN.contains(&word) => {
            Err(format!("a {logical:?} would be read as {word}, which is something else"))
        }
        _ => Ok(()),
    }
}
