//! What the records of a topic hold.

/// A kind of record. Those of one kind have the same size, more or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// So many bytes.
    Bytes(usize),
    /// An order as JSON, in the envelope that names its schema.
    JsonWithSchema,
    /// The same order as JSON alone.
    Json,
    /// A line of a file: 100 bytes of text, each line another.
    Line,
}

/// Bytes of a line, its end included.
pub(crate) const LINE: u64 = 101;

/// The class of JSON.
pub(crate) const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
/// The class of text.
pub(crate) const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

const SCHEMA: &str = r#"{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"phone"},{"type":"string","optional":true,"field":"email"},{"type":"double","optional":false,"field":"total"},{"type":"boolean","optional":false,"field":"paid"}],"optional":false,"name":"order"},"payload":"#;

impl Payload {
    /// Part of a topic's name.
    pub(crate) fn topic(self, partitions: u32) -> String {
        match self {
            Self::Bytes(size) => format!("bytes-{size}-{partitions}"),
            Self::JsonWithSchema => format!("json-with-schema-{partitions}"),
            Self::Json => format!("json-{partitions}"),
            Self::Line => format!("lines-{partitions}"),
        }
    }

    /// How many records a run has, if it has `most` of the smallest: as few as let a run of the faster side still be
    /// seen some times, five times a second.
    pub(crate) const fn records(self, most: u64) -> u64 {
        match self {
            Self::Bytes(..=100) | Self::Json => most,
            Self::JsonWithSchema => most / 2,
            Self::Bytes(_) | Self::Line => most / 4,
        }
    }

    /// The converter of the values, with its settings.
    pub(crate) const fn converter(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bytes(_) => &[],
            Self::JsonWithSchema => &[("value.converter", JSON)],
            Self::Json => &[("value.converter", JSON), ("value.converter.schemas.enable", "false")],
            Self::Line => &[("value.converter", STRING)],
        }
    }

    /// The value of a record.
    pub(crate) fn value(self, number: u64) -> Vec<u8> {
        match self {
            Self::Bytes(size) => (0..size).map(|at| b'a' + (at % 26) as u8).collect(),
            Self::JsonWithSchema => format!("{SCHEMA}{}}}", order(number)).into_bytes(),
            Self::Json => order(number).into_bytes(),
            Self::Line => format!("{number:020}{}", "a line of text; ".repeat(5)).into_bytes(),
        }
    }
}

fn order(number: u64) -> String {
    format!(
        r#"{{"id":{number},"phone":"555-{:04}","email":"c{}@example.org","total":{}.{:02},"paid":{}}}"#,
        number % 10_000,
        number % 1000,
        number % 500,
        number % 100,
        number.is_multiple_of(3),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_of_a_common_size() {
        for (payload, size) in [
            (Payload::JsonWithSchema, 320..420),
            (Payload::Json, 65..90),
            (Payload::Bytes(100), 100..101),
            (Payload::Line, 100..101),
        ] {
            let value = payload.value(1_234_567);
            assert!(size.contains(&value.len()), "{payload:?} has {} bytes", value.len());
            if !matches!(payload, Payload::Bytes(_) | Payload::Line) {
                let json: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
                assert!(json.is_object());
            }
        }
    }
}
