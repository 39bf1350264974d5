//! Whether what a plan writes is what another text describes.

use prost_reflect::{Kind, MessageDescriptor};

use crate::encode::{FieldWriter, Part};
use crate::known::message_of;
use crate::scalar::scalar_of;

/// Looks for a field that is written but means something else, or nothing, to readers of the message.
pub(crate) fn check(part: &Part, message: &MessageDescriptor) -> Result<(), String> {
    let fields: Vec<&FieldWriter> = match part {
        Part::Row(row) => row.fields.iter().collect(),
        Part::Map(entry) => vec![&entry.0, &entry.1],
        _ => return Ok(()),
    };
    for field in fields {
        let FieldWriter { name, number, part, .. } = field;
        let differs = |what: &str| {
            let place = message.full_name();
            Err(format!(
                "The schema of the registry is not compatible: field {name} (number {number}) of {place} {what}. Register the \
                 schema of the record, or set latest.compatibility.strict or id.compatibility.strict to false"
            ))
        };
        let Some(known) = message.get_field(*number) else {
            return differs("does not exist there");
        };
        match (part, known.kind()) {
            (Part::Row(_) | Part::Map(_), Kind::Message(inner)) => check(part, &inner)?,
            (Part::Logical(it), Kind::Message(inner)) if inner.full_name() == message_of(*it).0 => {
            }
            (Part::Wrapper(it), Kind::Message(inner)) if inner.full_name() == it.wrapper() => {}
            (Part::Enum(_) | Part::EnumNumber, Kind::Enum(_)) => {}
            (Part::Scalar(it), kind) if scalar_of(&kind) == Some(*it) => {}
            _ => return differs("has another type there"),
        }
    }
    Ok(())
}
