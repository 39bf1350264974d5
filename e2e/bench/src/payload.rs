//! What the records of a topic hold.

use sluice_registry::{SchemaFormat, SchemaText};

mod order;
pub(crate) mod row;
mod wire;

use order::Order;

/// A kind of record. Those of one kind have the same size, more or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// So many bytes.
    Bytes(usize),
    /// An order as JSON, in the envelope that names its schema.
    JsonWithSchema,
    /// The same order as JSON alone.
    Json,
    /// The same order as Avro.
    Avro,
    /// The same order as a Protobuf message.
    Protobuf,
    /// A row of so many columns as Avro.
    Row(u32),
    /// A line of a file: 100 bytes of text, each line another.
    Line,
}

/// Bytes of a line, its end included.
pub(crate) const LINE: u64 = 101;

/// The class of JSON.
pub(crate) const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const AVRO: &str = "io.confluent.connect.avro.AvroConverter";
const PROTOBUF: &str = "io.confluent.connect.protobuf.ProtobufConverter";
/// The class of text.
pub(crate) const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

impl Payload {
    /// Part of a topic's name.
    pub(crate) fn topic(self, partitions: u32) -> String {
        match self {
            Self::Bytes(size) => format!("bytes-{size}-{partitions}"),
            Self::JsonWithSchema => format!("json-with-schema-{partitions}"),
            Self::Json => format!("json-{partitions}"),
            Self::Avro => format!("avro-{partitions}"),
            Self::Protobuf => format!("protobuf-{partitions}"),
            Self::Row(columns) => format!("row-{columns}-{partitions}"),
            Self::Line => format!("lines-{partitions}"),
        }
    }

    /// How many records a run has, if it has `most` of the smallest: as few as let a run of the faster side still be
    /// seen some times, five times a second.
    pub(crate) const fn records(self, most: u64) -> u64 {
        match self {
            Self::Bytes(..=100) | Self::Json => most,
            Self::JsonWithSchema | Self::Avro | Self::Protobuf => most / 2,
            Self::Bytes(_) | Self::Line => most / 4,
            Self::Row(..=4) => most / 8,
            Self::Row(_) => most / 32,
        }
    }

    /// The converter of the values, with its settings.
    pub(crate) const fn converter(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bytes(_) => &[],
            Self::JsonWithSchema => &[("value.converter", JSON)],
            Self::Json => &[("value.converter", JSON), ("value.converter.schemas.enable", "false")],
            Self::Avro | Self::Row(_) => &[("value.converter", AVRO)],
            Self::Protobuf => &[("value.converter", PROTOBUF)],
            Self::Line => &[("value.converter", STRING)],
        }
    }

    /// The schema that a registry holds for the values.
    pub(crate) fn schema(self) -> Option<SchemaText> {
        match self {
            Self::Avro => Some(SchemaText::new(SchemaFormat::Avro, order::AVRO)),
            Self::Protobuf => Some(SchemaText::new(SchemaFormat::Protobuf, order::PROTOBUF)),
            Self::Row(columns) => Some(SchemaText::new(SchemaFormat::Avro, row::schema(columns))),
            Self::Bytes(_) | Self::JsonWithSchema | Self::Json | Self::Line => None,
        }
    }

    /// The value of a record, without the header that names its schema in a registry.
    pub(crate) fn value(self, number: u64) -> Vec<u8> {
        match self {
            Self::Bytes(size) => (0..size).map(|at| b'a' + (at % 26) as u8).collect(),
            Self::JsonWithSchema => Order::new(number).json_with_schema().into_bytes(),
            Self::Json => Order::new(number).json().into_bytes(),
            Self::Avro => Order::new(number).avro(),
            Self::Protobuf => Order::new(number).protobuf(),
            Self::Row(columns) => row::avro(number, columns),
            Self::Line => format!("{number:020}{}", "a line of text; ".repeat(5)).into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_of_a_common_size() {
        for (payload, size) in [
            (Payload::JsonWithSchema, 320..420),
            (Payload::Json, 65..90),
            (Payload::Bytes(100), 100..101),
            (Payload::Avro, 40..50),
            (Payload::Protobuf, 40..55),
            (Payload::Line, 100..101),
        ] {
            let value = payload.value(1_234_567);
            assert!(size.contains(&value.len()), "{payload:?} has {} bytes", value.len());
            if matches!(payload, Payload::Json | Payload::JsonWithSchema) {
                let json: serde_json::Value = serde_json::from_slice(&value).expect("JSON");
                assert!(json.is_object());
            }
        }
    }
}
